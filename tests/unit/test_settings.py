# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.plugin_utils.begin import SHOWN_PROBLEMS, check_host, check_hosts, check_subjects
from plugins.plugin_utils.registry import RULES_BY_ID
from plugins.plugin_utils.settings import BadSetting, parse, settings_of
from plugins.plugin_utils.waivers import parse_waivers, waiver_for

WAIVER = {"rule": "oom_kills", "reason": "known", "owner": "D. Field", "expires": "2027-03-31"}


@pytest.mark.parametrize(("variables", "part"), [
    ({"caretaker_importence": 3}, "did you mean caretaker_importance"), ({"caretaker_zzz": 3}, "docs/inventory.md"),
    ({"caretaker_importance": 5}, "1 to 4"), ({"caretaker_importance": True}, "1 to 4"), ({"caretaker_importance": "high"}, "1 to 4"),
    ({"caretaker_warranty_until": "soon"}, "date like"), ({"caretaker_system": ""}, "a text"), ({"caretaker_system": 3}, "a text"),
    ({"caretaker_critical_units": "sshd"}, "list"), ({"caretaker_multipath_paths": -1}, "0 or more"), ({"caretaker_disk_class": "flash"}, "one of hdd, ssd, san, nvme"),
    ({"caretaker_levels": {"memory_avail": {}}}, "unknown rule 'memory_avail'"),
    ({"caretaker_levels": {"memory_available": {"ratio": {}}}}, "has no level 'ratio'"),
    ({"caretaker_levels": {"memory_available": {"available_ratio": {"warn": 1}}}}, "unknown field 'warn'"),
    ({"caretaker_levels": {"memory_available": {"available_ratio": 3}}}, "must be a mapping"),
    ({"caretaker_levels": {"memory_available": 3}}, "must be a mapping"),
    ({"caretaker_waivers": [{**WAIVER, "rule": "x"}]}, "unknown rule 'x'"), ({"caretaker_waivers": [{**WAIVER, "owner": ""}]}, "owner is missing"),
    ({"caretaker_waivers": [{**WAIVER, "expires": "never"}]}, "expires is 'never'"), ({"caretaker_waivers": [{**WAIVER, "until": 1}]}, "unknown field 'until'"),
    ({"caretaker_waivers": ["oom_kills"]}, "list of mappings"),
])
def test_wrong_variable_is_named(variables: dict[str, Any], part: str) -> None:
    with pytest.raises(BadSetting, match=part) as caught:
        check_host("db1", variables)
    assert "db1" in str(caught.value)


def test_all_hosts_that_are_wrong_are_told_at_once() -> None:
    wrong = {f"db{number}": {"caretaker_sytem": "erp"} for number in range(SHOWN_PROBLEMS + 2)}
    with pytest.raises(BadSetting) as caught:
        check_hosts({"web1": {"caretaker_system": "erp"}, **wrong})
    lines = str(caught.value).splitlines()
    assert lines[0] == "db0: unknown variable caretaker_sytem; did you mean caretaker_system?"
    assert len(lines) == SHOWN_PROBLEMS + 1
    assert lines[-1] == "and 2 more hosts"


def test_settings_travel_through_the_capture() -> None:
    chosen = settings_of("db1", {"caretaker_importance": "4", "caretaker_warranty_until": date(2027, 6, 30), "caretaker_home": "/x", "other": 1})
    assert chosen == {"importance": "4", "warranty_until": "2027-06-30"}
    settings = parse("db1", chosen)
    assert (settings.importance, settings.warranty_until, settings.owner) == (4, date(2027, 6, 30), None)


def test_unknown_subject_is_named() -> None:
    with pytest.raises(BadSetting, match="unknown subject 'disks'"):
        check_subjects(["disks"])


def test_example_fleet_is_right() -> None:
    folder = Path(__file__).parents[2] / "inventories" / "example"
    files = sorted((folder / "group_vars").glob("*.yml"))
    assert files
    for path in files:
        check_host(path.stem, yaml.safe_load(path.read_text()))


def test_waiver_ends_after_its_last_day() -> None:
    waivers = parse_waivers("db1", [{**WAIVER, "object": "mem*"}], RULES_BY_ID)
    assert waiver_for(waivers, "oom_kills", "memory", date(2027, 3, 31)) == waivers[0]
    assert waiver_for(waivers, "oom_kills", "memory", date(2027, 4, 1)) is None
    assert waiver_for(waivers, "oom_kills", "swap", date(2027, 1, 1)) is None
    assert waiver_for(waivers, "swap_activity", "memory", date(2027, 1, 1)) is None


@pytest.mark.parametrize("value", ["hunter2", [{"subject": "postgresql"}], [{"password": "hunter2"}], [{"subject": "postgresql", "password": 5}],
                                   [{"subject": "postgresql", "password": "hunter2", "port": "5432"}]])
def test_wrong_credentials_are_named_and_not_shown(value: Any) -> None:
    with pytest.raises(BadSetting, match="db1: caretaker_credentials must be a list") as caught:
        settings_of("db1", {"caretaker_credentials": value})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("name", "value", "said"), [
    ("caretaker_prometheus", {"token": "hunter2"}, "a mapping with url"), ("caretaker_prometheus", "http://p", "a mapping with url"),
    ("caretaker_prometheus", {"url": "http://p", "passwort": "hunter2"}, "a mapping with url"),
    ("caretaker_prometheus_selectors", {"oracle": "x"}, r"by exporter \(node, postgresql, mysql, nginx, haproxy\)"),
    ("caretaker_prometheus_selectors", {"node": 5}, "by exporter")])
def test_a_wrong_prometheus_is_named_and_not_shown(name: str, value: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=f"db1: {name} must be .*{said}") as caught:
        settings_of("db1", {name: value})
    assert "hunter2" not in str(caught.value)


def test_a_prometheus_does_not_travel_through_the_capture() -> None:
    assert settings_of("db1", {"caretaker_prometheus": {"url": "http://p", "token": "hunter2"}, "caretaker_prometheus_selectors": {"node": 'a="b"'}}) == {}
    assert settings_of("db1", {"caretaker_prometheus": {}}) == {}


def test_credentials_do_not_travel_through_the_capture() -> None:
    assert settings_of("db1", {"caretaker_credentials": [{"subject": "postgresql", "user": "care", "password": "hunter2"}]}) == {}
