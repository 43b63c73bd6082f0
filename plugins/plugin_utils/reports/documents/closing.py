# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last part: plan and approvals, the ledger's anchor, how figures are computed, signatures; also for the plan's own document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...approval.plan import Plan
from .context import INVALID, UNCHECKED, VALID, Context, Signed
from .model import View
from .paper import Paper
from .table import FILLS, Cell

KIND_WORDS = {
    "inspection": "Inspection",
    "remediation": "Remediation",
    "tuning": "Tuning",
    "patching": "Patching",
    "restore_test": "Restore test",
    "emergency": "Emergency",
}
DECISION_WORDS = {"approve": "approved", "return": "returned", "withdraw": "approval withdrawn"}
SIGNATURE_WORDS = {VALID: "valid", INVALID: "not valid", UNCHECKED: "not checked"}


def approvals(paper: Paper, view: View) -> None:
    t, plan = view.t, view.context.plan
    paper.heading(t("Plan and approvals"))
    if plan is None:
        paper.paragraph(t("This run was not tied to a plan."))
        return
    paper.facts(plan_facts(t, plan))
    decisions(paper, view.context.decisions)


def plan_facts(t: Any, plan: Plan) -> list[tuple[str, str]]:
    return [
        (t("Plan"), plan.id),
        (t("Kind"), t(KIND_WORDS[plan.kind])),
        (t("Title"), plan.title),
        (t("Requester"), plan.requester),
        (t("Written"), f"{plan.written_at:%Y-%m-%d %H:%M} UTC"),
        (t("Window"), f"{plan.window_from:%Y-%m-%d %H:%M} - {plan.window_until:%Y-%m-%d %H:%M} UTC"),
        (t("Incident"), plan.incident or t("none")),
        (t("Freezes that it may pass"), ", ".join(plan.freeze_exceptions) or t("none")),
        (t("Digest (SHA-256)"), plan.digest),
    ]


def decisions(paper: Paper, signed: Sequence[Signed]) -> None:
    t = paper.t
    if not signed:
        paper.paragraph(t("Nobody has decided about the plan yet."))
        return
    paper.table(
        (t("Decision"), t("By"), t("At"), t("Until"), t("Reason"), t("Signature"), t("About this content")),
        [
            (
                t(DECISION_WORDS[item.decision.decision]),
                item.decision.by,
                _time(item.decision.at),
                _time(item.decision.expires_at),
                item.decision.reason,
                Cell(t(SIGNATURE_WORDS[item.signature]), FILLS["ok" if item.signature == VALID else "warning"]),
                Cell(t("yes"), FILLS["ok"]) if item.fits else Cell(t("no"), FILLS["critical"]),
            )
            for item in signed
        ],
        (2.2, 2, 2.6, 2.6, 3.4, 2, 2.2),
    )


def _time(text: str) -> str:
    return text.replace("T", " ").removesuffix(":00Z").removesuffix("Z")


def ledger(paper: Paper, context: Context) -> None:
    t = paper.t
    paper.heading(t("Record of operations"))
    paper.paragraph(
        t(
            "Every step was recorded in a ledger whose lines are chained by hashes. This is its newest anchor; as it is printed here, "
            "nobody can rewrite the ledger up to this line without being noticed (scripts/ledger verify)."
        )
    )
    if context.anchor is None:
        paper.paragraph(t("The ledger has no anchor."), bold=True)
        return
    paper.facts([(t("Line"), str(context.anchor.seq)), (t("Hash (SHA-256)"), context.anchor.hash), (t("At"), context.anchor.at)])


def accounting(paper: Paper, _view: View) -> None:
    t = paper.t
    paper.heading(t("How the figures are computed"))
    paper.facts(
        [
            (
                t("Score of a host"),
                t(
                    "0 to 100: the share of its judged checks that are fine, each weighted by the impact of its rule; "
                    "a warning counts half. "
                    "A host that could not be inspected has none."
                ),
            ),
            (t("Score of the fleet"), t("The mean of the scores of its hosts.")),
            (
                t("Coverage"),
                t(
                    "The judged part of the checks that apply. Of the fleet, the mean over all hosts; one that could not be inspected "
                    "counts 0. "
                    "A score says nothing without it."
                ),
            ),
            (t("Critical, warning"), t("A limit of that level is reached, or a state is wrong by itself.")),
            (t("Unknown"), t("Something should be visible but is not: it counts against the coverage, never as fine.")),
            (
                t("Risk, 1 to 4"),
                t(
                    "(impact of the rule + likelihood) / 2, rounded down. Likelihood: 4 for critical, 2 for warning and unknown, "
                    "and one more where it was found before."
                ),
            ),
            (t("Risk of the remedy, 1 to 4"), t("How risky it is to carry out what is advised; it stands apart from the risk.")),
            (t("Waived"), t("Accepted by somebody, with a reason and a last day. It is listed and counted, but not against the host.")),
        ]
    )


def signatures(paper: Paper, roles: Sequence[str]) -> None:
    t = paper.t
    paper.heading(t("Signatures"), new_page=True)
    paper.table((t("Role"), t("Name"), t("Signature"), t("Date")), [(role, "\n\n\n", "", "") for role in roles], (4, 4.5, 5, 3.5))
