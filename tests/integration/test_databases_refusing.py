# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers that can't be asked, side by side on one host: each finding says which and what to do, and the rest is judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import findings, fresh_lab, inspect, on_host

pytestmark = pytest.mark.lab
LAB, HOST = "refusing", "broken1"
CREDENTIALS = [
    {"subject": "postgresql", "instance": "5443", "user": "postgres", "password": "not-this-one"},
    {"subject": "mysql", "user": "root", "password": "not-this-one"},
    {"subject": "redis", "password": "not-this-one"},
]
SERVERS = """
set -eu
for name in hung wrong early lost; do pg_createcluster 15 $name >/dev/null; done
port() { runuser -u postgres -- sed -i "s/^port = .*/port = $2/" /etc/postgresql/15/$1/postgresql.conf; }
port hung 5442; port wrong 5443; port early 5444; port lost 5445
printf 'max_connections = 6\\nsuperuser_reserved_connections = 1\\nmax_wal_senders = 0\\n' > /etc/postgresql/15/main/conf.d/few.conf
echo 'local all all scram-sha-256' > /etc/postgresql/15/wrong/pg_hba.conf
touch /var/lib/postgresql/15/early/standby.signal
echo 'hot_standby = off' > /etc/postgresql/15/early/conf.d/early.conf
systemctl start postgresql@15-main postgresql@15-hung postgresql@15-wrong postgresql@15-lost
pg_ctlcluster 15 early start -- --no-wait >/dev/null
# More clients than slots, as one that the loop below gets the better of for a moment gives up
for number in 1 2 3 4 5 6 7 8 9; do
    systemd-run --quiet --uid=postgres sh -c 'exec sleep 900 | psql -qX'
done
full=
for attempt in $(seq 60); do
    runuser -u postgres -- psql -XAtqc '' 2>&1 | grep -q 'too many clients' && full=yes && break
    sleep 0.5
done
[ "$full" ] || { echo "slots are still free" >&2; exit 1; }
kill -STOP $(head -1 /var/lib/postgresql/15/hung/postmaster.pid)
mount -t tmpfs none /var/lib/postgresql/15/lost
systemctl start mariadb
mariadb -e "ALTER USER root@localhost IDENTIFIED BY 'another'; DROP USER mysql@localhost"
systemctl enable --quiet nginx
printf 'requirepass another\\n' >> /etc/redis/redis.conf
systemctl start redis-server
systemd-run --quiet unshare --pid --fork redis-server --port 6499 --save ''
for port in 6379 6499; do
    for attempt in $(seq 30); do
        redis-cli -p $port ping 2>&1 | grep -qE 'PONG|NOAUTH' && break
        sleep 0.5
    done
done
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    inventory = tmp_path_factory.mktemp("lab") / "hosts.yml"
    with fresh_lab(LAB, "--hosts", HOST, "--image", "databases", "--inventory", str(inventory)):
        on_host(LAB, HOST, SERVERS)
        given = json.loads(inventory.read_text().removeprefix("---\n"))
        given["all"]["hosts"][HOST]["caretaker_credentials"] = CREDENTIALS
        inventory.write_text(json.dumps(given))
        yield inspect(inventory, tmp_path_factory.mktemp("home")).hosts()[HOST]


def messages(document: dict[str, Any], rule: str) -> dict[str, tuple[str, str]]:
    return {item["object"]: (item["severity"], item["message"]["en"]) for item in findings(document, rule)}


@pytest.mark.parametrize(("rule", "thing", "reason", "remedy"), [
    ("postgresql_answers", "5432", "too many clients already", "connection"),
    ("postgresql_answers", "5442", "did not answer in time", "look for"),
    ("postgresql_answers", "5443", "password authentication failed", "caretaker_credentials"),
    ("postgresql_answers", "5444", "starting or recovering", "inspect again"),
    ("mysql_answers", "3306", "Access denied", "caretaker_credentials"),
    ("redis_answers", "6379", "does not accept", "caretaker_credentials"),
], ids=["slots full", "hangs", "wrong password", "in recovery", "MariaDB's password", "Redis's password"])
def test_a_server_that_can_not_be_asked_says_why_and_what_to_do(
    document: dict[str, Any], rule: str, thing: str, reason: str, remedy: str
) -> None:
    found = messages(document, rule)
    assert thing in found, (found, [item for item in document["fine"] if item["rule"] == rule])
    severity, message = found[thing]
    assert severity == "unknown"
    assert reason in message and remedy in message, message


def test_a_server_whose_data_lie_on_a_dead_disk_is_named_by_its_own_port(document: dict[str, Any]) -> None:
    told = [item for item in document["findings"] if item["object"].startswith("5445")]
    assert [item for item in told if item["severity"] in ("unknown", "critical")], (told, [
        item for item in document["fine"] if item["object"].startswith("5445")])


def test_a_server_in_a_container_is_named(document: dict[str, Any]) -> None:
    found = [pair for pair in messages(document, "redis_answers").values() if "container" in pair[1]]
    assert [severity for severity, _message in found] == ["unknown"]
    assert "a host of" in found[0][1]


def test_an_enabled_server_that_is_down_is_critical(document: dict[str, Any]) -> None:
    assert [severity for severity, _message in messages(document, "nginx_answers").values()] == ["critical"]


def test_the_other_subjects_are_judged(document: dict[str, Any]) -> None:
    fine = {item["rule"] for item in document["fine"]}
    assert {"memory_available", "filesystem_space", "capture_complete"} <= fine
    assert 0 < document["coverage"] < 1
