# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from plugins.plugin_utils.findings import Above, Below, ByClass, Severity, override

OK, WARNING, CRITICAL = Severity.OK, Severity.WARNING, Severity.CRITICAL


@pytest.mark.parametrize(("level", "value", "severity"), [
    (Above(10, 20), 9.99, OK), (Above(10, 20), 10, WARNING), (Above(10, 20), 19.99, WARNING), (Above(10, 20), 20, CRITICAL), (Above(10, 20), 99, CRITICAL),
    (Below(10, 5), 10.01, OK), (Below(10, 5), 10, WARNING), (Below(10, 5), 5.01, WARNING), (Below(10, 5), 5, CRITICAL), (Below(10, 5), -1, CRITICAL),
    (Above(warning=1), 99, WARNING), (Above(critical=1), 1, CRITICAL), (Above(critical=1), 0.9, OK), (Below(critical=0), 0, CRITICAL), (Above(0, None), 0, WARNING),
])
def test_grade_includes_the_limit_itself(level: Above | Below, value: float, severity: Severity) -> None:
    assert level.grade(value) is severity


def test_class_chooses_the_level() -> None:
    level = ByClass({"ssd": Above(5)}, default=Above(30))
    assert level.of("ssd") == Above(5)
    assert level.of("tape") == level.of(None) == Above(30)


def test_override_names_the_site_as_source() -> None:
    changed = override(Above(1, 2, "theirs"), {"critical": 3})
    assert (changed.warning, changed.critical) == (1, 3)
    assert "site" in changed.source


@pytest.mark.parametrize("changes", [{"critcal": 3}, {"source": "x"}, {"warning": "high"}, {"warning": True}])
def test_override_refuses(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        override(Above(1, 2), changes)      # type: ignore[arg-type]


def test_unknown_stands_between_fine_and_wrong() -> None:
    assert Severity.OK < Severity.INFO < Severity.UNKNOWN < Severity.WARNING < Severity.CRITICAL
