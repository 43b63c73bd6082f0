# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bottlenecks of a whole fleet: how many devices, of which class, in which systems, worst first. Under 4 kB are kept of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from .diagnosis import Diagnosis
from .line import Line

LEAST = 1                       # importance of a device of which the inventory says nothing: 4 is what matters most
HOURS_OF_WEEK = 168


@dataclass(frozen=True)
class Device:
    """One bottleneck of one host; ``rank``: hours over the limit a week x importance (1 to 4)."""

    host: str
    system: str
    importance: int
    domain: str
    resource: str
    cause: str
    title: str
    hours_a_week: float
    confidence: float
    consumers: tuple[Line, ...] = ()

    @property
    def rank(self) -> float:
        return self.hours_a_week * self.importance


@dataclass
class Fleet:
    """``judged`` hosts had enough history, ``unseen`` had too little, of ``none`` none was asked for.

    ``heat``: {resource: 168 sums over hosts of the share of time over the limit}, the local week from Monday 0:00.
    """

    devices: list[Device] = field(default_factory=list)
    judged: int = 0
    unseen: int = 0
    none: int = 0
    heat: dict[str, list[float]] = field(default_factory=dict)

    def add(self, host: str, diagnosis: Diagnosis | None, titles: Mapping[str, str], system: str = "",
            importance: int | None = None) -> None:
        """``diagnosis`` None: the host has no history; ``titles``: {cause: words for it}."""
        if diagnosis is None:
            self.none += 1
            return
        self.judged += bool(diagnosis.judged)
        self.unseen += not diagnosis.judged
        for verdict in diagnosis.verdicts:
            self.devices.append(Device(host, system, importance or LEAST, verdict.domain.value, verdict.resource, verdict.cause,
                                       titles[verdict.cause], verdict.hours_a_week, verdict.confidence, verdict.consumers))
            row = self.heat.setdefault(verdict.resource, [0.0] * HOURS_OF_WEEK)
            for hour, share in enumerate(verdict.week):
                row[hour] += share or 0.0

    @property
    def looked_at(self) -> bool:
        """Whether any host has a history."""
        return self.judged + self.unseen > 0

    @property
    def hosts(self) -> int:
        """Hosts with at least one bottleneck."""
        return len({device.host for device in self.devices})

    def ranked(self) -> list[Device]:
        """The worst first; the same devices always in the same order."""
        return sorted(self.devices, key=lambda device: (-device.rank, device.host, device.cause))

    def hosts_by(self, attribute: str) -> dict[str, int]:
        """How many hosts have a bottleneck, by ``domain``, ``resource``, ``cause``, ``system`` or ``importance``; the most first."""
        seen = {(str(getattr(device, attribute)), device.host) for device in self.devices}
        return dict(Counter(name for name, _host in sorted(seen)).most_common())
