# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from plugins.plugin_utils.wording import render, show


@pytest.mark.parametrize(("name", "value", "text"), [
    ("free_bytes", 0, "0 B"), ("free_bytes", 1023, "1023 B"), ("free_bytes", 1024, "1.0 KiB"), ("free_bytes", 2**30, "1.0 GiB"), ("x_bytes", 2**60, "1024.0 PiB"),
    ("used_ratio", 0.5, "50 %"), ("used_ratio", 0.999, "100 %"), ("used_ratio", 0.0123, "1.2 %"), ("used_ratio", 0.0001, "0.01 %"), ("used_ratio", 0, "0 %"),
    ("lag_seconds", 0, "0 s"), ("lag_seconds", 0.0000047, "4.70 µs"), ("lag_seconds", 0.05, "50 ms"), ("lag_seconds", 90, "90 s"), ("lag_seconds", 600, "10 min"),
    ("age_seconds", 86400, "24 h"), ("age_seconds", 864000, "10 d"), ("t_celsius", 41.6, "42 °C"), ("swap_per_second", 2.5, "2.50/s"),
    ("read_bytes_per_second", 2048, "2.0 KiB/s"), ("count", 3, "3"), ("up", True, "yes"), ("names", ("a", "b"), "a, b"), ("x", None, "?"),
])
def test_show(name: str, value: object, text: str) -> None:
    assert show(name, value) == text


def test_render_translates_then_fills() -> None:
    assert render("{used_ratio} used", {"used_ratio": 0.5}, lambda text: text.replace("used", "belegt").replace("{belegt_", "{used_")) == "50 % belegt"


def test_render_never_formats_what_a_host_said() -> None:
    assert render("said: {text}", {"text": "{used_ratio} {0.__class__} %s"}) == "said: {used_ratio} {0.__class__} %s"


def test_render_keeps_a_name_without_a_value() -> None:
    assert render("{a} and {b}", {"a": 1}) == "1 and {b}"
