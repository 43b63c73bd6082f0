# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the facts of nginx, HAProxy, JVMs, Tomcat and Apache look when a level's value is ``v``; see test_boundaries.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from plugins.plugin_utils.absent import NotHere
from plugins.plugin_utils.facts import haproxy, httpd, java, nginx, tomcat
from plugins.plugin_utils.facts.middleware import Responses, Version
from plugins.plugin_utils.findings import DAY, HOUR, Severity

NOW = datetime(2026, 11, 20, tzinfo=UTC)
NONE = NotHere("")


def ended(year: int, month: int, day: int, seconds: float) -> datetime:
    """The moment at which so many seconds are left of that day."""
    return datetime(year, month, day, tzinfo=UTC) + timedelta(days=1, seconds=-seconds)


def server_errors(ratio: float, count: int) -> tuple[Responses, ...]:
    return (Responses("/a.log", round(count / ratio) if ratio else count, count, 0, NOW),)


SERVED = nginx.Instance(
    "x", Version("1.26.0", "1.26", False), nginx.Configuration(1000, None, "off", ()),
    nginx.Workers(9 * DAY, 0, 0, (), (nginx.Worker(0, 0, 10000, False),)), nginx.Counters(0, 10**6, 10**6, 10**6), NONE, NONE)


def nginx_with(**changes: Any) -> tuple[nginx.Instance, ...]:
    return (replace(SERVED, **changes),)


def nginx_worker(connections: float, files: float, limit: int) -> tuple[nginx.Instance, ...]:
    worker = nginx.Worker(round(connections), round(files), limit, False)
    return nginx_with(workers=nginx.Workers(9 * DAY, 0, 0, (), (worker,)))


BALANCER = haproxy.Instance("x", haproxy.Info("2.4.9", 9 * DAY, 0, 1000, 1, 0, 1, 0), Version("2.4.9", "2.4", False), (),
                            haproxy.Processes((0,)), haproxy.Limits(1000, ()))
ROW = haproxy.Proxy("b", "BACKEND", "backend", "UP", 0, 0, None, 0, 0, 0, 0, 0, 0)


def haproxy_with(**changes: Any) -> tuple[haproxy.Instance, ...]:
    return (replace(BALANCER, **changes),)


def haproxy_info(**changes: Any) -> tuple[haproxy.Instance, ...]:
    return haproxy_with(info=replace(BALANCER.info, **changes))


def haproxy_row(**changes: Any) -> tuple[haproxy.Instance, ...]:
    return haproxy_with(proxies=(replace(ROW, **changes),))


JVM = java.Instance(
    "x", 1, java.Options((), None, None, 1000), java.Process("/opt/java", 9 * DAY, 0, 1000, 0, None, ()),
    java.Counters("16.0.2", java.Collections(0, 0, 0), 0, 1000, 0, 0, True), java.Threads({"RUNNABLE": 1}, 0, ()),
    Version("16.0.2", "16", False), date(2026, 1, 17))


def java_with(**changes: Any) -> tuple[java.Instance, ...]:
    return (replace(JVM, **changes),)


def java_process(**changes: Any) -> tuple[java.Instance, ...]:
    return java_with(process=replace(JVM.process, **changes))


def java_counters(**changes: Any) -> tuple[java.Instance, ...]:
    return java_with(counters=replace(JVM.counters, **changes))


CATALINA = tomcat.Instance("x", 9 * DAY, Version("8.5.1", "8.5", False), NONE, (), (), NONE, NONE, NONE, "")


def tomcat_with(**changes: Any) -> tuple[tomcat.Instance, ...]:
    return (replace(CATALINA, **changes),)


APACHE = httpd.Instance("x", Version("2.2.1", "2.2", False), httpd.Configuration("event", 1000, "prod", False, ()), NONE, NONE, NONE, NONE)


def httpd_with(**changes: Any) -> tuple[httpd.Instance, ...]:
    return (replace(APACHE, **changes),)


FACTS: dict[tuple[str, str], Callable[[float, str], tuple[Any, ...]]] = {
    ("nginx_version", "left_seconds"): lambda v, _: (nginx_with(), ended(2025, 4, 23, v)),
    ("nginx_connections", "used_ratio"): lambda v, _: (nginx_worker(v * 1000, 0, 9999),),
    ("nginx_files", "used_ratio"): lambda v, _: (nginx_worker(0, v * 1000, 1000),),
    ("nginx_dropped", "new_count"):
        lambda v, _: (nginx_with(counters=nginx.Counters(0, 10**6, 10**6 - round(v), 0)), NOW, {}),
    ("nginx_server_errors", "errors_ratio"): lambda v, _: (nginx_with(access_logs=server_errors(v, round(v * 10**6))), NOW),
    ("nginx_server_errors", "errors_count"): lambda v, _: (nginx_with(access_logs=server_errors(0.02, round(v))), NOW),
    ("haproxy_version", "left_seconds"): lambda v, _: (haproxy_with(), ended(2026, 6, 30, v)),
    ("haproxy_connections", "used_ratio"): lambda v, _: (haproxy_info(connections_count=round(v * 1000)),),
    ("haproxy_sessions", "used_ratio"):
        lambda v, _: (haproxy_row(kind="server", sessions_count=round(v * 1000), sessions_limit=1000),),
    ("haproxy_queue", "queue_count"): lambda v, _: (haproxy_row(queue_count=round(v)),),
    ("haproxy_server_errors", "errors_ratio"):
        lambda v, _: (haproxy_row(errors_count=round(v * 10**6), responses_count=10**6), NOW, {}),
    ("haproxy_server_errors", "errors_count"):
        lambda v, _: (haproxy_row(errors_count=round(v), responses_count=round(v * 50)), NOW, {}),
    ("haproxy_retries", "again_per_second"): lambda v, _: (haproxy_row(retries_count=round(v * 9 * DAY)), NOW, {}),
    ("haproxy_retries", "outages_count"): lambda v, _: (haproxy_row(downs_count=round(v)), NOW, {}),
    ("haproxy_idle", "idle_ratio"): lambda v, _: (haproxy_info(idle_ratio=v),),
    ("haproxy_old_workers", "old_count"):
        lambda v, _: (haproxy_with(processes=haproxy.Processes((0, *(9 * DAY for _number in range(round(v)))))),),
    ("java_counters", "outside_bytes"): lambda v, _: (java_process(resident_bytes=round(v)),),
    ("java_version", "left_seconds"): lambda v, _: (java_with(), ended(2021, 9, 14, v)),
    ("java_patch_level", "age_seconds"): lambda v, _: (java_with(), datetime(2026, 1, 17, tzinfo=UTC) + timedelta(seconds=v)),
    ("java_heap", "used_ratio"): lambda v, _: (java_counters(old_used_bytes=round(v * 1000)), NOW, {}),
    ("java_gc_time", "stopped_ratio"): lambda v, _: (java_counters(collections=java.Collections(v * 9 * DAY, 0, 0)), NOW, {}),
    ("java_full_gc", "per_hour"):
        lambda v, _: (java_counters(collections=java.Collections(0, 0, round(v * 9 * DAY / HOUR))), NOW, {}),
    ("java_metaspace", "used_ratio"): lambda v, _: (java_counters(metaspace_used_bytes=round(v * 1000)),),
    ("java_threads", "blocked_count"): lambda v, _: (java_with(threads=java.Threads({"BLOCKED": round(v)}, 0, ())),),
    ("java_files", "used_ratio"): lambda v, _: (java_process(files_count=round(v * 1000)),),
    ("java_memory", "heap_ratio"): lambda v, _: (java_counters(heap_max_bytes=round(v * 1000)), 1000),
    ("java_dumps", "age_seconds"): lambda v, _: (java_process(dumps=(java.Dump("x.hprof", 1, v),)),),
    ("tomcat_version", "left_seconds"): lambda v, _: (tomcat_with(), ended(2024, 3, 31, v)),
    ("tomcat_threads", "busy_ratio"): lambda v, _: (tomcat_with(used=(tomcat.Used("c", round(v * 1000), 1000),)),),
    ("tomcat_requests", "errors_ratio"):
        lambda v, _: (tomcat_with(requests=(tomcat.Requests("c", 10**6, round(v * 10**6)),)), NOW, {}),
    ("tomcat_requests", "errors_count"): lambda v, _: (tomcat_with(requests=(tomcat.Requests("c", round(v * 10), round(v)),)), NOW, {}),
    ("httpd_version", "left_seconds"): lambda v, _: (httpd_with(), ended(2017, 12, 31, v)),
    ("httpd_workers", "busy_ratio"): lambda v, _: (httpd_with(scoreboard=httpd.Scoreboard(round(v * 1000), 0, 0)),),
    ("httpd_server_errors", "errors_ratio"): lambda v, _: (httpd_with(access_logs=server_errors(v, round(v * 10**6))), NOW),
    ("httpd_server_errors", "errors_count"): lambda v, _: (httpd_with(access_logs=server_errors(0.02, round(v))), NOW),
}
# {(rule, level): {graded: shown as}}, where a rule shows something else than the level's own grade
SHOWN_AS = {("java_dumps", "age_seconds"): {Severity.OK: Severity.INFO}}
