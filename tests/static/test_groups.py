# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that share the lab overlap where pytest-xdist loses the groups, which it does silently beside a pytest it does not know."""

from __future__ import annotations

import os

import pytest


def test_xdist_sees_the_groups(request: pytest.FixtureRequest) -> None:
    group = "@static/test_groups.py" if "PYTEST_XDIST_WORKER" in os.environ else ""
    assert request.node.nodeid == f"tests/static/test_groups.py::test_xdist_sees_the_groups{group}"
