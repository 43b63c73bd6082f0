# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the diagnosis of weeks found, as formulas ask for it: at the host, or at one of its servers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..bottleneck.diagnosis import Diagnosis


def causes_of(facts: Mapping[str, Any]) -> Mapping[str, Collection[str]]:
    """{cause: what it was found at}; empty without a history."""
    diagnosis = getattr(facts.get("bottlenecks"), "diagnosis", None)
    return {verdict.cause: verdict.names for verdict in diagnosis.verdicts} if isinstance(diagnosis, Diagnosis) else {}


def causes_at(facts: Mapping[str, Any], kind: str, name: str, alone: bool) -> frozenset[str]:
    """Those found at one server: "mysql", "3306". An exporter tells only the kind, which is enough where a server is ``alone`` of it."""
    known_as = {f"{kind} {name}", kind} if alone else {f"{kind} {name}"}
    return frozenset(cause for cause, names in causes_of(facts).items() if known_as & {item.lower() for item in names})
