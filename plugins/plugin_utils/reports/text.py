# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary for a terminal: plain text in English, worst first, never longer than a few screens."""

from __future__ import annotations

from collections.abc import Iterator

from ..registry import RULES_BY_ID
from ..remediation.listing import Action
from .bottlenecks import fleet_text
from .fleet import STATES, Fleet, Kept
from .harmless import line

MOST_ACTIONS = 5


def text_of(fleet: Fleet) -> str:
    return "\n".join(_lines(fleet)) + "\n"


def _lines(fleet: Fleet) -> Iterator[str]:
    numbers = fleet.numbers
    kind = f"recheck of {fleet.recheck_of}" if fleet.recheck_of else "inspection"
    customer = f" for {line(fleet.customer)}" if fleet.customer else ""
    yield f"Run {fleet.run}: {kind}{customer}, {fleet.started_at:%Y-%m-%d %H:%M} UTC"
    clusters = f"; clusters compared: {numbers['clusters']}" if numbers["clusters"] else ""
    yield f"Hosts: {numbers['hosts'] - numbers['unreached']} inspected, {numbers['unreached']} not{clusters}"
    score = "none" if fleet.score is None else f"{fleet.score:g} of 100"
    yield f"Score: {score}, at a coverage of {fleet.coverage:.1%}"
    yield "Findings: " + ", ".join(f"{numbers[name]} {name}" for name in ("critical", "warning", "unknown", "waived"))
    yield "Since last time: " + ", ".join(f"{fleet.states[state.value]} {state.value.replace('_', ' ')}" for state in STATES)
    yield from fleet_text(fleet.bottlenecks)
    yield from _list("Worst first:", fleet.worst)
    yield from _actions(fleet.actions)
    yield from _list("Could not be inspected:", fleet.unreached)
    yield from _list("Waived:", fleet.waived)
    if fleet.anchor:
        yield ""
        yield f"Ledger's newest anchor: line {fleet.anchor.seq}, {fleet.anchor.hash}, {fleet.anchor.at}"


def _actions(actions: tuple[Action, ...]) -> Iterator[str]:
    """The few that close most of the risk, with the share of it that is closed after each."""
    if not actions:
        return
    yield ""
    yield "By these actions most is won:"
    for action in actions[:MOST_ACTIONS]:
        rule, owners = RULES_BY_ID[action.rule], f", {', '.join(action.owners)}" if action.owners else ""
        yield line(f"  {action.share:4.0%}  {rule.id} ({action.findings} on {action.hosts} hosts, by {action.due}{owners}): {rule.fix}")
    if len(actions) > MOST_ACTIONS:
        yield f"  and {len(actions) - MOST_ACTIONS} more for the rest"


def _list(title: str, kept: Kept) -> Iterator[str]:
    if not kept.total:
        return
    yield ""
    yield title
    yield from (f"  {text}" for text in kept.texts)
    if kept.total > len(kept.texts):
        yield f"  and {kept.total - len(kept.texts)} more"
