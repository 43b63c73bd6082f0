# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests may run side by side, and who may run them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# These share one machine's lab hosts, addresses and cores
ON_LAB_HOSTS = ("lab", "molecule", "vm")


@pytest.hookimpl(tryfirst=True)         # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long row of tests that must not overlap starts first; the others run beside it, each file on its own."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group("one by one" if on_lab_hosts(item) else str(item.path.relative_to(TESTS))))
    items.sort(key=lambda item: not on_lab_hosts(item))


def on_lab_hosts(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ON_LAB_HOSTS)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if os.geteuid() != 0 and on_lab_hosts(item):
        pytest.fail("this test makes lab hosts and needs root: sudo scripts/test", pytrace=False)
