# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL for the tests of the records: a cluster of its own in a temporary folder, on a Unix socket only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

SECONDS_TO_START = 60


def _programs() -> Path:
    """The folder of the newest PostgreSQL that Debian's packages have installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.fail("PostgreSQL is missing: apt-get install postgresql", pytrace=False)
    return found[-1].parent


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """The folder of the socket of a running server, whose superuser is ``caretaker``; stopped at the end by its pid."""
    programs = _programs()
    # The server refuses to run as root; "postgres" comes with Debian's package
    account = {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="caretaker-postgresql-"))
    if account:
        shutil.chown(folder, "postgres", "postgres")
    server = None
    try:
        subprocess.run(
            [programs / "initdb", "--pgdata", folder / "data", "--username", "caretaker", "--auth", "trust",
             "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
            cwd=folder, check=True, stdout=subprocess.DEVNULL, **account,
        )
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-F"],
                cwd=folder, stdout=log, stderr=log, **account,
            )
        _wait_for(server, folder)
        yield folder
    finally:
        if server:
            server.send_signal(signal.SIGINT)       # "fast shutdown": ends the connections that are still open
            server.wait(timeout=30)
        shutil.rmtree(folder)


def _wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    for _attempt in range(SECONDS_TO_START * 10):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(host=str(folder), user="caretaker", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}", pytrace=False)


@pytest.fixture
def postgresql_url(postgresql_server: Path) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database of the test's own."""
    name = f"test_{uuid4().hex}"
    socket = str(postgresql_server)
    with psycopg.connect(host=socket, user="caretaker", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"postgresql+psycopg://caretaker@/{name}?host={postgresql_server}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
