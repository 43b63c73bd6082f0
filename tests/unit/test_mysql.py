# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: the forms of their answers, the division of one client's output, odd input, states of replication."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils import mysql_client, mysql_servers
from plugins.module_utils.subjects import mysql as mysql_subject
from plugins.plugin_utils.absent import Unknown, Unreadable
from plugins.plugin_utils.archive import Capture, Entry, load
from plugins.plugin_utils.facts import mysql
from plugins.plugin_utils.facts.mysql_model import Channel
from plugins.plugin_utils.facts.mysql_rows import rows
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules.mysql_replication import MYSQL_REPLICATION_LAG, MYSQL_REPLICATION_RUNNING, gaps
from plugins.plugin_utils.rules.mysql_service import LAST_DAYS, MYSQL_VERSION
from plugins.plugin_utils.rules.mysql_storage import highest

from .boundaries_mysql import NOW, changed, server

FIXTURES = Path(__file__).parents[1] / "fixtures" / "mysql"
TABBED = "Variable_name\tValue\nUptime\t7\nPath\tC:\\\\x\\ty\n-- 2 rows\n"
VERTICAL = "*************************** 1. row ***************************\n  Host: db1\nGtids: a:1-2,\nb:1-9\n-- 1 rows\n"
DRAWN = "+------+-------+\n| Name | Value |\n+------+-------+\n| Host | db1   |\n| Key  | one\ntwo |\n| Last |       |\n+------+-------+\n"


def test_tab_separated_rows() -> None:
    assert rows(TABBED) == [{"Variable_name": "Uptime", "Value": "7"}, {"Variable_name": "Path", "Value": "C:\\x\ty"}]
    assert rows("-- 0 rows\n") == []


def test_vertical_rows_may_hold_line_ends() -> None:
    assert rows(VERTICAL) == [{"Host": "db1", "Gtids": "a:1-2,\nb:1-9"}]


def test_drawn_rows_may_hold_line_ends() -> None:
    assert [tuple(row.values()) for row in rows(DRAWN)] == [("Host", "db1"), ("Key", "one\ntwo"), ("Last", "")]


@pytest.mark.parametrize("text", [TABBED, VERTICAL, DRAWN])
def test_every_cut_is_noticed(text: str) -> None:
    """The last border of a table may be short: all rows stand before it."""
    for length in range(len(text) - 1):
        try:
            assert rows(text[:length]) == rows(text)
        except Unreadable:
            continue
        assert text[:length].endswith("+")


@pytest.mark.parametrize("text", ["", "\0\1\2", "ERROR 1045 (28000): Access denied", "a\tb\n1\t2\t3\n-- 1 rows\n"])
def test_other_texts_are_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        rows(text)


def answered(*lines: str) -> str:
    return "".join(line + "\n" for line in lines)


def divided(output: str, errors: str = "") -> dict[str, dict[str, str]]:
    _sql, places = mysql_client.script("TOKEN")
    answers: dict[str, dict[str, str]] = mysql_client.divide(output, errors, "TOKEN", places)
    return answers


def marked(name: str, number: int, *lines: str) -> str:
    return answered(f"TOKEN {name} {number}", f"TOKEN {name} {number}", *lines)


def test_statements_leave_without_values() -> None:
    """Also where the server keeps a text that it could not take the values out of."""
    head = "db\tquery_id\tcalls\tseconds\tshare\tquery"
    text = divided(answered(*(["TOKEN statements 0"] * 2), head, "shop\tab12\t3\t1.5\t0.9\tSELECT * FROM `t` WHERE `a` = 'Ann' AND `b` = 7", "TOKEN end 0"))
    assert text["statements"]["text"] == f"{head}\nshop\tab12\t3\t1.5\t0.9\tSELECT * FROM `t` WHERE `a` = ? AND `b` = ?\n-- 1 rows\n"
    assert divided(answered(*(["TOKEN statements 0"] * 2), "TOKEN end 0"))["statements"]["text"] == "-- 0 rows\n"


def line_of(name: str, number: int) -> int:
    _sql, places = mysql_client.script("TOKEN")
    return next(line for line, way in places.items() if way == (name, number))


END = marked("end", 0)


def test_the_output_of_one_client_is_divided_into_answers() -> None:
    answers = divided(marked("events", 0, "status\tevents", "ENABLED\t2") + marked("open_schemas", 0) + END)
    assert answers["events"]["text"] == "status\tevents\nENABLED\t2\n-- 1 rows\n"
    assert answers["open_schemas"]["text"] == "-- 0 rows\n"


def test_the_first_way_that_the_server_knows_is_the_answer() -> None:
    errors = f"ERROR 1064 (42000) at line {line_of('replicas', 0)}: You have an error in your SQL syntax\n"
    output = marked("replicas", 0) + marked("replicas", 1, "Source_Host\tLast_Error", "db1\t") + marked("replicas", 2) + END
    assert divided(output, errors)["replicas"]["text"] == "Source_Host\tLast_Error\ndb1\t\n-- 1 rows\n"


def test_what_no_version_knows_or_nobody_may_see_is_told_apart() -> None:
    missing = f"ERROR 1146 (42S02) at line {line_of('unused', 0)}: Table 'sys.x' doesn't exist\n"
    denied = "".join(f"ERROR 1142 (42000) at line {line_of('accounts', number)}: SELECT command denied\n" for number in range(3))
    late = f"ERROR 1969 (70100) at line {line_of('tables', 0)}: Query execution was interrupted (max_statement_time exceeded)\n"
    output = marked("unused", 0) + "".join(marked("accounts", number) for number in range(3)) + marked("tables", 0) + END
    answers = divided(output, missing + denied + late)
    assert [answers[name]["error"] for name in ("unused", "accounts", "tables")] == ["not_found", "denied", "timeout"]


def test_an_answer_that_was_cut_off_is_none() -> None:
    answers = divided(marked("status", 0, "Variable_name\tValue", "Uptime\t7"))
    assert answers["status"]["error"] == "timeout"
    assert answers["variables"]["error"] == "timeout"


def test_no_statement_and_no_value_of_a_row_leaves_the_target() -> None:
    line = ("1062\tError 'Duplicate entry 'anna@example.com' for key 'mail'' on query. Default database: 'shop'. "
            "Query: 'INSERT INTO people VALUES ('anna@example.com', 'secret')'")
    text = mysql_client.without_statements("Last_Errno\tLast_Error\n" + line + "\n")
    assert "anna" not in text
    assert "INSERT" not in text
    assert "secret" not in text
    assert text.startswith("Last_Errno\tLast_Error\n1062\t")
    status = "Type\tName\tStatus\nInnoDB\t\t\\n====\\nLATEST DETECTED DEADLOCK\\n---\\n2026-11-20 03:00:00 0x7f\\nupdate people set mail='anna'\\n" \
             " 0: len 4; hex 616e6e61; asc anna;;\\nHistory list length 7\\nEND OF INNODB MONITOR OUTPUT\\n====\\n\n"
    kept = mysql_client.innodb_lines(status)
    assert "anna" not in kept
    assert mysql.parse_innodb(kept + "-- 1 rows\n").deadlock_at == "2026-11-20 03:00:00"
    log = "2026-11-20  3:00:00 7 [ERROR] Slave SQL: Error 'Duplicate entry 'anna'' on query. Query: 'INSERT INTO people VALUES (1)', Error_code: 1062\n"
    assert "anna" not in mysql_subject.digested(log)
    assert "INSERT" not in mysql_subject.digested(log)


def test_the_lines_of_both_kinds_of_log() -> None:
    maria = mysql_subject.split_line("2026-11-20  3:00:00 0 [Warning] Aborted connection 7")
    newer = mysql_subject.split_line("2026-11-20T03:00:00.123456Z 0 [ERROR] [MY-010119] [Server] Aborting")
    assert maria == ("2026-11-20", "Warning", "Aborted connection 7")
    assert newer == ("2026-11-20", "ERROR", "[MY-010119] [Server] Aborting")


@pytest.mark.parametrize(("io", "sql", "severity"), [
    ("Yes", "Yes", Severity.OK), ("No", "Yes", Severity.CRITICAL), ("Yes", "No", Severity.CRITICAL), ("No", "No", Severity.CRITICAL),
    ("Connecting", "Yes", Severity.CRITICAL), ("Preparing", "Yes", Severity.CRITICAL), ("Connecting", "No", Severity.CRITICAL),
    ("", "Yes", Severity.UNKNOWN), ("Paused", "Yes", Severity.UNKNOWN),
])
def test_states_of_replication(io: str, sql: str, severity: Severity) -> None:
    channel = Channel("", "db1:3306", io, sql, 0, 0, "", "", 0, True, "")
    assert [item.severity for item in MYSQL_REPLICATION_RUNNING.check({}, server(channels=(channel,)))] == [severity]


@pytest.mark.parametrize(("row", "lag"), [
    ("Slave_IO_Running\tSlave_SQL_Running\tSeconds_Behind_Master\nYes\tYes\t7\n-- 1 rows\n", 7),
    ("Replica_IO_Running\tReplica_SQL_Running\tSeconds_Behind_Source\nYes\tYes\t31\n-- 1 rows\n", 31),
    ("Slave_IO_Running\tSlave_SQL_Running\tSeconds_Behind_Master\nYes\tYes\tNULL\n-- 1 rows\n", None),
    ("Slave_IO_Running\tSlave_SQL_Running\tSeconds_Behind_Master\nYes\tYes\t-1\n-- 1 rows\n", None),
])
def test_lag_is_a_number_or_unknown_and_never_0_by_itself(row: str, lag: int | None) -> None:
    channel = mysql.parse_channels(row)[0]
    assert channel.lag_seconds == lag if lag is not None else isinstance(channel.lag_seconds, Unknown)
    found = next(iter(MYSQL_REPLICATION_LAG.check(MYSQL_REPLICATION_LAG.levels, server(channels=(channel,)))))
    assert found.severity is (Severity.UNKNOWN if lag is None else Severity.WARNING if lag > 30 else Severity.OK)


def test_a_wanted_delay_is_no_lag() -> None:
    channel = Channel("", "db1:3306", "Yes", "Yes", 3605, 3600, "", "", 0, True, "")
    assert next(iter(MYSQL_REPLICATION_LAG.check(MYSQL_REPLICATION_LAG.levels, server(channels=(channel,))))).severity is Severity.OK


@pytest.mark.parametrize(("gtids", "count"), [
    ("", 0), ("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5", 0), ("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7", 1),
    ("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,4e11fa47-71ca-11e1-9e33-c80aa9429562:1-2:4-5:9", 2), ("0-1-4810", 0),
])
def test_gaps_in_sets_of_gtids(gtids: str, count: int) -> None:
    assert gaps(gtids) == count


@pytest.mark.parametrize(("version", "severity"), [
    ("5.1.58-1ubuntu1-log", Severity.CRITICAL), ("5.7.44-log", Severity.CRITICAL), ("8.4.6", Severity.OK), ("9.7.4", Severity.OK),
    ("10.3.39-MariaDB", Severity.CRITICAL), ("10.11.14-MariaDB", Severity.OK), ("12.9.1-MariaDB", Severity.INFO), ("8.0.43-34", Severity.CRITICAL),
    ("10.5.29-MariaDB-0+deb11u1", Severity.INFO),
])
def test_versions(version: str, severity: Severity) -> None:
    servers = server(variables=changed(server()[0].variables, {"version": version}))        # type: ignore[dict-item]
    assert [item.severity for item in MYSQL_VERSION.check(MYSQL_VERSION.levels, servers, NOW)] == [severity]


def test_the_table_of_support_names_only_series() -> None:
    assert all(name.split(" ")[0] in ("MySQL", "MariaDB") and name.split(" ")[1].count(".") == 1 for name in LAST_DAYS)


@pytest.mark.parametrize(("kind", "most"), [
    ("tinyint(4)", 127), ("tinyint(3) unsigned", 255), ("smallint", 32767), ("mediumint unsigned", 16777215), ("int(11)", 2147483647),
    ("int unsigned", 4294967295), ("bigint(20)", 2**63 - 1), ("double", None), ("", None),
])
def test_the_largest_number_of_a_type(kind: str, most: int | None) -> None:
    assert highest(kind) == most


@pytest.mark.parametrize("share", [0, 25, 50, 90, 99])
@pytest.mark.parametrize("case", ["troubled", "troubled_replica", "troubled_galera"])
def test_a_cut_capture_is_never_better_than_the_whole(case: str, share: int) -> None:
    """All answers cut: each fact is as of the whole, or not known."""
    whole = load(FIXTURES / case)
    cut = Capture(whole.host, whole.run, whole.taken_at, tuple(shortened(entry, share) for entry in whole.entries), settings=whole.settings)
    servers, right = mysql.parse(cut).servers, mysql.parse(whole).servers
    assert isinstance(servers, tuple)
    assert isinstance(right, tuple)
    for name in ("status", "variables", "channels", "innodb", "sessions", "transactions", "accounts", "tables", "log", "files"):
        value = getattr(servers[0], name)
        assert isinstance(value, Unknown) or value == getattr(right[0], name), name


def shortened(entry: Entry, share: int) -> Entry:
    if entry.key.startswith("mysql ") and not entry.key.endswith(("instances", "connection")):
        return entry._replace(text=(entry.text or "")[: len(entry.text or "") * share // 100])
    return entry


def test_options_of_a_start() -> None:
    assert mysql_servers.options_of(["mysqld", "--port=3307", "--skip_grant_tables", "--socket=/tmp/a b.sock"]) == {
        "port": "3307", "skip-grant-tables": "", "socket": "/tmp/a b.sock"}


@pytest.mark.parametrize(("answer", "error"), [
    ({"rc": 1, "text": "", "stderr": "ERROR 1045 (28000): Access denied for user 'root'@'localhost'"}, "denied"),
    ({"rc": 1, "text": "", "stderr": "ERROR 1698 (28000): Access denied for user 'root'@'localhost'"}, "denied"),
    ({"rc": 1, "text": "", "stderr": "ERROR 1040 (HY000): Too many connections"}, "failed"),
    ({"rc": 1, "text": "", "stderr": "ERROR 2002 (HY000): Can't connect"}, "failed"),
    ({"rc": 1, "text": "", "stderr": ""}, "failed"),
    ({"error": "timeout", "text": "", "stderr": ""}, "timeout"),
    ({"error": "denied", "stderr": "needs root, or to run as mysql"}, "denied"),
])
def test_why_a_server_did_not_answer(answer: dict[str, Any], error: str) -> None:
    reason = mysql_servers.reason_of(answer, 12)
    assert reason["error"] == error
    assert reason["stderr"]
