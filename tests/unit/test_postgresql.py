# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: discovery, the division of psql's output, what is kept on the target, and parsers on odd input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils import postgresql_instances as instances, postgresql_queries, postgresql_table_queries, psql
from plugins.module_utils.host import Host, Limits, Recorder
from plugins.module_utils.sql_text import normalised, without_values
from plugins.module_utils.subjects import postgresql_log
from plugins.plugin_utils.absent import NotHere, Unknown, Unreadable
from plugins.plugin_utils.archive import load
from plugins.plugin_utils.facts import postgresql, postgresql_tables
from plugins.plugin_utils.facts.answers import rows
from plugins.plugin_utils.facts.middleware import parse_log
from plugins.plugin_utils.facts.postgresql_model import Found
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules.postgresql_replication import synchronous_count
from plugins.plugin_utils.rules.postgresql_tables import SEQUENCES, check_sequences

FIXTURES = Path(__file__).parents[1] / "fixtures"


def new_host(**options: Any) -> Host:
    return Host(Recorder(Limits(5, 30, 10**6)), "postgresql", **options)


def entries(host: Host) -> dict[str, dict[str, Any]]:
    return {entry["key"]: entry for entry in host._recorder.entries}


@pytest.mark.parametrize(("argv", "port"), [
    (["postgres", "-D", "/a"], None), (["postgres", "-p", "5433"], "5433"), (["postgres", "-p5433"], "5433"),
    (["postgres", "--port=5434", "-c", "port=5435"], "5435"), (["postgres", "-c", "shared_buffers=1GB"], None),
])
def test_the_port_on_the_command_line(argv: list[str], port: str | None) -> None:
    assert instances.option(argv, "-p", "port") == port


@pytest.mark.parametrize(("text", "port"), [
    ("port = 5433 # main\n", "5433"), ("port 5434\n", "5434"), ("#port = 5432\n", ""), ("port='5435'\nport = 5436", "5436"), ("", ""),
    ("export = 1\n", ""),
])
def test_a_setting_of_the_configuration(text: str, port: str) -> None:
    assert instances.setting(text, "port") == port


def test_a_debian_cluster_that_is_down_and_one_that_was_stopped_on_purpose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, start, port in (("15/main", "auto", "5432"), ("15/old", "manual", "5433")):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "postgresql.conf").write_text(f"port = {port}\ndata_directory = '{folder}'\n")
        (folder / "start.conf").write_text(f"# comment\n{start}\n")
        (folder / "PG_VERSION").write_text("15\n")
    monkeypatch.setattr(instances, "DEBIAN_CLUSTERS", str(tmp_path / "*/*/postgresql.conf"))
    found = list(instances.debian_clusters(new_host(), ["postgresql.service"]))
    assert [(item["instance"], item["state"], item["enabled"], item["version"]) for item in found] == [
        ("5432", "down", True, "15"), ("5433", "down", False, "15")]
    assert not [item for item in instances.debian_clusters(new_host(), []) if item["enabled"]]


def test_a_running_server_is_known_by_its_postmaster_pid(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"812\n{tmp_path}\n1795412058\n5433\n/run/pg\n127.0.0.1\n 22 65592\nready   \n")
    (tmp_path / "PG_VERSION").write_text("18\n")
    process = {"pid": 812, "argv": ["postgres", "-D", "x"], "cwd": str(tmp_path), "exe": "", "user": "pg", "container": ""}
    found = instances.of_process(process)
    assert (found["instance"], found["socket"], found["status"], found["version"]) == ("5433", "/run/pg", "ready", "18")
    inside = instances.of_process(dict(process, container="docker-3f2a.scope"))
    assert (inside["instance"], inside["state"], inside["socket"]) == ("docker-3f2a-scope-5432", "container", "")


def test_a_server_whose_data_can_not_be_read_is_known_by_its_configuration(tmp_path: Path) -> None:
    config = tmp_path / "postgresql.conf"
    config.write_text("port = 5445 # lost\n")
    process = {"pid": 812, "parent": 1, "name": "postgres", "argv": ["postgres", "-D", "/gone", "-c", f"config_file={config}"], "uid": 101,
               "user": "postgres", "cwd": "/gone", "exe": "", "container": ""}
    found = instances.of_process(process)
    assert (found["instance"], found["state"], found["status"]) == ("5445", "running", "")


def test_two_of_one_port_have_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    down = [instances.new_instance(f"/srv/{name}", cluster=f"15/{name}", enabled=True) for name in ("a", "b")]
    monkeypatch.setattr(instances, "running", lambda names, workers: [])
    monkeypatch.setattr(instances, "debian_clusters", lambda host, enabled: iter(down))
    monkeypatch.setattr(instances, "red_hat_folders", lambda host, enabled: iter(()))
    assert [item["instance"] for item in instances.find_instances(new_host())] == ["5432", "5432-15-b"]


OUTPUT = """@@caretaker begin server
[{"a":1}]
@@caretaker end server 00000
@@caretaker begin activity
[{"query":"@@caretaker end activity"},
 {"query":"SELECT 'Ann'"}]
@@caretaker end activity 00000
@@caretaker begin passwords
@@caretaker end passwords 42501 permission denied for table pg_authid
@@caretaker begin 2/tables
[{"name":"x"}]
@@caretaker end 2/tables :SQLSTATE :LAST_ERROR_MESSAGE
@@caretaker begin slots
[{"na"""


def test_the_output_is_divided_and_a_cut_one_is_no_answer() -> None:
    host = new_host()
    psql.record_answers(host, "5432", {"rc": 2, "text": OUTPUT, "stderr": "psql: error: server closed\n", "seconds": 0.1},
                        {"activity": without_values})
    found = entries(host)
    assert found["postgresql 5432 session"]["stderr"] == "psql: error: server closed"
    assert json.loads(found["postgresql 5432 server"]["text"]) == [{"a": 1}]
    assert "Ann" not in found["postgresql 5432 activity"]["text"]
    assert (found["postgresql 5432 passwords"]["error"], "text" in found["postgresql 5432 passwords"]) == ("failed", False)
    assert found["postgresql 5432/2 tables"]["text"] == '[{"name":"x"}]'
    assert found["postgresql 5432 slots"]["error"] == "failed"


@dataclass
class Asked:
    """A host on which psql is refused by the account, and answers by password."""

    calls: list[dict[str, Any]]

    def ask(self, argv: list[str], user: str | None = None, stdin: str = "", environment: dict[str, str] | None = None,
            timeout: float | None = None) -> dict[str, Any]:
        self.calls.append({"argv": argv, "user": user, "environment": dict(environment or {})})
        return {"rc": 2, "text": "", "stderr": "FATAL", "seconds": 0.1} if user else {"rc": 0, "text": "", "stderr": "", "seconds": 0.1}

    def credential(self, instance: str, subject: str) -> dict[str, str]:
        return {"user": "monitor", "password": "planted"}


def test_the_password_is_only_in_the_environment() -> None:
    host = Asked([])
    item = instances.new_instance("/srv/pg", user="postgres", socket="/run/pg")
    assert psql.ask(host, item, "SELECT 1;")["rc"] == 0
    first, second = host.calls
    assert (first["user"], "PGPASSWORD" in first["environment"]) == ("postgres", False)
    assert (second["user"], second["environment"]["PGPASSWORD"]) == (None, "planted")
    assert "planted" not in " ".join(second["argv"])
    for option in ("default_transaction_read_only=on", "statement_timeout=5s", "lock_timeout=500ms"):
        assert option in second["environment"]["PGOPTIONS"]


@pytest.mark.parametrize("version", range(10, 19))
def test_each_version_is_asked_each_question_once(version: int) -> None:
    for script in (psql.questions(postgresql_queries.QUERIES, version), postgresql_table_queries.script(version)):
        names = [line for line in script.split("\n") if line.startswith("\\echo '@@caretaker begin")]
        assert len(names) == len(set(names))
    assert {name for name, _first, _beyond, _sql in postgresql_queries.QUERIES} == {
        name for name, first, beyond, _sql in postgresql_queries.QUERIES if first <= version < (beyond or 99)}


@pytest.mark.parametrize(("text", "wanted"), [
    ("SELECT * FROM clients WHERE name = 'O''Hara' AND id = 42", "SELECT * FROM clients WHERE name = ? AND id = ?"),
    ("SELECT 1 -- Ann's order\n, t1.x2 FROM t1", "SELECT ? , t1.x2 FROM t1"),
    ("INSERT INTO t VALUES ($$Ann$$, $q$Ben$q$, E'a\\'Cy', B'101', -1.5e3)", "INSERT INTO t VALUES (...)"),
    ("UPDATE t SET note = 'cut off in the mid", "UPDATE t SET note = ?"),
    ("SELECT x FROM t WHERE a = $1", "SELECT x FROM t WHERE a = $1"),
    ("/* user=Ann */ SELECT 1", "SELECT ?"), ("/* user=Ann", ""), ("", ""),
    ("CREATE ROLE a PASSWORD 'secret'", "CREATE ROLE a PASSWORD ?"), ("SELECT 0xFF, .5", "SELECT ?, ?"),
])
def test_no_value_of_a_statement_is_left(text: str, wanted: str) -> None:
    assert normalised(text) == wanted


@pytest.mark.parametrize("line", [
    "2026-11-22 03:00:00.123 UTC [812] shop@shop ERROR:  deadlock detected",
    '2026-11-22 03:00:00.123 UTC,"shop","shop",812,"[local]",673,3,"UPDATE",2026-11-22 02:00:00 UTC,3/4,0,ERROR,40P01,"deadlock detected",,',
    '{"timestamp":"2026-11-22 03:00:00.123 UTC","user":"shop","error_severity":"ERROR","state_code":"40P01","message":"deadlock detected"}',
])
def test_the_three_forms_of_the_log(line: str) -> None:
    log = parse_log("x", postgresql_log.count(line + "\n\tSELECT 'out of memory'\n"))
    assert [(kind.level, kind.count, kind.message) for kind in log.kinds] == [("ERROR", 1, "deadlock detected")]
    assert str(log.last) == "2026-11-22"


def test_a_statement_in_the_log_is_no_message() -> None:
    text = "2026-11-22 03:00:00 UTC [1] STATEMENT:  SELECT 'No space left on device'\n2026-11-22 03:00:00 UTC [1] PANIC:  Ann's \"x\" failed\n"
    digest = postgresql_log.count(text)
    assert "No space" not in digest
    assert "PANIC 1" in digest
    assert parse_log("x", postgresql_log.count("no time here\n")).first is None


@dataclass(frozen=True)
class Row:
    name: str
    count: int
    share: float | None
    parts: tuple[int, ...]


@pytest.mark.parametrize("text", [
    "", "[", "[{}]", "{}", "null", "\x00\xff", '[{"name":1,"count":1,"share":1,"parts":[]}]', '[{"name":"a","count":true,"share":1,"parts":[]}]',
    '[{"name":"a","count":1,"share":"x","parts":[]}]', '[{"name":null,"count":1,"share":1,"parts":[]}]', '[{"name":"a","count":1,"parts":[]}]',
])
def test_an_answer_of_another_form_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        rows(text, Row, "key")


def test_an_answer_becomes_rows() -> None:
    assert rows('[{"name":"a","count":1,"share":1,"parts":[1,2],"more":0}]', Row, "key") == (Row("a", 1, 1.0, (1, 2)),)
    assert rows('[{"name":"a","count":1,"share":null,"parts":[]}]', Row, "key") == (Row("a", 1, None, ()),)
    assert rows("[]", Row, "key") == ()


def refusals() -> Iterator[tuple[str, str, str]]:
    yield "failed", "FATAL:  sorry, too many clients already", "all its connections are taken"
    yield "failed", "FATAL:  the database system is starting up", "is starting or recovering"
    yield "failed", "FATAL:  the database system is shutting down", "is shutting down"
    yield "failed", 'FATAL:  password authentication failed for user "x"', "it refuses us"
    yield "failed", 'FATAL:  Peer authentication failed for user "x"', "it refuses us"
    yield "failed", 'connection to server on socket "/x" failed: No such file or directory', "nothing listens"
    yield "not_found", "psql is not on this host", "no psql on this host"
    yield "failed", "there is no account pg on this host", "runs under an account"
    yield "denied", "[Errno 1] needs root, or to run as postgres", "only root or its account"
    yield "timeout", "", "did not answer in time"
    yield "failed", "something else", "psql got no answers"


@pytest.mark.parametrize(("error", "stderr", "wanted"), list(refusals()))
def test_each_refusal_says_what_to_do(error: str, stderr: str, wanted: str) -> None:
    found = Found("5432", "running", "postgres", "/srv/pg", "15", "ready", "", "", True)
    reason = postgresql._refused(found, stderr, error)
    assert wanted in reason.reason.format_map(reason.values)


@pytest.mark.parametrize(("names", "count"), [("a", 1), ("*", 1), ("FIRST 2 (a, b)", 2), ("ANY 3(a,b,c)", 3), ("2 (a, b)", 2), ("a, b", 1)])
def test_how_many_standbys_a_commit_waits_for(names: str, count: int) -> None:
    assert synchronous_count(names) == count


@pytest.mark.parametrize("text", ["", "{", "[{}]", '[{"name":"main","status":{"code":0,"message":"ok"},"backup":[{"label":"x"}]}]', "[1]"])
def test_a_cut_answer_of_pgbackrest_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        postgresql.parse_pgbackrest(text, "key")


def test_a_host_without_postgresql_has_none() -> None:
    assert isinstance(postgresql.parse(load(FIXTURES / "postgresql/none")).instances, NotHere)
    assert isinstance(postgresql_tables.parse(load(FIXTURES / "postgresql_tables/none")).databases, NotHere)
    assert isinstance(postgresql.parse(load(FIXTURES / "postgresql_tables/none")).instances, Unknown)


@pytest.mark.parametrize(("unread", "used", "severity"), [
    ((0, 0), 0.4, Severity.OK), ((2, 0), 0.4, Severity.UNKNOWN), ((0, 7), 0.4, Severity.UNKNOWN), ((2, 0), 0.95, Severity.CRITICAL),
])
def test_sequences_that_were_not_read_are_not_called_good(unread: tuple[int, int], used: float, severity: Severity) -> None:
    reason = Unknown("not asked")
    database = replace(postgresql_tables.without("5432/shop", reason), sequences=(postgresql_tables.Sequence("s", "a.id", used, 2**31),),
                       unread_sequences=postgresql_tables.UnreadSequences(*unread))
    (finding,) = check_sequences(SEQUENCES.levels, (database,))
    assert finding.severity == severity
