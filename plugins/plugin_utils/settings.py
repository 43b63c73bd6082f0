# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory's variables for Caretaker: what may be set, of which type, and where it is wrong.

All functions take plain values as Ansible gives them; ``Settings`` is what rules see (``needs=("settings.role",)``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from .addresses import is_address
from .bottleneck.business import parse_days, parse_hours
from .bottleneck.measures import MEASURES
from .history.exporters import EXPORTERS

PREFIX = "caretaker_"
DISK_CLASSES = ("hdd", "ssd", "san", "nvme")


class BadSetting(Exception):
    """A variable that is misspelt or of the wrong type; the text names host, variable, what is wrong and what is right."""


@dataclass(frozen=True)
class Setting:
    check: Callable[[Any], Any]
    expected: str


@dataclass(frozen=True)
class Settings:
    """One host's settings; None where the inventory says nothing."""

    system: str | None = None
    importance: int | None = None
    security_level: int | None = None
    owner: str | None = None
    role: str | None = None
    location: str | None = None
    warranty_until: date | None = None
    support_until: date | None = None
    memory_bytes: int | None = None
    multipath_paths: int | None = None
    iscsi_sessions: int | None = None
    listening_ports: tuple[str, ...] | None = None
    certificate_files: tuple[str, ...] = ()
    critical_units: tuple[str, ...] = ()
    log_host: str | None = None
    cluster: str | None = None
    replicas: Mapping[str, int] | None = None
    backup_hours: int | None = None
    business_hours: str | None = None
    business_days: tuple[str, ...] | None = None
    time_zone: str | None = None
    disk_class: str | None = None
    bottleneck_limits: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict)
    levels: Mapping[str, Any] = field(default_factory=dict)
    waivers: tuple[Mapping[str, Any], ...] = ()


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return str(value)


def _one_to_four(value: Any) -> int:
    if isinstance(value, bool) or str(value) not in ("1", "2", "3", "4"):
        raise ValueError
    return int(value)


def _address(value: Any) -> str:
    if not is_address(_text(value)):
        raise ValueError
    return str(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(str(value)) < 0:
        raise ValueError
    return int(value)


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError
    return tuple(str(item) for item in value)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError
    return value


def _mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_mapping(item) for item in value)


def _counts(value: Any) -> Mapping[str, int]:
    return {str(name): _whole(count) for name, count in _mapping(value).items()}


def _hours(value: Any) -> str:
    parse_hours(_text(value))
    return str(value)


def _days(value: Any) -> tuple[str, ...]:
    parse_days(_texts(value))
    return _texts(value)


def _zone(value: Any) -> str:
    if _text(value) not in available_timezones():
        raise ValueError
    return str(value)


def _disk_class(value: Any) -> str:
    if value not in DISK_CLASSES:
        raise ValueError
    return str(value)


def _measure_limits(value: Any) -> Mapping[str, float | Mapping[str, float]]:
    limits = {str(name): {str(kind): _limit(item) for kind, item in limit.items()} if isinstance(limit, Mapping) else _limit(limit)
              for name, limit in _mapping(value).items()}
    if not set(limits) <= set(MEASURES):
        raise ValueError
    return limits


def _limit(value: Any) -> float:
    if isinstance(value, bool) or float(value) < 0:
        raise ValueError
    return float(value)


def _credentials(value: Any) -> None:
    for item in _mappings(value):
        if not set(item) <= {"subject", "instance", "user", "password"} or not {"subject", "password"} <= set(item):
            raise ValueError
        for text in item.values():
            _text(text)


def _prometheus(value: Any) -> None:
    if not set(_mapping(value)) <= {"url", "user", "password", "token", "ca_file", "days", "step_seconds"}:
        raise ValueError
    if value:
        _text(value.get("url"))


def _selectors(value: Any) -> None:
    if not set(_mapping(value)) <= set(EXPORTERS):
        raise ValueError
    for text in value.values():
        _text(text)


TEXT = Setting(_text, "a text")
TEXTS = Setting(_texts, "a list of texts")
DATE = Setting(_date, "a date like 2027-06-30")
LEVEL = Setting(_one_to_four, "a whole number from 1 to 4")
EMAIL = Setting(_address, "an address like operations@example.com")
COUNT = Setting(_whole, "a whole number, 0 or more")

# What a host may say about itself
HOST_SETTINGS: Mapping[str, Setting] = {
    "system": TEXT, "importance": LEVEL, "security_level": LEVEL, "owner": TEXT, "owner_email": EMAIL, "role": TEXT, "location": TEXT,
    "warranty_until": DATE, "support_until": DATE, "memory_bytes": COUNT, "multipath_paths": COUNT, "iscsi_sessions": COUNT,
    "listening_ports": TEXTS, "certificate_files": TEXTS, "critical_units": TEXTS, "log_host": TEXT,
    "cluster": TEXT, "replicas": Setting(_counts, 'a mapping like {postgresql: 1} or {"postgresql 5432": 1}'), "backup_hours": COUNT,
    "business_hours": Setting(_hours, "hours like 08:00-18:00, in steps of five minutes; 22:00-06:00 passes midnight"),
    "business_days": Setting(_days, "a list of days like [monday, tuesday]"), "time_zone": Setting(_zone, "a time zone like Europe/Berlin"),
    "disk_class": Setting(_disk_class, f"one of {', '.join(DISK_CLASSES)}"),
    "bottleneck_limits": Setting(_measure_limits, "a mapping like {cpu_busy_ratio: 0.85, disk_await_seconds: {hdd: 0.05}} of "
                                 "measures that docs/bottlenecks.md lists"),
    "levels": Setting(_mapping, "a mapping {rule: {level: {warning: ..., critical: ...}}}"),
    "waivers": Setting(_mappings, "a list of mappings with rule, reason, owner, expires"),
}
# Checked, but never stored with a capture nor shown
PRIVATE_SETTINGS: Mapping[str, Setting] = {
    "prometheus": Setting(_prometheus, "a mapping with url and, where needed, user and password or token, ca_file, days, step_seconds"),
    "prometheus_selectors": Setting(_selectors, f"a mapping of selectors by exporter ({', '.join(EXPORTERS)}), all texts"),
    "credentials": Setting(_credentials, "a list of mappings with subject, password and, where needed, instance and user, all texts"),
}
# What steers a run; the roles' argument_specs hold their types
RUN_SETTINGS = frozenset({
    "home", "report_dir", "fail_on", "run", "targets", "recheck", "subjects", "sample_seconds", "command_timeout",
    "total_timeout", "max_bytes", "history_days", "become", "customer", "documents", "logo", "records_url",
    "approvers_file", "approval", "engineers", "freezes", "freeze_calendars", "schedule", "mail", "webhook", "language",
})


def settings_of(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A host's caretaker_* variables without the prefix, as plain JSON values. Raises BadSetting for the first wrong one."""
    chosen: dict[str, Any] = {}
    for variable in sorted(name for name in variables if name.startswith(PREFIX)):
        name = variable.removeprefix(PREFIX)
        if name in RUN_SETTINGS:
            continue
        if name in PRIVATE_SETTINGS:
            _checked_unshown(host, variable, variables[variable])
            continue
        if name not in HOST_SETTINGS:
            near = difflib.get_close_matches(name, [*HOST_SETTINGS, *PRIVATE_SETTINGS, *RUN_SETTINGS], n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else f"docs/inventory.md lists the variables that begin with {PREFIX}"
            raise BadSetting(f"{host}: unknown variable {variable}; {hint}")
        _checked(host, variable, variables[variable])
        chosen[name] = _plain(variables[variable])
    return chosen


def _checked(host: str, variable: str, value: Any) -> Any:
    setting = HOST_SETTINGS[variable.removeprefix(PREFIX)]
    try:
        return setting.check(value)
    except (ValueError, TypeError) as error:
        raise BadSetting(f"{host}: {variable} is {value!r}, but must be {setting.expected}") from error


def _checked_unshown(host: str, variable: str, value: Any) -> None:
    """As _checked(), without the value in the error or in what the error came from."""
    setting = PRIVATE_SETTINGS[variable.removeprefix(PREFIX)]
    try:
        setting.check(value)
    except (ValueError, TypeError):
        raise BadSetting(f"{host}: {variable} must be {setting.expected} (its value is not shown)") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    for kind in (bool, int, float, str):    # Ansible hands out subclasses that carry tags
        if isinstance(value, kind):
            return kind(value)
    return value


def parse(host: str, chosen: Mapping[str, Any]) -> Settings:
    """The settings stored in a capture as typed values. Raises BadSetting."""
    known = {item.name for item in fields(Settings)}
    return Settings(**{name: _checked(host, PREFIX + name, value) for name, value in chosen.items() if name in known})
