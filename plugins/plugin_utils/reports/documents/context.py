# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document tells beside the report: the customer's logo, the plan that the run was tied to, and where the ledger stood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...approval.decision import BadDecision, Decision, check_signature, read_all
from ...approval.plan import BadPlan, Plan, load
from ...ledger import anchors
from ...ledger.anchors import Anchor
from ...signing import BadSignature

VALID, INVALID, UNCHECKED = "valid", "not valid", "not checked"


@dataclass(frozen=True)
class Signed:
    """A decision as a document shows it. ``signature``: one of VALID, INVALID, UNCHECKED; ``fits``: it is about the plan as it is now."""

    decision: Decision
    signature: str
    fits: bool


@dataclass(frozen=True)
class Context:
    """``notes``: what could not be had, for the summary; ``workbook``: whether the reader also has the XLSX.

    ``for_strangers``: without the parts that people of a contract sign or check.
    """

    logo: Path | None = None
    plan: Plan | None = None
    decisions: tuple[Signed, ...] = ()
    anchor: Anchor | None = None
    workbook: bool = False
    notes: tuple[str, ...] = ()
    for_strangers: bool = False


def gather(logo: Path | None, plan: Path | None, approvers: Path | None, ledger: Path | None, workbook: bool) -> Context:
    """What there is of it; what can't be used is told by a note, for the report itself is sound without it."""
    notes: list[str] = []
    loaded, decisions = _plan(plan, approvers, notes)
    return Context(_logo(logo, notes), loaded, decisions, _anchor(ledger, notes), workbook=workbook, notes=tuple(notes))


def _logo(path: Path | None, notes: list[str]) -> Path | None:
    """The logo if Word can show it."""
    if path is None:
        return None
    from docx.image.image import Image

    try:
        Image.from_file(str(path))
    except Exception as error:
        notes.append(
            f"caretaker_logo={path}: can't be used as a picture ({type(error).__name__}: {error}); "
            "name a PNG or JPEG file on the control node. The documents have no logo"
        )
        return None
    return path


def _plan(path: Path | None, approvers: Path | None, notes: list[str]) -> tuple[Plan | None, tuple[Signed, ...]]:
    if path is None:
        return None, ()
    try:
        plan = load(path)
        keys = approvers.read_text(encoding="utf-8", errors="surrogateescape") if approvers else None
        return plan, tuple(Signed(item, _signature(item, keys), item.digest == plan.digest) for item in read_all(path))
    except (BadPlan, BadDecision, OSError) as error:
        notes.append(f"the plan is left out of the documents: {error}")
        return None, ()


def _signature(decision: Decision, keys: str | None) -> str:
    if keys is None:
        return UNCHECKED
    try:
        check_signature(decision, keys)
    except BadSignature:
        return INVALID
    return VALID


def _anchor(ledger: Path | None, notes: list[str]) -> Anchor | None:
    if ledger is None:
        return None
    try:
        return anchors.newest(ledger)
    except (OSError, ValueError) as error:
        notes.append(f"the ledger's anchor is left out of the documents: {error}")
        return None
