# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords and business data never leave a host: planted wherever servers keep them, none is found in what a run leaves behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from plugins.plugin_utils.archive import Capture, captures_of_run, load
from tests.lab import Done, fresh_lab, inspect, on_host

pytestmark = pytest.mark.lab
LAB = "secrets"
# Each planted text begins with one of these and a word that says where it was planted
PASSWORD, ROW = "Hidden9", "Customer7"
PLANTED = re.compile(rf"(?i)(?:{PASSWORD}|{ROW})[a-z]+")
CREDENTIALS = [
    {"subject": "postgresql", "user": "inspector", "password": f"{PASSWORD}postgresql"},
    {"subject": "mysql", "user": "inspector", "password": f"{PASSWORD}mysql"},
    {"subject": "redis", "password": f"{PASSWORD}redis"},
]

POSTGRESQL = f"""
systemctl start postgresql
cat > /tmp/shop.sql <<'END'
CREATE ROLE inspector SUPERUSER LOGIN PASSWORD '{PASSWORD}postgresql';
CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}role';
CREATE DATABASE shop OWNER shop;
ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements';
ALTER SYSTEM SET archive_mode = on;
ALTER SYSTEM SET archive_command = 'false --password={PASSWORD}archive';
ALTER SYSTEM SET primary_conninfo = 'host=10.0.0.1 user=replicator password={PASSWORD}conninfo';
ALTER SYSTEM SET log_min_duration_statement = 0;
\\c shop
CREATE TABLE customers (name text UNIQUE);
INSERT INTO customers VALUES ('{ROW}table');
INSERT INTO customers SELECT '{ROW}many' || n FROM generate_series(1, 2000) n;
ANALYZE;
END
runuser -u postgres -- psql -qX -v ON_ERROR_STOP=1 -f /tmp/shop.sql
systemctl restart postgresql@15-main
runuser -u postgres -- psql -qX shop -c 'CREATE EXTENSION pg_stat_statements'
runuser -u postgres -- psql -qX shop -c "SELECT * FROM customers WHERE name = '{ROW}statement'"
runuser -u postgres -- psql -qX shop -c "INSERT INTO customers VALUES ('{ROW}table')" 2>/dev/null || true
runuser -u postgres -- psql -qX shop -c "SELECT '{ROW}cast'::int" 2>/dev/null || true
echo "local all all scram-sha-256" > /etc/postgresql/15/main/pg_hba.conf
echo "*:*:*:*:{PASSWORD}pgpass" > ~postgres/.pgpass
systemctl reload postgresql@15-main
export PGPASSWORD={PASSWORD}postgresql
for text in session holder; do
    (echo "BEGIN; SELECT count(*) FROM customers WHERE name = '{ROW}$text';"
     echo "UPDATE customers SET name = '{ROW}new' WHERE name = '{ROW}table';"; sleep 900) 2>/dev/null |
        setsid psql -qX -U inspector shop >/dev/null 2>&1 &
done
"""
MARIADB = f"""
printf '[mariadbd]\\nslow_query_log = ON\\nlong_query_time = 0\\nlog_warnings = 4\\n' > /etc/mysql/mariadb.conf.d/90-site.cnf
printf '[client]\\npassword = {PASSWORD}client\\n' > /etc/mysql/conf.d/backup.cnf
systemctl start mariadb
cat > /tmp/shop2.sql <<'END'
CREATE DATABASE shop;
USE shop;
CREATE TABLE customers (name VARCHAR(100) PRIMARY KEY) ENGINE=InnoDB;
INSERT INTO customers VALUES ('{ROW}mariadb');
CREATE USER inspector@localhost IDENTIFIED BY '{PASSWORD}mysql';
GRANT ALL ON *.* TO inspector@localhost;
CHANGE MASTER TO MASTER_HOST='127.0.0.9', MASTER_USER='replicator', MASTER_PASSWORD='{PASSWORD}master';
ALTER USER root@localhost IDENTIFIED BY '{PASSWORD}root';
END
mariadb --no-defaults < /tmp/shop2.sql
export MYSQL_PWD={PASSWORD}mysql
mariadb --no-defaults -u inspector shop -e "INSERT INTO customers VALUES ('{ROW}mariadb')" 2>/dev/null || true
(echo "BEGIN; UPDATE customers SET name = '{ROW}locked' WHERE name = '{ROW}mariadb';"; echo "SELECT SLEEP(900), '{ROW}asleep';") 2>/dev/null |
    setsid mariadb --no-defaults -u inspector shop >/dev/null 2>&1 &
sleep 1
(echo "UPDATE customers SET name = '{ROW}waiting' WHERE name = '{ROW}mariadb';") 2>/dev/null |
    setsid mariadb --no-defaults -u inspector shop >/dev/null 2>&1 &
"""
REDIS = f"""
printf 'requirepass {PASSWORD}redis\\nmasterauth {PASSWORD}masterauth\\nslowlog-log-slower-than 0\\n' >> /etc/redis/redis.conf
systemctl start redis-server
sleep 1
export REDISCLI_AUTH={PASSWORD}redis
redis-cli SET basket:{ROW}key {ROW}value >/dev/null
redis-cli ACL SETUSER shop on '>{PASSWORD}acl' '~*' '+@all' >/dev/null
redis-cli CLIENT SETNAME {ROW}client >/dev/null
"""
OTHERS = f"""
printf 'listen statistics\\n bind 127.0.0.1:8404\\n mode http\\n stats enable\\n stats auth admin:{PASSWORD}haproxy\\n' >> /etc/haproxy/haproxy.cfg
sed -i 's|</tomcat-users>|<role rolename="manager-script"/>\\
<user username="m" password="{PASSWORD}tomcat" roles="manager-script"/></tomcat-users>|' /etc/tomcat10/tomcat-users.xml
printf 'JAVA_OPTS="-Djava.awt.headless=true -Djavax.net.ssl.keyStorePassword={PASSWORD}keystore"\\n' >> /etc/default/tomcat10
printf 'server {{ listen 8099; location / {{ proxy_set_header Authorization "Basic {PASSWORD}nginx"; return 200; }} }}\\n' > /etc/nginx/conf.d/x.conf
systemctl start haproxy tomcat10 nginx
python3 -c 'import urllib.request; urllib.request.urlopen("http://127.0.0.1:8099/basket?customer={ROW}url").read()'
setsid sh -c 'exec -a "export --password={PASSWORD}argv --token {PASSWORD}token" sleep 900' >/dev/null 2>&1 &
setsid sh -c 'exec -a "postgres --password={PASSWORD}server" sleep 900' >/dev/null 2>&1 &
"""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("lab") / "hosts.yml"
    with fresh_lab(LAB, "--hosts", "vault1", "--image", "databases", "--inventory", str(path)):
        for script in (POSTGRESQL, MARIADB, REDIS, OTHERS):
            on_host(LAB, "vault1", "bash -c " + quoted("set -eu\n" + script))
        document = json.loads(path.read_text().removeprefix("---\n"))
        document["all"]["hosts"]["vault1"]["caretaker_credentials"] = CREDENTIALS
        path.write_text(json.dumps(document))
        yield path


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.fixture(scope="module")
def done(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    return inspect(inventory, tmp_path_factory.mktemp("home"), "-vvv", "-e", "caretaker_sample_seconds=1")


@pytest.fixture(scope="module")
def capture(done: Done) -> Capture:
    (path,) = captures_of_run(done.home, done.runs[-1])
    return load(path)


def leaked(text: str) -> set[str]:
    return set(PLANTED.findall(text))


def test_the_search_finds_what_is_there() -> None:
    assert leaked(f"x {PASSWORD}role y {ROW}table") == {f"{PASSWORD}role", f"{ROW}table"}


def test_the_servers_were_asked_with_the_credentials(done: Done, capture: Capture) -> None:
    """Otherwise nothing could have leaked."""
    assert done.status == 0, done.output[-4000:]
    for pattern in ("postgresql 5432 databases*", "mysql 3306 variables*", "redis 6379 info*"):
        entries = capture.matching(pattern)
        assert entries, f"{pattern}: {[entry.key for entry in capture.entries if ' 5432 ' in entry.key or ' 3306 ' in entry.key]}"
        assert all(entry.text for entry in entries), [(entry.key, entry.error, entry.stderr) for entry in entries]


def test_the_capture_holds_none_of_it(capture: Capture) -> None:
    found = {entry.key: words for entry in capture.entries
             if (words := leaked(" ".join((entry.key, entry.text or "", entry.stderr))))}
    assert not found


def test_the_terminal_shows_none_of_it(done: Done) -> None:
    assert "Look at the host" in done.output
    assert not leaked(done.output)


def test_no_file_of_the_run_holds_any_of_it(done: Done) -> None:
    """Archive, records, reports, ledger: every file below the home."""
    files = [path for path in done.home.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".zst", ".html", ".jsonl", ".xml"}
    found = {str(path.relative_to(done.home)): words for path in files if (words := leaked(content(path)))}
    assert not found


def content(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.decode("utf-8", "replace")


def test_the_host_keeps_none_of_it_where_it_was_not(done: Done) -> None:
    """No file of Caretaker's stays on the host, and no server's log has the credentials of the inspection."""
    assert done.status == 0
    words = "|".join(str(credential["password"]) for credential in CREDENTIALS)
    found = on_host(LAB, "vault1", f"grep -rlE {quoted(words)} /var/log /root /home /var/tmp /run 2>/dev/null; journalctl -q | grep -cE {quoted(words)}; true")
    assert found.split() == ["0"]
