# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that the records are tested against is the real one, and each test's database starts empty."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect, text


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_has_an_empty_database_of_its_own(postgresql_url: str, turn: str) -> None:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        assert connection.execute(text("SHOW listen_addresses")).scalar_one() == ""
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE left_behind (id integer)"))
    engine.dispose()
