# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that write plans have in common: their options, and the way from these to a plan that waits for approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .plan import Plan, parse
from .writing import Heading, Site, next_id, places_of, store, window_of

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "home": {"type": "path", "required": True}, "hosts": {"type": "list", "elements": "str", "required": True},
    "title": {"type": "str"}, "requester": {"type": "str", "required": True},
    "window_from": {"type": "str", "required": True}, "window_until": {"type": "str", "required": True},
    "approvers_file": {"type": "path", "required": True}, "approval": {"type": "dict", "required": True},
    "engineers": {"type": "dict", "default": {}},
}


def write_plan(
    options: Mapping[str, Any], hostvars: Mapping[str, Any], kind: str, document_of: Callable[[Site, Heading], dict[str, Any]], dry: bool
) -> dict[str, Any]:
    """Write the plan below the home, or only check it where ``dry``; what the module returns. Raises BadPlan or OSError."""
    home, now = Path(options["home"]), datetime.now(UTC)
    approvers = Path(options["approvers_file"]).read_text(encoding="utf-8", errors="surrogateescape")
    site = Site(places_of(options["hosts"], hostvars), options["approval"], options["engineers"], approvers)
    taken = [path.name for path in (home / "plans").glob("*")]
    window = window_of(options["window_from"], options["window_until"])
    document = document_of(site, Heading(next_id(taken, kind, now), options["title"], options["requester"], window, now))
    path, plan = (None, parse(document, document["id"])) if dry else store(home, document)
    return {"changed": True, "plan": plan.id, "path": str(path or ""), "digest": plan.digest, "steps": steps_of(plan)}


def steps_of(plan: Plan) -> list[dict[str, Any]]:
    return [dict(step) for step in plan.steps]
