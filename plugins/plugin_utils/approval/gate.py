# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May this plan be carried out here and now? Every reason against it, so that nobody has to find them one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..signing import BadSignature
from .decision import APPROVE, RETURN, Decision, check_signature, signing_key
from .freeze import Freeze, in_force
from .plan import Duty, Plan, time_of

CLOCK_TOLERANCE = timedelta(minutes=5)  # clocks of the people's machines that sign


@dataclass(frozen=True)
class Situation:
    """What is so now: the play's hosts with the address of each, who may approve by today's inventory, the keys, the ledger, the freezes.

    ``approvers``: text of the allowed_signers file. ``recorded_at``: time of the ledger's newest entry, None if it records nothing.
    """

    now: datetime
    hosts: Mapping[str, str]
    systems: Mapping[str, Duty]
    approvers: str
    recorded_at: datetime | None
    freezes: tuple[Freeze, ...]


def refusals(plan: Plan, kind: str, decisions: Iterable[Decision], situation: Situation, way_back: bool = False) -> tuple[str, ...]:
    """Why the plan may not be carried out; empty if it may.

    ``way_back``: it is to be taken back. Who approved the plan approved its way back, which stays open after the window and in a freeze:
    a change that does harm must not stay for want of a date.
    """
    if way_back:
        within = min(situation.now, plan.window_until - timedelta(seconds=1))
        return (
            *_of_kind(plan, kind), *_of_ledger(situation), *_of_hosts(plan, situation), *_of_approvers(plan, situation),
            *lacking(plan, tuple(decisions), replace(situation, now=within)),
        )
    return (
        *_of_kind(plan, kind), *_of_time(plan, situation), *_of_ledger(situation), *_of_hosts(plan, situation),
        *_of_approvers(plan, situation), *_of_freezes(plan, situation), *lacking(plan, tuple(decisions), situation),
    )


def _of_kind(plan: Plan, kind: str) -> Iterator[str]:
    if plan.kind not in (kind, "emergency"):
        yield f"{plan.id} is a plan for {plan.kind}, not for {kind}"


def _of_time(plan: Plan, situation: Situation) -> Iterator[str]:
    now = situation.now
    if now < plan.window_from:
        yield f"the window of {plan.id} begins at {plan.window_from:%Y-%m-%d %H:%M} UTC"
    if now >= plan.window_until:
        yield f"the window of {plan.id} ended at {plan.window_until:%Y-%m-%d %H:%M} UTC"
    if plan.written_at > now + CLOCK_TOLERANCE:
        yield f"{plan.id} was written at a time that has not come yet: a clock is wrong"


def _of_ledger(situation: Situation) -> Iterator[str]:
    if situation.recorded_at is None:
        yield "the ledger is off: enable the callback caretaker.infra.ledger (docs/ledger.md)"
    elif situation.recorded_at > situation.now + CLOCK_TOLERANCE:
        yield "the ledger's newest entry is from a time that has not come yet: the clock was set back"


def _of_hosts(plan: Plan, situation: Situation) -> Iterator[str]:
    for host, address in sorted(situation.hosts.items()):
        if host not in plan.hosts:
            yield f"{host} is not in the plan"
        elif address != plan.hosts[host].address:
            yield f"{host} is reached at {address}, but the plan is for {plan.hosts[host].address}"


def _of_approvers(plan: Plan, situation: Situation) -> Iterator[str]:
    if hashlib.sha256(situation.approvers.encode("utf-8", "surrogateescape")).hexdigest() != plan.approvers_sha256:
        yield "the file with the approvers' keys has changed since the plan was written; write the plan again"
    for name, duty in plan.systems.items():
        today = situation.systems.get(name)
        if today is None or set(today.approvers) != set(duty.approvers) or today.needed != duty.needed:
            yield f"who may approve for {name} has changed since the plan was written; write the plan again"


def _of_freezes(plan: Plan, situation: Situation) -> Iterator[str]:
    for host, name in sorted(in_force(situation.freezes, plan, situation.now).items()):
        yield f"{host} is frozen: {name}"


def lacking(plan: Plan, decisions: tuple[Decision, ...], situation: Situation) -> Iterator[str]:
    """What a plan's decisions lack.

    An approval counts if it is the newest word of its signer, about exactly this content, by a listed key, and in time.
    """
    newest: dict[str, Decision] = {}
    uncounted = []
    for decision in sorted(decisions, key=lambda item: item.at):
        try:
            check_signature(decision, situation.approvers)
        except BadSignature as error:
            yield str(error)            # edited, or by a key that is not listed: whatever else is there, somebody must look at it
            continue
        problem = _problem_of(decision, plan, situation)
        if problem:
            uncounted.append(problem)   # such as approvals of what the plan was before it was changed
        else:
            newest[decision.by] = decision
    for decision in newest.values():
        if decision.decision == RETURN:
            yield f"{decision.by} returned {plan.id}: {decision.reason}"
    approved = [decision for decision in newest.values() if decision.decision == APPROVE]
    too_few = False
    for name, duty in plan.systems.items():
        keys = {signing_key(decision) for decision in approved if decision.by in duty.approvers}
        if len(keys) < duty.needed:
            too_few = True
            yield f"system {name} has {len(keys)} of {duty.needed} approvals"
    if too_few:
        yield from uncounted


def _problem_of(decision: Decision, plan: Plan, situation: Situation) -> str | None:
    """Why a decision with a valid signature does not count, or None."""
    who = f"the decision of {decision.by}"
    if decision.plan != plan.id or decision.digest != plan.digest:
        return f"{who} is about another content than this plan has now"
    if decision.by == plan.requester:
        return f"{who} does not count: {decision.by} asked for the plan"
    if not any(decision.by in duty.approvers for duty in plan.systems.values()):
        return f"{who} does not count: {decision.by} may not approve for any system of the plan"
    if time_of(decision.at) > situation.now + CLOCK_TOLERANCE:
        return f"{who} was signed at a time that has not come yet: a clock is wrong"
    if time_of(decision.expires_at) <= situation.now:
        return f"{who} has expired"
    if signing_key(decision) in keys_of(plan.requester, situation.approvers):
        return f"{who} was signed with a key of {plan.requester}, who asked for the plan"
    return None


def keys_of(name: str, approvers: str) -> frozenset[str]:
    """The public keys (base64) that the allowed_signers text lists for a name.

    bob,robert namespaces="caretaker-approval" ssh-ed25519 AAAAC3... comment
    """
    found: set[str] = set()
    for line in approvers.splitlines():
        names, _blank, rest = line.strip().partition(" ")
        if name in names.split(","):
            found.update(word for word in rest.split() if word.startswith("AAAA"))
    return frozenset(found)
