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
ONE_BY_ONE = {"integration", "molecule"}
NEED_ROOT = {"lab", "molecule", "vm"}


@pytest.hookimpl(tryfirst=True)         # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long row of tests that must not overlap starts first; the others run beside it, each file on its own."""
    for item in items:
        place = item.path.relative_to(TESTS)
        group = "one by one" if place.parts[0] in ONE_BY_ONE else str(place)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in ONE_BY_ONE)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if os.geteuid() != 0 and any(item.get_closest_marker(name) for name in NEED_ROOT):
        pytest.fail("this test makes lab hosts and needs root: sudo scripts/test", pytrace=False)
