# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an approver decided about a plan: approve, return with a reason, or withdraw an approval; signed with an SSH key.

One file each in the folder ``decisions`` beside the plan, never overwritten:

    {"plan": "tuning-2026Q4-001", "digest": "9f2c...", "decision": "approve", "by": "bob", "at": "...", "expires_at": "...", "reason": "",
     "signature": "-----BEGIN SSH SIGNATURE-----..."}
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from ..signing import BadSignature, check, sign
from .plan import Plan, text_of_time, time_of

NAMESPACE = "caretaker-approval"
APPROVE, RETURN, WITHDRAW = "approve", "return", "withdraw"
DECISIONS = (APPROVE, RETURN, WITHDRAW)


class BadDecision(Exception):
    """A decision that can't be made or read; the text says what is wrong and what to do."""


@dataclass(frozen=True)
class Decision:
    """Times as ISO 8601 in UTC."""

    plan: str
    digest: str
    decision: str
    by: str
    at: str
    expires_at: str
    reason: str
    signature: str = ""

    @property
    def signed(self) -> bytes:
        content = {name: value for name, value in asdict(self).items() if name != "signature"}
        return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def decide(plan: Plan, decision: str, by: str, reason: str, key: Path, now: datetime) -> Decision:
    """A signed decision; an approval holds until the end of the plan's window. Raises BadDecision or BadSignature."""
    if decision not in DECISIONS:
        raise BadDecision(f"decision={decision}: must be one of {', '.join(DECISIONS)}")
    if decision != APPROVE and not reason.strip():
        raise BadDecision(f"decision={decision} needs a reason: the requester must know what to change")
    if not any(by in duty.approvers for duty in plan.systems.values()):
        allowed = sorted({name for duty in plan.systems.values() for name in duty.approvers})
        raise BadDecision(f"{by} may not decide about {plan.id}; {', '.join(allowed)} may")
    if by == plan.requester:
        raise BadDecision(f"{by} asked for {plan.id}, so somebody else must decide")
    bare = Decision(plan.id, plan.digest, decision, by, text_of_time(now), text_of_time(plan.window_until), reason.strip())
    return replace(bare, signature=sign(key, NAMESPACE, bare.signed))


def folder_of(plan_path: Path) -> Path:
    return plan_path.parent / "decisions"


def store(plan_path: Path, decision: Decision) -> Path:
    """Write a decision beside its plan, as a new file. Raises OSError."""
    folder = folder_of(plan_path)
    folder.mkdir(exist_ok=True, mode=0o700)
    stem = f"{decision.at.replace(':', '')}-{decision.by}-{decision.decision}"
    path = folder / f"{stem}.json"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        json.dump(asdict(decision), stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    return path


def read_all(plan_path: Path) -> tuple[Decision, ...]:
    """All decisions beside a plan, oldest first. Raises BadDecision for a file that is none."""
    found = []
    for path in sorted(folder_of(plan_path).glob("*.json")):
        try:
            found.append(_parse(json.loads(path.read_bytes())))
        except (OSError, ValueError, TypeError) as error:
            raise BadDecision(f"{path}: can't be read as a decision ({error}); remove it or restore it") from error
    return tuple(sorted(found, key=lambda item: item.at))


def _parse(document: Mapping[str, str]) -> Decision:
    decision = Decision(**document)
    if decision.decision not in DECISIONS or not all(isinstance(value, str) for value in document.values()):
        raise ValueError("not a decision")
    time_of(decision.at), time_of(decision.expires_at)
    return decision


def check_signature(decision: Decision, approvers: str) -> None:
    """Raise BadSignature unless its signer's key, as the approvers file (allowed_signers) lists it, signed the decision."""
    check(approvers, decision.by, NAMESPACE, decision.signature, decision.signed)


def signing_key(decision: Decision) -> str:
    """The public key inside the signature, as base64 text like that of an authorized_keys line. Raises BadSignature.

    An SSH signature's blob begins with "SSHSIG", a version of four bytes, and the public key as a string with its length before it.
    """
    try:
        lines = [line for line in decision.signature.splitlines() if line and not line.startswith("-----")]
        blob = base64.b64decode("".join(lines), validate=True)
        length = int.from_bytes(blob[10:14], "big")
        if blob[:6] != b"SSHSIG" or len(blob) < 14 + length:
            raise ValueError("no SSH signature")
        return base64.b64encode(blob[14:14 + length]).decode("ascii")
    except ValueError as error:
        raise BadSignature(f"the signature of {decision.by} can't be read ({error})") from error
