# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the records: SQLite below the home folder by default, PostgreSQL by URL; bring the schema up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

SCHEMA = "0001"             # the newest of migrations/versions
WAIT_SECONDS = 900          # for another run that is just recording


class BadRecords(Exception):
    """The records can't be opened or written; the text names them, what is wrong and what to do."""


def open_records(home: Path, url: str | None = None) -> Engine:
    """An engine on records with the newest schema. Raises BadRecords."""
    place = url or f"sqlite:///{home / 'records.sqlite'}"
    try:
        engine = create_engine(place, connect_args={"timeout": WAIT_SECONDS} if place.startswith("sqlite") else {})
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        with engine.begin() as connection:
            _upgrade(connection)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        shown = without_password(place)
        raise BadRecords(
            f"the records {shown} can't be opened: {reason}; check caretaker_home, its free space and caretaker_records_url"
        ) from error
    return engine


def without_password(place: str) -> str:
    """The URL without its password."""
    return make_url(place).render_as_string(hide_password=True)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def settings(connection, _record):  # type: ignore[no-untyped-def]
        connection.isolation_level = None       # SQLAlchemy begins the transactions, with the statement below
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")       # two runs at once: the second waits, none fails half-way


def _upgrade(connection: Connection) -> None:
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if current == SCHEMA:
            return
    # It takes as long to load as SQLAlchemy itself, and is rarely needed
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    if current is not None and current not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise BadRecords(f"the records have schema {current}, which this version does not know; use the Caretaker that wrote them")
    command.upgrade(config, "head")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """All or nothing. Raises BadRecords."""
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise BadRecords(
            f"the records can't be written: {reason}; nothing of this run was recorded, its archive can be judged again"
        ) from error
