# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses most of what is short: found in the facts of a capture, chosen by the resource, told in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.archive import load
from plugins.plugin_utils.bottleneck.circumstances import (
    DEAD,
    READ,
    WAITED,
    Blocker,
    Circumstances,
    Consumer,
    Query,
    TableUse,
    circumstances_of,
)
from plugins.plugin_utils.bottleneck.consumers import NOBODY_BLOCKED, NOT_ASKED, PARTS, QUERY_LENGTH, busiest, consumers_of
from plugins.plugin_utils.bottleneck.measures import SIGNS
from plugins.plugin_utils.facts.mysql_model import Statement as MysqlStatement, TableWaits
from plugins.plugin_utils.facts.postgresql_model import Blocked
from plugins.plugin_utils.facts.postgresql_tables import Reads, Statement, Table
from plugins.plugin_utils.facts.processes import Process
from plugins.plugin_utils.inspection import judge
from plugins.plugin_utils.reports.bottlenecks import data_of, text_of
from plugins.plugin_utils.wording import render
from tests.histories.cases import made_up

from .boundaries_mysql import server
from .boundaries_postgresql import SESSION, instance, tables

NONE = NotHere("none runs")
FIXTURES = Path(__file__).parents[1] / "fixtures"
PROCESS = Process(7, 1, "postgres", "S", 0, "-", 100, 0.5, 1000)
QUERIES = (Query("postgresql 5432/shop", "SELECT a", 0.7, "-42"), Query("mysql 3306/crm", "SELECT b", 0.6, "ab12"), Query("postgresql 5433/old", "SELECT c", 0.1))
TABLES = (TableUse("postgresql 5432/shop", "public.orders", READ, 2.0**30), TableUse("postgresql 5432/shop", "public.carts", DEAD, 70000),
          TableUse("mysql 3306", "crm.notes", WAITED, 90.0))
BLOCKERS = (Blocker("postgresql 5432", 12, "shop, idle in transaction", 3, 80.0, "UPDATE t SET a = ?"), Blocker("postgresql 5432", 0, "shop", 1, 5.0, "SELECT ?"))
PROGRAMS = (Consumer("postgres", 3.0, 4 * 2**30, "postgresql@15-main.service"), Consumer("java", 0.5, 9 * 2**30, "shop.service"), Consumer("cron", 0.1, 2**20))
ALL = Circumstances(queries=QUERIES, consumers=PROGRAMS, tables=TABLES, blockers=BLOCKERS)
POSTGRES = "postgres (postgresql@15-main.service): 300 % of a CPU since it started, 4.0 GiB of memory"
JAVA = "java (shop.service): 50 % of a CPU since it started, 9.0 GiB of memory"
CRON = "cron: 10 % of a CPU since it started, 1.0 MiB of memory"
SHOP = "postgresql 5432/shop, query -42: 70 % of the time of all statements: SELECT a"
CRM = "mysql 3306/crm, query ab12: 60 % of the time of all statements: SELECT b"
OLD = "postgresql 5433/old: 10 % of the time of all statements: SELECT c"
READ_MOST = "postgresql 5432/shop, table public.orders: 1.0 GiB read that its cache did not have"
WAITED_FOR = "mysql 3306, table crm.notes: statements read and wrote it for 90 s"


@dataclass(frozen=True)
class Holder:
    """A subject's facts by any name."""

    databases: Any = NONE
    instances: Any = NONE
    servers: Any = NONE
    all: Any = ()


def seen(**facts: Holder) -> Circumstances:
    nothing = dict.fromkeys(("postgresql", "postgresql_tables", "mysql", "processes"), Holder())
    return circumstances_of({**nothing, **facts})


def test_a_server_used_what_its_processes_of_before_used() -> None:
    """As PostgreSQL's postmaster, whose servers end with their connections; process 1 is the parent of all that is orphaned."""
    postmaster, other = replace(PROCESS, cpu_ratio=0.01, children_ratio=1.2), replace(PROCESS, pid=8, name="java", cpu_ratio=0.4)
    init = replace(PROCESS, pid=1, name="systemd", cpu_ratio=0.02, children_ratio=5.0)
    found = seen(processes=Holder(all=(init, other, postmaster))).consumers
    assert isinstance(found, tuple)
    assert {one.name: one.cpu_ratio for one in found} == pytest.approx({"postgres": 1.21, "java": 0.4, "systemd": 0.02})


def told(resource: str, circumstances: Circumstances = ALL, *names: str) -> list[str]:
    return [render(line.text, line.values) for line in consumers_of(resource, names, circumstances)]


# In the facts ---------------------------------------------------------------------------------------------------------------------------

def test_programs_are_told_apart_by_their_units() -> None:
    processes = (replace(PROCESS, unit="a.service"), replace(PROCESS, unit="b.service"), replace(PROCESS, unit="b.service"), replace(PROCESS, name="java"))
    found = seen(processes=Holder(all=processes)).consumers
    assert found == (Consumer("postgres", 1.0, 2000, "b.service"), Consumer("postgres", 0.5, 1000, "a.service"), Consumer("java", 0.5, 1000))


def test_the_leader_is_a_program_whatever_its_units() -> None:
    assert busiest((Consumer("java", 4.0, 0), Consumer("postgres", 3.0, 0, "a.service"), Consumer("postgres", 3.0, 0, "b.service"))) == "postgres"
    assert busiest(()) == ""


def test_statements_of_a_server_are_told_once_and_as_whose_they_are() -> None:
    """Each database shows the statements of all."""
    both = (Statement("SELECT a", 1, 9.0, 0.7, "-42", "crm"), Statement("SELECT b", 1, 9.0, None, "43", "crm"))
    crm, shop, old = (tables(statements=statements)[0][0] for statements in (both, both, (Statement("SELECT c", 1, 1.0, 0.9),)))
    databases = (replace(crm, thing="5432/postgres", statements=NotHere("not set up")), replace(crm, thing="5432/crm"), replace(shop, thing="5432/shop"),
                 replace(old, thing="5433/old"))
    assert seen(postgresql_tables=Holder(databases)).queries == (Query("postgresql 5433/old", "SELECT c", 0.9), Query("postgresql 5432/crm", "SELECT a", 0.7, "-42"))


def test_statements_of_mysql() -> None:
    statements = (MysqlStatement("ab12", "crm", 3, 9.0, 0.6, "SELECT b"), MysqlStatement("cd34", "", 3, 1.0, 0.1, "SET x"))
    found = seen(mysql=Holder(servers=server(statements=statements))).queries
    assert found == (Query("mysql 3306/crm", "SELECT b", 0.6, "ab12"), Query("mysql 3306", "SET x", 0.1, "cd34"))


@pytest.mark.parametrize(("facts", "reason"), [
    ({"postgresql_tables": Holder(tables(statements=NotHere("not set up"))[0])}, "no server keeps statistics of its statements"),
    ({"postgresql_tables": Holder(tables(statements=Unknown("denied"))[0])}, "denied"),
    ({"mysql": Holder(servers=server(statements=NotHere("off")))}, "no server keeps statistics of its statements"),
    ({"mysql": Holder(servers=server(statements=Unknown("cut off")))}, "cut off"),
])
def test_statements_that_nobody_keeps_are_unknown(facts: dict[str, Holder], reason: str) -> None:
    found = seen(**facts).queries
    assert isinstance(found, Unknown) and found.reason == reason


def test_a_host_without_databases_has_no_statements_tables_or_locks() -> None:
    found = seen()
    assert (found.queries, found.tables) == ((), ()) and isinstance(found.blockers, NotHere)


def test_tables_that_are_read_most_and_have_most_dead_rows() -> None:
    shop = tables(reads=(Reads("public.orders", 5.0),), tables=(Table("public.carts", 9, 70000, 0, None, None, False), Table("public.clean", 99999, 0, 0, None, None, False)))[0][0]
    blind = replace(shop, thing="5432/blind", reads=Unknown("denied"), tables=Unknown("denied"))
    found = seen(postgresql_tables=Holder((replace(shop, thing="5432/shop"), blind)), mysql=Holder(servers=server(table_waits=(TableWaits("crm.notes", 90.0),)))).tables
    assert found == (TableUse("postgresql 5432/shop", "public.orders", READ, 5.0), TableUse("postgresql 5432/shop", "public.carts", DEAD, 70000),
                     TableUse("mysql 3306", "crm.notes", WAITED, 90.0))
    nothing = seen(postgresql_tables=Holder((blind,))).tables
    assert isinstance(nothing, Unknown) and nothing.reason == "denied"
    off = seen(mysql=Holder(servers=server(table_waits=NotHere("off")))).tables
    assert isinstance(off, Unknown) and off.reason == "no server keeps statistics of its tables"


def blocked(pid: int, *blockers: int, seconds: float = 1.0) -> Blocked:
    return Blocked(pid, blockers, "shop", "shop", seconds, "active", f"UPDATE t{pid}")


@pytest.mark.parametrize(("waiting", "wanted"), [
    ((blocked(2, 1), blocked(3, 1, 2, seconds=9.0), blocked(4, 3)), ((1, 3, "UPDATE t3"),)),              # a chain has one head
    ((blocked(2, 1), blocked(5, 4), blocked(6, 4)), ((4, 2, "UPDATE t5"), (1, 1, "UPDATE t2"))),
    ((blocked(1, 2), blocked(2, 1)), ((1, 2, "UPDATE t1"), (2, 2, "UPDATE t1"))),                         # a circle
    ((blocked(2, 0),), ((0, 1, "UPDATE t2"),)), ((), ()),
    (tuple(blocked(pid, *range(1, pid)) for pid in range(2, 52)), ((1, 50, "UPDATE t2"),)),               # a long queue
])
def test_who_blocks_is_at_the_head_of_the_chain(waiting: tuple[Blocked, ...], wanted: tuple[tuple[int, int, str], ...]) -> None:
    found = seen(postgresql=Holder(instances=instance(blocked=waiting))).blockers
    assert isinstance(found, tuple)
    assert tuple((item.pid, item.blocked_count, item.query) for item in found) == wanted
    assert {(item.instance, item.who) for item in found} <= {("postgresql 5432", "shop")}


def test_a_blocker_is_named_as_far_as_its_session_tells() -> None:
    session = replace(SESSION, pid=1, role="billing", database="shop", application="", state="idle in transaction")
    found = seen(postgresql=Holder(instances=instance(blocked=(blocked(2, 1),), sessions=(session,)))).blockers
    assert isinstance(found, tuple) and found[0].who == "billing, shop, idle in transaction"


def test_consumers_of_recorded_hosts() -> None:
    found = circumstances_of(judge(load(FIXTURES / "mysql" / "healthy_mysql8")).facts)
    assert isinstance(found.queries, tuple) and found.queries[0].query_id == "5e1c8a0d1f3b7c42"
    assert told("plan", found)[-1].startswith("mysql 3306/shop, query 5e1c8a0d1f3b7c42: 61 % of the time of all statements")
    old = circumstances_of(judge(load(FIXTURES / "postgresql_tables" / "sick")).facts)
    assert isinstance(old.queries, tuple) and old.queries[0].query_id == ""
    assert any(line.endswith("dead rows") for line in told("vacuum", old))


# By the resource ------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("resource", "wanted"), [
    ("cpu", [POSTGRES, JAVA, CRON, SHOP, OLD]), ("memory", [JAVA, POSTGRES, CRON]), ("disk", [READ_MOST, WAITED_FOR]),
    ("plan", [POSTGRES, JAVA, CRON, SHOP, CRM, OLD]),
    ("cache", [SHOP, CRM, OLD, READ_MOST, WAITED_FOR]), ("checkpoints", [SHOP, CRM, OLD, READ_MOST, WAITED_FOR]),
    ("work_memory", [SHOP, CRM, OLD, READ_MOST, WAITED_FOR]),
    ("vacuum", ["postgresql 5432/shop, table public.carts: 70000 dead rows"]),
    ("locks", ["postgresql 5432: process 12 (shop, idle in transaction) blocks 3 sessions, the longest for 80 s: UPDATE t SET a = ?",
               "postgresql 5432: a prepared transaction blocks 1 sessions, the longest for 5 s: SELECT ?"]),
    ("network", []), ("filesystem", []), ("pool", []),
])
def test_each_resource_has_its_consumers(resource: str, wanted: list[str]) -> None:
    assert told(resource) == wanted
    assert set(PARTS) <= {sign.resource for sign in SIGNS.values()}


@pytest.mark.parametrize(("share", "shown"), [(0.0099, False), (0.01, True)])
def test_who_uses_hardly_anything_is_not_named(share: float, shown: bool) -> None:
    little = Circumstances(queries=(Query("postgresql 5432/shop", "SELECT a", share),), consumers=(Consumer("cron", share, 2**20),))
    assert len(told("plan", little)) == 2 * shown
    assert len(told("memory", little)) == 1


@pytest.mark.parametrize(("names", "wanted"), [
    (("PostgreSQL 5432",), [SHOP, OLD, READ_MOST]), (("mysql",), [CRM, WAITED_FOR]), (("Tomcat 8080",), [SHOP, CRM, OLD, READ_MOST, WAITED_FOR])])
def test_a_database_that_is_named_is_asked_for_its_own(names: tuple[str, ...], wanted: list[str]) -> None:
    assert told("cache", ALL, *names) == wanted


def test_statements_belong_to_a_cpu_only_where_a_database_leads() -> None:
    assert told("cpu", replace(ALL, consumers=(PROGRAMS[1],))) == [JAVA]
    assert told("cpu", replace(ALL, consumers=(Consumer("mysqld", 3.0, 0),)))[1:] == [CRM]


def test_who_blocks_is_asked_of_postgresql_only() -> None:
    assert told("locks", ALL, "mysql") == [NOT_ASKED]
    assert told("locks", replace(ALL, blockers=())) == [NOBODY_BLOCKED]
    assert told("locks", replace(ALL, blockers=NotHere("no PostgreSQL"))) == []


def test_what_is_not_known_is_told_once() -> None:
    blind = Circumstances()
    assert told("plan", blind) == ["no capture goes with this history"]
    assert told("cpu", replace(ALL, consumers=Unknown("the list of processes is cut off"))) == ["the list of processes is cut off"]
    assert told("disk", blind) == [], "a host need not have tables"


def test_long_statements_are_cut() -> None:
    line = told("plan", Circumstances(consumers=(), queries=(Query("mysql 3306", "SELECT " + "x" * 200, 0.5, "1"),)))[0]
    assert line.endswith("xxx...") and len(line) < QUERY_LENGTH + 80


# In the reports -------------------------------------------------------------------------------------------------------------------------

def test_a_report_tells_who_uses_most() -> None:
    diagnosis = made_up("one statement")
    query = "postgresql 5432/shop, query -6575392506435940546: 71 % of the time of all statements: SELECT * FROM orders WHERE lower(note) = $1"
    assert any(line.strip() == f"uses most: {query}" for line in text_of("db1", diagnosis))
    consumers = data_of(diagnosis)["verdicts"][0]["consumers"]
    assert query in [user["en"] for user in consumers]
    assert all(user["zh_CN"] != user["en"] for user in consumers)
    assert consumers[0]["en"].startswith("postgres (postgresql@15-main.service): ")
