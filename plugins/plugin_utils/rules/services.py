# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.services import FailedUnit, Restarts, SystemState
from ..findings import Above, Domain, Finding, Rule, Severity


def check_system_state(levels: Mapping[str, Any], state: SystemState) -> Iterator[Finding]:
    values = {"word": state.word, "up_seconds": state.up_seconds}
    if state.word == "maintenance":
        yield Finding(Severity.CRITICAL, "system", "is in the rescue or emergency shell: most services do not run", values)
    elif state.word == "stopping":
        yield Finding(Severity.INFO, "system", "is shutting down", values)
    elif state.word in ("running", "degraded"):
        yield Finding(Severity.OK, "system", "has started ({word})", values)
    elif state.up_seconds is None:
        yield Finding(Severity.INFO, "system", "is still starting", values)
    else:
        severity = max(Severity.INFO, levels["up_seconds"].grade(state.up_seconds))
        yield Finding(severity, "system", "is still starting, {up_seconds} after the machine was switched on", values)


SYSTEM_STATE = Rule(
    id="system_state",
    title="The start of the system came to its end",
    domain=Domain.OS,
    why="A start that never ends means that a job of systemd waits for something, and that what comes after it does not run.",
    fix="systemctl list-jobs shows what waits; in the emergency shell journalctl -xb says why it was entered.",
    needs=("services.state",),
    evidence=("systemctl is-system-running",),
    levels={"up_seconds": Above(warning=900, source="our judgement: units time out after 90 s, the longest after 15 minutes")},
    impact=3,
    check=check_system_state,
)


def check_failed_units(_levels: Mapping[str, Any], failed: tuple[FailedUnit, ...], critical: tuple[str, ...]) -> Iterator[Finding]:
    for unit in failed:
        severity = Severity.CRITICAL if unit.name in critical else Severity.WARNING
        yield Finding(severity, unit.name, "has failed ({load})", {"load": unit.load})
    if not failed:
        yield Finding(Severity.OK, "units", "no unit has failed")


FAILED_UNITS = Rule(
    id="failed_units",
    title="No systemd unit has failed",
    domain=Domain.OS,
    why="A failed unit is a service, mount or job that should work and does not.",
    fix="Read systemctl status UNIT and journalctl -u UNIT, mend the cause, start it; systemctl reset-failed if it is not needed any more.",
    needs=("services.failed", "settings.critical_units"),
    evidence=("systemctl list-units *",),
    impact=3,
    check=check_failed_units,
)


def check_unit_timer_failed(_levels: Mapping[str, Any], failed: tuple[FailedUnit, ...]) -> Iterator[Finding]:
    jobs = [unit for unit in failed if unit.timer]
    for unit in jobs:
        yield Finding(Severity.WARNING, unit.name, "the last run started by {timer} failed", {"timer": unit.timer})
    if not jobs:
        yield Finding(Severity.OK, "timers", "no job of a timer has failed")


UNIT_TIMER_FAILED = Rule(
    id="unit_timer_failed",
    title="The jobs that timers start succeed",
    domain=Domain.OS,
    why="Nobody waits for a job that a timer starts, so nobody sees that backups or clean-ups no longer happen.",
    fix="Read journalctl -u UNIT, mend the cause, and run it once by systemctl start UNIT.",
    needs=("services.failed",),
    evidence=("systemctl list-units *",),
    impact=3,
    check=check_unit_timer_failed,
)


def check_unit_restart_loop(levels: Mapping[str, Any], services: tuple[Restarts, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    found = False
    for service in services:
        seen = history.get(service.name, {}).get("restarts_count", ())
        before = seen[-1][1] if seen and seen[-1][1] <= service.count else 0       # a smaller count: the host or unit started anew
        values = {"restarts_count": service.count, "new_count": service.count - int(before), "state": service.state}
        severity = levels["restarts_count"].grade(service.count - before)
        if severity is Severity.OK:
            continue
        found = True
        short = service.active_seconds is None or service.active_seconds < levels["active_seconds"].warning
        if short:
            yield Finding(severity, service.name, "restarted {restarts_count} times, now {state}", values)
        else:
            yield Finding(Severity.INFO, service.name, "restarted {new_count} times since last time, now stable", values)
    if not found:
        yield Finding(Severity.OK, "services", "no service is being restarted again and again")


UNIT_RESTART_LOOP = Rule(
    id="unit_restart_loop",
    title="No service is restarted again and again",
    domain=Domain.OS,
    why="systemd restarts a service that dies; one that dies each time looks up at every glance and does not work.",
    fix="Read journalctl -u UNIT for why it ends, and mend that.",
    needs=("services.restarts", "history.unit_restart_loop"),
    evidence=("systemctl show *",),
    levels={
        "restarts_count": Above(warning=3, critical=20, source="node-mixin: more than 2 restarts; 20: our judgement"),
        "active_seconds": Above(warning=600, source="our judgement: a service that has run for ten minutes is not in a loop"),
    },
    impact=3,
    track=("restarts_count",),
    check=check_unit_restart_loop,
)

RULES = (SYSTEM_STATE, FAILED_UNITS, UNIT_TIMER_FAILED, UNIT_RESTART_LOOP)
