# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advice from formulas: what a host with default settings is told, what one that was tuned is not, and what nobody can say."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils.absent import NotHere, Unknown
from plugins.plugin_utils.facts import nginx
from plugins.plugin_utils.facts.kernel_settings import Configured, KernelSettingsFacts, parse_conf
from plugins.plugin_utils.facts.memory import MemorySizes
from plugins.plugin_utils.facts.mysql import parse_origins
from plugins.plugin_utils.facts.mysql_model import Names
from plugins.plugin_utils.facts.postgresql_model import Checkpoints, Folder, Reads, Server, Setting
from plugins.plugin_utils.reports.translation import LANGUAGES, translator
from plugins.plugin_utils.settings import Settings
from plugins.plugin_utils.tuning import mysql, postgresql
from plugins.plugin_utils.tuning.advice import advise
from plugins.plugin_utils.tuning.share import BENEATH, GIB, MIB, SEVERAL, Share
from plugins.plugin_utils.tuning.step import Advice, Step, Target
from tests.histories.cases import made_up

DEFAULTS = {
    "shared_buffers": ("16384", "8kB"), "effective_cache_size": ("524288", "8kB"), "maintenance_work_mem": ("65536", "kB"),
    "work_mem": ("4096", "kB"), "max_connections": ("100", ""), "max_worker_processes": ("8", ""), "max_wal_size": ("1024", "MB"),
    "checkpoint_completion_target": ("0.9", ""), "random_page_cost": ("4", ""), "effective_io_concurrency": ("1", ""),
    "autovacuum_max_workers": ("3", ""),
}
MARIADB = {"version": "10.11.6-MariaDB", "innodb_buffer_pool_size": "134217728", "innodb_log_file_size": "100663296",
           "innodb_io_capacity": "200", "innodb_flush_neighbors": "1"}


def settings(**changes: str) -> dict[str, Setting]:
    return {name: Setting(name, changes.get(name, value), unit, "default", "", False) for name, (value, unit) in DEFAULTS.items()}


def instance(values: Any, checkpoints: Any = None, server: Any = None, missed: float = 0.0, disk: float | None = 0.1) -> Any:
    counted = SimpleNamespace(blocks_read=missed * 1000, blocks_hit=(1 - missed) * 1000)
    return SimpleNamespace(
        name="5432", found=SimpleNamespace(state="running"), settings=values, checkpoints=checkpoints, server=server, databases=(counted,),
        reads=Unknown("denied") if disk is None else Reads(2 * GIB, int(disk * 2 * GIB)),
        folders=(Folder("data", "/var/lib/pg", "8:1", 0o700, 108, 100 * GIB, 50 * GIB),))


def host(*, memory: int = 16 * GIB, disks: tuple[str, ...] = ("ssd",), instances: Any = (), servers: Any = (), kernel: Any = None,
         overflows: int = 0, webs: Any = (), huge_pages: Any = "madvise", scheduler: str = "none", read_ahead_kib: int | None = 128) -> dict[str, Any]:
    values = {"vm.swappiness": "60", "net.core.somaxconn": "128"} if kernel is None else kernel
    return {
        "memory": SimpleNamespace(sizes=MemorySizes(memory, memory, 0, 0, 0, 0, 0, 0), transparent_huge_pages=huge_pages), "cpu": SimpleNamespace(count=4),
        "block_devices": SimpleNamespace(disks=tuple(
            SimpleNamespace(name=f"sd{'ab'[place]}", device_class=name, removable=False, scheduler=scheduler, read_ahead_kib=read_ahead_kib)
            for place, name in enumerate(disks))),
        "kernel_settings": KernelSettingsFacts(values, {"vm.swappiness": Configured("60", "/etc/sysctl.d/90-site.conf")}, ""),
        "tcp": SimpleNamespace(overflows=overflows),
        "postgresql": SimpleNamespace(instances=tuple(instances)), "mysql": SimpleNamespace(servers=tuple(servers)),
        "nginx": SimpleNamespace(instances=tuple(webs)),
    }


def web(connections: int = 512, used: int = 10, dropped: int = 0, files: int | None = 1024, leaving: bool = False) -> nginx.Instance:
    none = NotHere("nothing")
    return nginx.Instance(
        "nginx", none, nginx.Configuration(connections, None, "off", ()),
        nginx.Workers(9e5, 9e5, 9e5, (), (nginx.Worker(used, used + 9, files, leaving),)), nginx.Counters(used, 500 + dropped, 500, 900), none, none)


def server(variables: dict[str, str], status: Any = None, origins: Any = None) -> Any:
    """A MySQL that runs for a month, and whose counters show nothing unless told."""
    counted = status if isinstance(status, Unknown) else Names({"uptime": str(30 * 86400), **(status or {})})
    return SimpleNamespace(name="3306", variables=Names(variables), status=counted, origins={} if origins is None else origins)


def proposed(advice: Advice) -> dict[str, str]:
    return {step.target.setting: step.target.value for step in advice.steps}


def test_postgresql_with_its_defaults() -> None:
    advice = advise(host(instances=[instance(settings())]))
    assert proposed(advice) == {
        "vm.swappiness": "10", "shared_buffers": "4096MB", "effective_cache_size": "12288MB", "maintenance_work_mem": "1024MB",
        "work_mem": "37MB", "random_page_cost": "1.1", "effective_io_concurrency": "200"}
    first = next(step for step in advice.steps if step.target.setting == "shared_buffers")
    assert (first.before, first.set_by, first.target.needs_restart) == ("128MB", "default", True)
    assert next(step.set_by for step in advice.steps if step.how == "sysctl") == "/etc/sysctl.d/90-site.conf"


def test_what_was_tuned_gets_no_further_step() -> None:
    values = settings()
    for step in advise(host(instances=[instance(values)])).steps:
        if step.how == "postgresql":
            value, unit = (step.target.value[:-2], "MB") if step.target.value.endswith("MB") else (step.target.value, "")
            values[step.target.setting] = replace(values[step.target.setting], setting=value, unit=unit)
    assert advise(host(instances=[instance(values)], kernel={"vm.swappiness": "10"})).steps == ()


def stored(gibibytes: float, *others: Any) -> SimpleNamespace:
    """The databases of an instance, one of them known by its size; one of another instance is none of them."""
    sizes = (("5432/shop", SimpleNamespace(size_bytes=gibibytes * GIB)), ("5432/*", Unknown("not looked at")), ("54321/x", SimpleNamespace(size_bytes=1e15)))
    return SimpleNamespace(databases=tuple(SimpleNamespace(thing=thing, about=about) for thing, about in sizes))


@pytest.mark.parametrize(("gibibytes", "missed", "disk", "wanted"), [
    (4.1, 0.01, 0.1, "6553MB"), (4.1, 0.0099, 0.1, "4096MB"), (4.0, 0.5, 0.1, "4096MB"), (400, 0.5, 0.24, "6553MB"), (0, 0.5, 0.1, "4096MB"),
    (9, 0.0, 0.1, "4096MB"), (9, 0.5, None, "4096MB"), (9, 0.5, 0.25, "1024MB"), (9, 0.5, 2.0, "1024MB"), (9, 0.001, 0.9, "4096MB"), (3, 0.5, 0.9, "4096MB")])
def test_a_cache_that_misses_what_does_not_fit_is_larger_unless_a_disk_must_be_asked_anyway(
    gibibytes: float, missed: float, disk: float | None, wanted: str
) -> None:
    facts = host(instances=[instance(settings(), missed=missed, disk=disk)])
    assert proposed(advise({**facts, "postgresql_tables": stored(gibibytes)}))["shared_buffers"] == wanted


@pytest.mark.parametrize(("shared", "disk", "wanted"), [(1024, 0.9, None), (1023, 0.9, "1024MB"), (6553, 0.9, None), (6553, 0.1, None), (4096, 0.1, None)])
def test_a_cache_gets_one_step_whatever_the_disks_do_then(shared: int, disk: float, wanted: str | None) -> None:
    facts = host(instances=[instance(settings(shared_buffers=str(shared * 128)), missed=0.5, disk=disk)])
    assert proposed(advise({**facts, "postgresql_tables": stored(9)})).get("shared_buffers") == wanted


def test_little_that_was_read_says_nothing_of_the_disks() -> None:
    found = instance(settings(), missed=0.5)
    found.reads = Reads(GIB - 1, GIB - 1)
    assert proposed(advise({**host(instances=[found]), "postgresql_tables": stored(9)}))["shared_buffers"] == "4096MB"


def test_a_larger_cache_is_left_alone_whether_it_still_misses_or_not() -> None:
    tuned = settings(shared_buffers=str(6553 * 128))
    for missed in (0.0, 0.5):
        assert "shared_buffers" not in proposed(advise({**host(instances=[instance(tuned, missed=missed)]), "postgresql_tables": stored(9)}))


@pytest.mark.parametrize(("shared", "wanted"), [("262143", True), ("262144", False), ("524288", False), ("891289", False), ("891290", True)])
def test_near_enough_is_left_alone(shared: str, wanted: bool) -> None:
    advice = advise(host(instances=[instance(settings(shared_buffers=shared))]))
    assert ("shared_buffers" in proposed(advice)) is wanted


def test_two_servers_share_the_memory() -> None:
    both = advise(host(instances=[instance(settings())], servers=[server(MARIADB)]))
    assert proposed(both)["shared_buffers"] == "2048MB"
    assert proposed(both)["innodb_buffer_pool_size"] == str(int(8 * GIB * 0.7) // (128 * MIB) * 128 * MIB)


def test_mysql_says_who_set_a_value() -> None:
    origins = parse_origins("name\torigin\tpath\ninnodb_buffer_pool_size\tCONFIG\t/etc/mysql/my.cnf\ninnodb_io_capacity\tSQL\tNULL\n"
                            "port\tCOMMAND-LINE\t\n-- 3 rows\n")
    assert origins == {"innodb_buffer_pool_size": "/etc/mysql/my.cnf", "innodb_io_capacity": "SET GLOBAL", "port": "command line"}
    for known, wanted in ((origins, "/etc/mysql/my.cnf"), ({}, "default"), (Unknown("it is MySQL 5.6"), "server")):
        steps = advise(host(servers=[server(MARIADB, origins=known)])).steps
        assert [step.set_by for step in steps if step.target.setting == "innodb_buffer_pool_size"] == [wanted]


def test_order_puts_the_kernel_and_what_others_build_on_first() -> None:
    names = [step.target.setting for step in advise(host(instances=[instance(settings())])).steps]
    assert names.index("vm.swappiness") < names.index("shared_buffers") < names.index("work_mem")
    assert names.index("shared_buffers") < names.index("effective_cache_size")


@pytest.mark.parametrize(("timed", "requested", "wanted"), [(90, 10, None), (89, 11, "8192MB"), (0, 0, None), (0, 4, None), (0, 5, "8192MB")])
def test_wal_grows_only_where_checkpoints_come_for_its_sake(timed: int, requested: int, wanted: str | None) -> None:
    advice = advise(host(instances=[instance(settings(), Checkpoints(timed, requested))]))
    assert proposed(advice).get("max_wal_size") == wanted


def mysql_targets(variables: dict[str, str], share: Share, status: Any = None) -> dict[str, Target]:
    return {name: found for name, found in mysql.targets(Names(variables), status or Unknown("denied"), share).items() if isinstance(found, Target)}


def test_mysql_with_its_defaults() -> None:
    share = Share(16 * GIB, 4, "nvme")
    found = mysql_targets(MARIADB, share)
    assert found["innodb_log_file_size"].value == str(int(found["innodb_buffer_pool_size"].value) // 4)
    assert not found["innodb_log_file_size"].needs_restart
    assert (found["innodb_io_capacity"].value, found["innodb_flush_neighbors"].value) == ("4000", "0")
    assert "innodb_redo_log_capacity" in mysql_targets({"version": "8.4.2", "innodb_redo_log_capacity": "104857600"}, share)
    assert mysql_targets({"version": "5.7.44", "innodb_log_file_size": "1"}, share)["innodb_log_file_size"].needs_restart


@pytest.mark.parametrize(("version", "restart"), [
    ("10.2.1-MariaDB", True), ("10.2.2-MariaDB", False), ("5.5.68-MariaDB", True), ("5.7.4", True), ("5.7.5-log", False)])
def test_an_old_server_resizes_its_pool_at_a_start_only(version: str, restart: bool) -> None:
    assert mysql_targets({"version": version}, Share(16 * GIB, 4, "ssd"))["innodb_buffer_pool_size"].needs_restart is restart


@pytest.mark.parametrize(("version", "size", "left"), [
    ("5.5.68-MariaDB", 5 * MIB, True), ("10.0.38-MariaDB", 5 * MIB, False), ("5.6.7", 5 * MIB, True), ("5.6.8", 5 * MIB, False),
    ("5.5.68-MariaDB", 2 * GIB, None), ("10.0.38-MariaDB", 2 * GIB, None)])
def test_a_server_that_would_not_start_with_another_redo_log_is_left_to_people(version: str, size: int, left: bool | None) -> None:
    advice = advise(host(servers=[server({"version": version, "innodb_log_file_size": str(size)})]))
    assert ("innodb_log_file_size" in proposed(advice)) is (left is False)
    assert advice.undecided.get("3306 innodb_log_file_size") == (mysql.REDO_STAYS if left else None)


@pytest.mark.parametrize(("memory", "sessions", "wanted"), [
    (16, None, 11264), (16, 0, 11392), (16, 100, 11392), (16, 1267, 11392), (16, 1268, 11264), (16, 6000, 1920), (16, 9000, 128), (2, 10, 1408)])
def test_a_pool_leaves_room_for_the_most_sessions(memory: int, sessions: int | None, wanted: int) -> None:
    variables = {**MARIADB, "sort_buffer_size": str(2 * MIB), "max_connections": "1268"}
    status = Unknown("denied") if sessions is None else Names({"max_used_connections": str(sessions)})
    assert mysql_targets(variables, Share(memory * GIB, 4, "ssd"), status)["innodb_buffer_pool_size"].value == str(wanted * MIB)


@pytest.mark.parametrize(("told", "memory", "wanted"), [
    (("128", "8"), 16, 11 * 1024), (("128", "1"), 16, 11 * 1024), (("128", "16"), 16, 10 * 1024), (("128", "64"), 8, 5632), (("128", "1"), 1, 640),
    (("0", None), 16, 11392), (("64", None), 1, 704), ((None, None), 16, 11392)])
def test_a_pool_is_of_whole_chunks_for_each_of_its_parts(told: tuple[str | None, str | None], memory: int, wanted: int) -> None:
    chunk, parts = told
    variables = {**MARIADB, **({} if chunk is None else {"innodb_buffer_pool_chunk_size": str(int(chunk) * MIB)}),
                 **({} if parts is None else {"innodb_buffer_pool_instances": parts})}
    assert mysql_targets(variables, Share(memory * GIB, 4, "ssd"))["innodb_buffer_pool_size"].value == str(wanted * MIB)


def test_disks_of_two_classes_are_not_guessed_at() -> None:
    advice = advise(host(disks=("hdd", "ssd"), instances=[instance(settings())]))
    assert "random_page_cost" not in proposed(advice)
    assert advice.undecided["disks"].values == {"classes": "hdd, ssd"}


@pytest.mark.parametrize(("disks", "told", "cost", "undecided"), [
    (("virtual",), None, None, {"disks": BENEATH}), (("virtual",), "ssd", "1.1", {}), (("hdd", "ssd"), "ssd", "1.1", {}),
    (("hdd", "ssd"), "hdd", None, {}), (("ssd",), None, "1.1", {})])
def test_the_inventory_may_tell_what_databases_lie_on(disks: tuple[str, ...], told: str | None, cost: str | None, undecided: dict[str, Unknown]) -> None:
    advice = advise({**host(disks=disks, instances=[instance(settings())]), "settings": Settings(disk_class=told)})
    assert (proposed(advice).get("random_page_cost"), advice.undecided) == (cost, undecided)


@pytest.mark.parametrize(("version", "now", "wanted"), [
    (150004, "off", "lz4"), (150004, "pglz", None), (150004, "lz4", None), (140011, "off", None), (0, "off", None)])
def test_the_wal_is_compressed_where_that_costs_little(version: int, now: str, wanted: str | None) -> None:
    values = {**settings(), "wal_compression": Setting("wal_compression", now, "", "default", "", False)}
    server = Server(version, "", False, 9.0, 1, True, True) if version else Unknown("denied")
    assert proposed(advise(host(instances=[instance(values, server=server)]))).get("wal_compression") == wanted


def large(shared: str, pages: str = "71", reserved: str = "0", memory: int = 64 * GIB, wish: str = "try") -> dict[str, Any]:
    """A PostgreSQL with shared_buffers in pages of 8 KiB and the huge pages that the server says it takes."""
    values = {**settings(shared_buffers=shared), "shared_memory_size_in_huge_pages": Setting("x", pages, "", "default", "", False),
              "huge_pages": Setting("huge_pages", wish, "", "default", "", False)}
    return host(memory=memory, instances=[instance(values)], kernel={"vm.swappiness": "10", "vm.nr_hugepages": reserved})


@pytest.mark.parametrize(("facts", "wanted"), [
    (large("16384"), "8778"), (large("2097152", "8300"), "8466"), (large("2097152", "8300", "8466"), None), (large("2097152", "8300", "8300"), None),
    (large("2097152", "8300", "8299"), "8466"), (large("16384", "-1"), None), (large("16384", "1"), None), (host(memory=16 * GIB, instances=[instance(settings())]), None),
    (large("16383", memory=GIB), "141"), (large("16383", memory=GIB - 4096), None), (large("16384", wish="off"), None)])
def test_large_pages_are_reserved_for_large_buffers(facts: dict[str, Any], wanted: str | None) -> None:
    names = list(proposed(advise(facts)))
    assert proposed(advise(facts)).get("vm.nr_hugepages") == wanted
    assert wanted is None or "shared_buffers" not in names or names.index("vm.nr_hugepages") < names.index("shared_buffers")


@pytest.mark.parametrize(("now", "wanted"), [("1", "0"), ("0", None)])
def test_memory_of_other_nodes_is_used(now: str, wanted: str | None) -> None:
    facts = host(instances=[instance(settings())], kernel={"vm.zone_reclaim_mode": now})
    assert proposed(advise(facts)).get("vm.zone_reclaim_mode") == wanted


def test_settings_that_were_not_told_are_undecided() -> None:
    advice = advise(host(instances=[instance(Unknown("psql hung"))]))
    assert advice.undecided["5432"].reason == "psql hung"
    assert not any(step.how == "postgresql" for step in advice.steps)


def test_memory_that_was_not_seen_is_undecided() -> None:
    facts = {**host(instances=[instance(settings())]), "memory": Unknown("/proc/meminfo: is cut off")}
    assert "databases" in advise(facts).undecided


def test_a_container_has_no_kernel_of_its_own() -> None:
    facts = host(instances=[instance(settings())])
    other = NotHere("a container")
    steps = advise({**facts, "kernel_settings": KernelSettingsFacts(other, other, other)}).steps
    assert steps
    assert not any(step.how == "sysctl" for step in steps)


def test_lost_connections_raise_the_queue() -> None:
    assert proposed(advise(host(overflows=3)))["net.core.somaxconn"] == "4096"
    assert advise(host()).steps == ()           # and without a database swappiness is nobody's business


@pytest.mark.parametrize(("found", "wanted"), [
    (web(), {}), (web(used=460), {}), (web(used=461), {"worker_rlimit_nofile": "8704", "worker_connections": "4096"}),
    (web(dropped=1), {"worker_rlimit_nofile": "8704", "worker_connections": "4096"}), (web(dropped=1, files=8192), {"worker_connections": "4096"}),
    (web(dropped=9, connections=4096, files=8704), {}), (web(dropped=1, files=None), {"worker_connections": "4096"}), (web(dropped=1, leaving=True), {})])
def test_an_nginx_that_turned_clients_away_gets_room_once(found: nginx.Instance, wanted: dict[str, str]) -> None:
    advice = advise(host(webs=[found]))
    assert proposed(advice) == wanted
    assert list(proposed(advice)) == list(wanted)           # files come before the connections that take them


def test_an_nginx_that_could_not_be_looked_at_is_undecided() -> None:
    assert advise(host(webs=[replace(web(), workers=Unknown("denied"))])).undecided["nginx nginx"].reason == "denied"


@pytest.mark.parametrize(("huge_pages", "databases", "wanted"), [
    ("always", True, "madvise"), ("always", False, None), ("madvise", True, None), ("never", True, None), (Unknown("denied"), True, None)])
def test_large_pages_are_for_those_who_ask(huge_pages: Any, databases: bool, wanted: str | None) -> None:
    advice = advise(host(huge_pages=huge_pages, instances=[instance(settings())] if databases else []))
    assert proposed(advice).get("kernel/mm/transparent_hugepage/enabled") == wanted
    assert not wanted or next(step.how for step in advice.steps if step.target.value == wanted) == "sysfs"


@pytest.mark.parametrize(("disk", "scheduler", "wanted"), [
    ("ssd", "cfq", "deadline"), ("virtual", "bfq", "mq-deadline"), ("nvme", "bfq", "none"), ("hdd", "cfq", None), ("ssd", "mq-deadline", None),
    ("ssd", "", None)])
def test_a_scheduler_that_sorts_is_for_disks_with_heads(disk: str, scheduler: str, wanted: str | None) -> None:
    advice = advise(host(disks=(disk,), scheduler=scheduler))
    assert proposed(advice) == ({"block/sda/queue/scheduler": wanted} if wanted else {})
    assert all((step.how, step.before) == ("sysfs", scheduler) for step in advice.steps)


@pytest.mark.parametrize(("disk", "ahead", "case", "wanted"), [
    ("hdd", 128, "disk short, hdd", "4096"), ("hdd", 1024, "disk short, hdd", None), ("hdd", None, "disk short, hdd", None), ("ssd", 128, "disk short, hdd", None),
    ("hdd", 128, "quiet", None)])
def test_a_disk_with_a_head_that_was_slow_for_weeks_reads_ahead(disk: str, ahead: int | None, case: str, wanted: str | None) -> None:
    facts = {**host(disks=(disk,), read_ahead_kib=ahead), "bottlenecks": SimpleNamespace(diagnosis=made_up(case))}
    assert proposed(advise(facts)) == ({"block/sda/queue/read_ahead_kb": wanted} if wanted else {})


def test_a_profile_of_tuned_may_have_set_it() -> None:
    facts = {**host(overflows=3), "kernel_settings": KernelSettingsFacts({"net.core.somaxconn": "128"}, {}, "virtual-guest")}
    assert [step.set_by for step in advise(facts).steps] == ["tuned profile virtual-guest, or default"]


def of_weeks(*causes: str) -> dict[str, Any]:
    """A host's kernel, as it is and with what the diagnosis of weeks found."""
    verdicts = tuple(verdict for name in causes for verdict in made_up(name).verdicts)
    values = {"vm.dirty_bytes": "0", "vm.dirty_background_bytes": "0", "net.core.netdev_max_backlog": "1000", "fs.file-max": "100000",
              "net.netfilter.nf_conntrack_max": "262144"}
    return {**host(kernel=values), "bottlenecks": SimpleNamespace(diagnosis=replace(made_up("quiet"), verdicts=verdicts))}


@pytest.mark.parametrize(("case", "wanted"), [
    ("dirty pages", {"vm.dirty_bytes": "536870912", "vm.dirty_background_bytes": "67108864"}), ("softnet", {"net.core.netdev_max_backlog": "5000"}),
    ("conntrack", {"net.netfilter.nf_conntrack_max": str(16 * GIB // 16384)}), ("open files", {"fs.file-max": str(16 * GIB // 10240)}), ("quiet", {})])
def test_limits_of_the_kernel_that_were_short_for_weeks(case: str, wanted: dict[str, str]) -> None:
    facts = of_weeks(case)
    assert proposed(advise(facts)) == wanted
    tuned = {**facts["kernel_settings"].values, **wanted}
    assert advise({**facts, "kernel_settings": KernelSettingsFacts(tuned, {}, "")}).steps == (), "once"


def test_a_host_without_anything_gets_nothing() -> None:
    assert advise({}) == Advice((), {})


def test_files_of_sysctl() -> None:
    assert parse_conf("#a=1\n;b=2\n-net/core/somaxconn = 5\nnet/ipv4/conf/eth0.100/rp_filter=1\nvm.x =  1   2 \nnonsense\n") == {
        "net.core.somaxconn": "5", "net.ipv4.conf.eth0/100.rp_filter": "1", "vm.x": "1 2"}


def all_targets() -> list[Target]:
    share = Share(64 * GIB, 32, "ssd")
    folder = Folder("data", "/d", "8:1", 0o700, 1, 100 * GIB, 50 * GIB)
    weeks = advise(of_weeks("dirty pages", "softnet", "conntrack", "open files")).steps
    steps: tuple[Step, ...] = weeks + advise(host(instances=[instance(settings())], overflows=1, webs=[web(dropped=1)], huge_pages="always")).steps
    slow = {**host(disks=("hdd",)), "bottlenecks": SimpleNamespace(diagnosis=made_up("disk short, hdd"))}
    steps += advise(large("16384")).steps + advise(host(instances=[instance(settings())], kernel={"vm.zone_reclaim_mode": "1"})).steps
    steps += advise(slow).steps + advise(host(scheduler="bfq")).steps
    for disk in (0.1, 0.9):
        steps += advise({**host(instances=[instance(settings(), missed=0.5, disk=disk)]), "postgresql_tables": stored(99)}).steps
    return [*(step.target for step in steps), *postgresql.targets(settings(), share, Checkpoints(0, 9), folder, 150000),
            *mysql_targets(MARIADB, share).values(), *mysql_targets({"version": "8.4", "innodb_redo_log_capacity": "1"}, share).values()]


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_is_translated(language: str) -> None:
    translate = translator(language)
    texts = {text for target in all_targets() for text in (target.formula, target.effect)}
    texts |= {"the host's memory was not looked at", "the host's processors were not looked at", "the host's disks were not looked at",
              SEVERAL, BENEATH.reason, mysql.REDO_STAYS.reason}
    assert sorted(text for text in texts if translate(text) == text) == []
