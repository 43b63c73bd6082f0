# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis as rules see it: made once all facts of a host are there (``needs=("bottlenecks.diagnosis",)``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..absent import Known, NotHere, Unknown
from ..history.series import History
from .business import hours_of
from .circumstances import circumstances_of
from .diagnosis import Diagnosis, diagnose
from .measures import measures_with
from .persistence import SHARE

RULE_OF_DOMAIN = {domain: f"bottleneck_{domain}" for domain in ("hardware", "os", "platform", "database")}
TRACKED = "persistent_ratio"
Kept = Mapping[str, Mapping[str, Mapping[str, Sequence[tuple[datetime, float]]]]]      # what earlier inspections kept, by rule


@dataclass(frozen=True)
class BottlenecksFacts:
    diagnosis: Known[Diagnosis]


def history_in(facts: Mapping[str, Any]) -> Known[History] | None:
    """The series of the subject "history"; None where it was not looked at."""
    holder = facts.get("history")
    return holder if holder is None or isinstance(holder, Unknown | NotHere) else getattr(holder, "series", None)


def bottlenecks_of(facts: Mapping[str, Any], kept: Kept) -> BottlenecksFacts | None:
    """From all facts of a host (with "settings" and "capture"), and what earlier inspections kept of its bottlenecks.

    None without a history, so that a look without one does not pass for a proof that earlier bottlenecks are gone.
    """
    history = history_in(facts)
    if history is None or isinstance(history, NotHere):
        return None
    if isinstance(history, Unknown):
        return BottlenecksFacts(history)
    settings = facts["settings"]
    try:
        return BottlenecksFacts(diagnose(
            history, circumstances_of(facts), hours_of(settings.business_hours, settings.business_days, settings.time_zone),
            facts["capture"]["taken_at"].timestamp(), measures_with(settings.bottleneck_limits), before(kept)))
    except Exception as error:      # as for parsers: one that crashes leaves all else alone
        return BottlenecksFacts(Unknown("the diagnosis failed: {detail}", {"detail": f"{type(error).__name__}: {error}"}))


def before(kept: Kept) -> tuple[str, ...]:
    """The causes that were bottlenecks at the last inspection."""
    objects = {cause: values[TRACKED] for rule in RULE_OF_DOMAIN.values() for cause, values in kept.get(rule,
                                                                                                        {}).items() if values.get(TRACKED)}
    newest = max((points[-1][0] for points in objects.values()), default=None)
    return tuple(cause for cause, points in objects.items() if points[-1][0] == newest and points[-1][1] >= SHARE)
