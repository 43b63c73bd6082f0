# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for HAProxy and Tomcat: where a limit was reached, to a fixed target, once; and what nobody can say."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils.absent import Known, Unknown
from plugins.plugin_utils.bottleneck.diagnosis import Diagnosis
from plugins.plugin_utils.bottleneck.measures import MEASURES
from plugins.plugin_utils.facts import haproxy, rabbitmq, tomcat
from plugins.plugin_utils.facts.memory import MemorySizes
from plugins.plugin_utils.facts.middleware import Version
from plugins.plugin_utils.findings import Domain, Severity
from plugins.plugin_utils.inspection import Judged
from plugins.plugin_utils.registry import RULES_BY_ID
from plugins.plugin_utils.reports.translation import translator
from plugins.plugin_utils.tuning import haproxy as haproxy_targets, planning, rabbitmq as rabbitmq_targets, tomcat as tomcat_targets
from plugins.plugin_utils.tuning.advice import advise
from plugins.plugin_utils.tuning.proof import Outcome
from plugins.plugin_utils.tuning.proposals import value_for
from plugins.plugin_utils.tuning.remedies import by_hand, steps_for
from plugins.plugin_utils.tuning.share import GIB, MIB
from plugins.plugin_utils.tuning.step import Advice, Target
from plugins.plugin_utils.tuning.verdict import OVER_WEEKS, judge_stage
from tests.histories.cases import made_up

from .boundaries_middleware import BALANCER, CATALINA, ROW
from .boundaries_rabbitmq import BROKER, STATUS
from .test_tuning_samples import measured, readings

FILE = "/etc/haproxy/haproxy.cfg"


def host(*, balancers: Any = (), tomcats: Any = (), brokers: Any = (), memory: Known[int] = 16 * GIB, diagnosis: Any = None) -> dict[str, Any]:
    sizes = MemorySizes(memory, memory, 0, 0, 0, 0, 0, 0) if isinstance(memory, int) else memory
    return {"memory": SimpleNamespace(sizes=sizes), "haproxy": SimpleNamespace(instances=tuple(balancers)),
            "tomcat": SimpleNamespace(instances=tuple(tomcats)), "rabbitmq": SimpleNamespace(brokers=tuple(brokers)), "bottlenecks": SimpleNamespace(diagnosis=diagnosis)}


def written(section: str, value: str, name: str = "maxconn") -> haproxy.Written:
    return haproxy.Written(section, name, value, FILE)


def frontend(name: str = "www", sessions: int = 0, limit: int | None = None, peak: int = 0) -> haproxy.Proxy:
    return replace(ROW, proxy=name, name="FRONTEND", kind="frontend", sessions_count=sessions, sessions_limit=limit, peak_count=peak)


def balancer(
    used: int = 0, limit: int = 2000, *, reached: int = 0, frontends: tuple[haproxy.Proxy, ...] = (), files: int = 524288,
    lines: tuple[haproxy.Written, ...] = (),
) -> haproxy.Instance:
    info = replace(BALANCER.info, connections_count=used, connections_limit=limit, reached_count=reached)
    return replace(BALANCER, name="haproxy", info=info, proxies=frontends, limits=haproxy.Limits(files, lines))


def proposed(advice: Advice) -> dict[str, tuple[str, str]]:
    return {step.target.setting: (step.before, step.target.value) for step in advice.steps}


FULL = {"global maxconn": ("2000", "20000")}
NARROW = {"frontend www maxconn": ("500", "20000")}


@pytest.mark.parametrize(("found", "wanted"), [
    (balancer(1599), {}), (balancer(1600), FULL), (balancer(10, reached=1), FULL),
    (balancer(10, frontends=(frontend(limit=2000, peak=1999),)), {}),
    (balancer(10, frontends=(frontend(limit=2000, peak=2000),)), FULL),                 # it follows the whole process's limit
    (balancer(10, frontends=(frontend(sessions=399, limit=500, peak=499),)), {}),
    (balancer(10, frontends=(frontend(sessions=400, limit=500, peak=400),)), NARROW),
    (balancer(10, frontends=(frontend(limit=500, peak=500),)), NARROW),
    (balancer(10, frontends=(frontend(limit=2000, peak=2000),), lines=(written("defaults", "2000"),)),
     {**FULL, "frontend www maxconn": ("2000", "20000")}),
    (balancer(10, frontends=(replace(frontend(limit=500, peak=500), kind="server"),)), {}),
    (balancer(19999, 19999), {"global maxconn": ("19999", "20000")}), (balancer(20000, 20000), {}), (balancer(100000, 100000), {}),
])
def test_an_haproxy_that_was_full_gets_room_once(found: haproxy.Instance, wanted: dict[str, tuple[str, str]]) -> None:
    advice = advise(host(balancers=[found]))
    assert proposed(advice) == wanted
    assert all((step.domain, step.how, step.instance, step.target.proof) == (Domain.PLATFORM, "haproxy", "haproxy", "connections_wait_seconds")
               for step in advice.steps)
    assert advice.undecided == {}


@pytest.mark.parametrize(("memory", "files", "lines", "wanted"), [
    (1 * GIB, 524288, (), "7900"),                      # a quarter of a GiB at 33 KiB: 7943
    (4 * GIB, 524288, (), "20000"), (16 * GIB, 20000, (), "9700"),
    (16 * GIB, 524288, (written("global", "8192", "ulimit-n"),), "3800"),
    (256 * MIB, 524288, (), None),                      # 1985: no more than it has
    (16 * GIB, 1024, (), None),
])
def test_memory_and_files_bound_it(memory: int, files: int, lines: tuple[haproxy.Written, ...], wanted: str | None) -> None:
    advice = advise(host(balancers=[balancer(2000, files=files, lines=lines)], memory=memory))
    assert proposed(advice) == ({"global maxconn": ("2000", wanted)} if wanted else {})


@pytest.mark.parametrize("memory", [512 * MIB, GIB, 64 * GIB])
def test_what_was_raised_gets_no_further_step(memory: int) -> None:
    (step,) = advise(host(balancers=[balancer(2000)], memory=memory)).steps
    again = balancer(int(step.target.value), int(step.target.value), reached=9, lines=(written("global", step.target.value),))
    assert advise(host(balancers=[again], memory=memory)).steps == ()


def test_two_of_them_share_the_memory() -> None:
    advice = advise(host(balancers=[balancer(2000), replace(balancer(), name="other")], memory=2 * GIB))
    assert proposed(advice) == {"global maxconn": ("2000", "7900")}


@pytest.mark.parametrize(("lines", "wanted"), [
    ((), "default"), ((written("global", "2000"),), FILE), ((written("defaults", "9"),), "default"), ((written("frontend www", "9"),), "default")])
def test_who_sets_it_today(lines: tuple[haproxy.Written, ...], wanted: str) -> None:
    (step,) = advise(host(balancers=[balancer(2000, lines=lines)])).steps
    assert step.set_by == wanted


def test_a_frontend_may_have_its_limit_from_the_defaults() -> None:
    (step,) = advise(host(balancers=[balancer(2000, frontends=(frontend(limit=2000, peak=2000),))])).steps
    assert step.target.answers == (("haproxy_connections", "haproxy"), ("haproxy_sessions", "haproxy www")), "it follows the whole process"
    (step,) = advise(host(balancers=[balancer(frontends=(frontend(limit=500, peak=500),), lines=(written("defaults", "500"),))])).steps
    assert (step.set_by, step.target.answers) == (FILE, (("haproxy_sessions", "haproxy www"),))


@pytest.mark.parametrize(("found", "memory", "name", "reason"), [
    (balancer(2000, lines=(written("global", "2000"), written("global", "2000"))), GIB, "haproxy haproxy global maxconn", haproxy_targets.TWICE),
    (balancer(2000, lines=(written("global", "${MAXCONN}"),)), GIB, "haproxy haproxy global maxconn", haproxy_targets.WORDS),
    (replace(balancer(2000), limits=Unknown("denied")), GIB, "haproxy haproxy global maxconn", "denied"),
    (balancer(2000), Unknown("cut off"), "haproxy haproxy global maxconn", "cut off"),
    (replace(balancer(2000), info=Unknown("no socket")), GIB, "haproxy haproxy", "no socket"),
    (replace(balancer(2000), proxies=Unknown("cut")), GIB, "haproxy haproxy", "cut"),
])
def test_what_cannot_be_told_of_an_haproxy_is_undecided(found: haproxy.Instance, memory: Known[int], name: str, reason: str) -> None:
    advice = advise(host(balancers=[found], memory=memory))
    assert (advice.steps, advice.undecided[name].reason) == ((), reason)


def test_memory_matters_only_where_something_is_full() -> None:
    assert advise(host(balancers=[balancer()], tomcats=[catalina(1)], memory=Unknown("cut off"))).undecided == {}


def catalina(busy: int, limit: int | None = 200, *, executor: str = "", unit: Known[str] = "tomcat10.service", name: str = "http-nio-8080") -> tomcat.Instance:
    connectors = (tomcat.Connector("8080", "HTTP/1.1", limit, True, False, executor), tomcat.Connector("8009", "AJP/1.3", 200, False, True, executor))
    executors = (tomcat.Executor(executor, limit, "catalina"),) if executor else ()
    return replace(CATALINA, name="shop", configuration=tomcat.Configuration(connectors, executors, -1, False), unit=unit,
                   used=(tomcat.Used(name, busy, limit),))


RAISED = {"Connector 8080 maxThreads": ("200", "400")}


@pytest.mark.parametrize(("found", "wanted"), [
    (catalina(159), {}), (catalina(160), RAISED), (catalina(200), RAISED), (catalina(399, 399), {"Connector 8080 maxThreads": ("399", "400")}),
    (catalina(400, 400), {}), (catalina(1000, 1000), {}), (catalina(9, None), {}),
    (catalina(200, executor="pool"), {"Executor pool maxThreads": ("200", "400")}),
    (catalina(200, executor="pool", name="catalina"), {"Executor pool maxThreads": ("200", "400")}),
    (replace(catalina(200), used=(tomcat.Used("http-nio-8080", 200, 200), tomcat.Used("ajp-nio-127.0.0.1-8009", 200, 200))),
     {**RAISED, "Connector 8009 maxThreads": ("200", "400")}),
    (replace(catalina(200, executor="pool"), used=(tomcat.Used("http-nio-8080", 200, 200), tomcat.Used("ajp-nio-8009", 200, 200))),
     {"Executor pool maxThreads": ("200", "400")}),
])
def test_a_tomcat_whose_threads_were_busy_gets_more_once(found: tomcat.Instance, wanted: dict[str, tuple[str, str]]) -> None:
    advice = advise(host(tomcats=[found]))
    assert proposed(advice) == wanted
    assert all((step.domain, step.how, step.target.needs_restart) == (Domain.PLATFORM, "tomcat", True) for step in advice.steps)
    assert {rule for step in advice.steps for rule, _object in step.target.answers} <= {"tomcat_threads"} <= set(RULES_BY_ID)


def test_a_shared_executor_answers_for_all_its_connectors() -> None:
    used = (tomcat.Used("http-nio-8080", 200, 200), tomcat.Used("ajp-nio-8009", 200, 200))
    (step,) = advise(host(tomcats=[replace(catalina(200, executor="pool"), used=used)])).steps
    assert step.target.answers == (("tomcat_threads", "shop http-nio-8080"), ("tomcat_threads", "shop ajp-nio-8009"))


@pytest.mark.parametrize(("memory", "tomcats", "decided"), [(1600 * MIB, 1, True), (1600 * MIB - 1, 1, False), (3200 * MIB, 2, True), (3199 * MIB, 2, False)])
def test_the_stacks_must_have_room(memory: int, tomcats: int, decided: bool) -> None:
    others = [replace(catalina(1), name=f"other{place}") for place in range(tomcats - 1)]
    advice = advise(host(tomcats=[catalina(200), *others], memory=memory))
    assert proposed(advice) == (RAISED if decided else {})
    assert [why.reason for why in advice.undecided.values()] == ([] if decided else [tomcat_targets.NO_ROOM])


@pytest.mark.parametrize(("found", "memory", "reason"), [
    (catalina(200, unit=""), GIB, tomcat_targets.NO_UNIT.reason), (catalina(200, unit=Unknown("an older capture")), GIB, "an older capture"),
    (catalina(200), Unknown("cut off"), "cut off"), (replace(catalina(200), configuration=Unknown("no XML")), GIB, "no XML"),
    (replace(catalina(200), used=Unknown("jcmd hung")), GIB, "jcmd hung"),
    (replace(catalina(1), used=(tomcat.Used("http-nio-9999", 9, 9),)), GIB, tomcat_targets.NOT_FOUND)])
def test_what_cannot_be_told_of_a_tomcat_is_undecided(found: tomcat.Instance, memory: Known[int], reason: str) -> None:
    advice = advise(host(tomcats=[found], memory=memory))
    assert (advice.steps, [why.reason for why in advice.undecided.values()]) == ((), [reason])


def threads_few(*names: str) -> Diagnosis:
    quiet = made_up("quiet")
    verdict = replace(made_up("spills").verdicts[0], cause="threads_few", names=names)
    return replace(quiet, verdicts=(verdict,))


@pytest.mark.parametrize(("names", "used", "wanted"), [
    (("tomcat shop http-nio-8080",), None, RAISED), (("tomcat other http-nio-8080",), None, {}), (("httpd apache2",), None, {}),
    (("tomcat shop http-nio-8080",), Unknown("jcmd hung"), RAISED)])
def test_threads_that_were_busy_for_weeks(names: tuple[str, ...], used: Any, wanted: dict[str, tuple[str, str]]) -> None:
    found = catalina(1) if used is None else replace(catalina(1), used=used)
    advice = advise(host(tomcats=[found], diagnosis=threads_few(*names)))
    assert proposed(advice) == wanted
    assert all(isinstance(step.target, Target) and step.target.formula == tomcat_targets.WEEKS for step in advice.steps)


def test_threads_without_a_number_are_for_people() -> None:
    advice = advise(host(tomcats=[catalina(1, None)], diagnosis=threads_few("tomcat shop http-nio-8080")))
    assert (advice.steps, list(advice.undecided.values())) == ((), [tomcat_targets.NO_NUMBER])


def broker(used: float, relative: float | None = 0.4, whole: float = 10 * GIB, set_by: str = "default") -> rabbitmq.Broker:
    memory = rabbitmq.Used(used * whole, (relative or 0.4) * whole)
    return replace(BROKER, name="shop", status=replace(STATUS, memory=memory), watermark=rabbitmq.Watermark(relative, set_by))


HIGHER = {"vm_memory_high_watermark.relative": ("0.4", "0.6")}


@pytest.mark.parametrize(("found", "memory", "wanted"), [
    (broker(0.31), 16 * GIB, {}), (broker(0.32), 16 * GIB, HIGHER), (broker(0.5), 16 * GIB, HIGHER),
    (broker(0.5, set_by="RabbitMQ's configuration"), 2 * GIB, HIGHER),
    (broker(0.59, 0.6), 16 * GIB, {}), (broker(0.69, 0.7), 16 * GIB, {}), (broker(0.1, 0), 16 * GIB, {}),
    (broker(0.55, 0.5999), 16 * GIB, {"vm_memory_high_watermark.relative": ("0.5999", "0.6")}),
])
def test_a_rabbitmq_near_its_watermark_gets_more_once(found: rabbitmq.Broker, memory: int, wanted: dict[str, tuple[str, str]]) -> None:
    advice = advise(host(brokers=[found], memory=memory))
    assert proposed(advice) == wanted
    assert all((step.domain, step.how, step.instance, step.set_by, step.target.needs_restart, step.target.answers) ==
               (Domain.PLATFORM, "rabbitmq", "shop", found.watermark.set_by, False, (("rabbitmq_memory", "shop"),))      # type: ignore[union-attr]
               for step in advice.steps)
    assert advice.undecided == {}


@pytest.mark.parametrize(("found", "memory", "reason"), [
    (broker(0.35), 2 * GIB, rabbitmq_targets.NO_ROOM),                  # it would take 2.5 GiB more
    (broker(0.35, None), 16 * GIB, rabbitmq_targets.FIXED.reason), (broker(0.35), Unknown("cut off"), "cut off"),
    (replace(broker(0.35), version=Version("3.9.29", "3.9", False)), 16 * GIB, rabbitmq_targets.TOO_OLD.reason),
    (replace(broker(0.35), version=Unknown("not told")), 16 * GIB, rabbitmq_targets.TOO_OLD.reason),
    (replace(broker(0.35), watermark=rabbitmq.NO_WATERMARK), 16 * GIB, rabbitmq.NO_WATERMARK.reason),
    (replace(broker(0.35), status=Unknown("hangs")), 16 * GIB, "hangs"),
    (replace(broker(0.35), status=replace(STATUS, memory=Unknown("cut"))), 16 * GIB, "cut"),
])
def test_what_cannot_be_told_of_a_rabbitmq_is_undecided(found: rabbitmq.Broker, memory: Known[int], reason: str) -> None:
    advice = advise(host(brokers=[found], memory=memory))
    assert (advice.steps, [why.reason for why in advice.undecided.values()]) == ((), [reason])


def test_rabbitmqs_of_one_host_share_its_memory() -> None:
    def steps(memory: int) -> list[str]:
        found = [replace(broker(0.35), name=name) for name in ("shop", "mail")]         # each would take 2.5 GiB more
        return [step.instance for step in advise(host(brokers=found, memory=memory)).steps]
    assert (steps(4 * GIB), steps(6 * GIB)) == ([], ["shop", "mail"])


def test_causes_of_weeks_are_answered_by_these_steps() -> None:
    settings = {"frontend www maxconn": "s1", "global maxconn": "s2", "worker_connections": "s3", "Executor pool maxThreads": "s4"}
    assert sorted(steps_for("places_few", settings)) == ["s1", "s2", "s3"]
    assert steps_for("threads_few", settings) == ["s4"]
    assert by_hand("places_few")[1] == {"names": "worker_rlimit_nofile, worker_connections, maxconn"}


def test_what_a_step_answers_is_no_proposal() -> None:
    """And what no step answers stays one, without a value for a frontend that has what the formula gives."""
    most = haproxy_targets.MOST
    found = balancer(2000, frontends=(frontend(limit=most, peak=most),))
    findings: Any = [Judged(rule, name, Severity.WARNING, "full", {"used_ratio": 1.0, "limit_count": 9})
                for rule, name in (("haproxy_connections", "haproxy"), ("haproxy_sessions", "haproxy www"), ("haproxy_sessions", "haproxy app/one"))]
    inspection: Any = SimpleNamespace(facts=host(balancers=[found]), findings=findings)
    told = planning.found_in(inspection)
    assert [item.object for item in told.proposals] == ["haproxy www", "haproxy app/one"]
    assert value_for("haproxy_sessions", "haproxy www", findings[1].values) is None


@pytest.mark.parametrize(("waiting", "outcome"), [(0.0, Outcome.BETTER), (5.0, Outcome.SAME), (20.0, Outcome.WORSE)])
def test_how_long_connections_wait_decides_on_haproxy(waiting: float, outcome: Outcome) -> None:
    before, then = (measured(readings(121, work=20, active=many), server="haproxy haproxy") for many in (5.0, waiting))
    verdict = judge_stage("haproxy haproxy", ["connections_wait_seconds"], before, then, 10)
    assert (verdict.outcome, verdict.decided_by) == (outcome, ("connections_wait_seconds",))
    assert verdict.proofs["connections_wait_seconds"].median == pytest.approx((0.25, waiting / 20))


def test_tomcats_threads_show_only_over_weeks() -> None:
    verdict = judge_stage("tomcat shop", ["threads_used_ratio"], [], [], 10)
    assert (verdict.outcome, verdict.unproven) == (Outcome.INSUFFICIENT, {"threads_used_ratio": OVER_WEEKS})
    assert "threads_used_ratio" in MEASURES


def test_texts_are_translated() -> None:
    chinese = translator("zh_CN")
    texts = (haproxy_targets.CONNECTIONS, haproxy_targets.SESSIONS, haproxy_targets.EFFECT, haproxy_targets.TWICE, haproxy_targets.WORDS,
             tomcat_targets.BUSY, tomcat_targets.WEEKS, tomcat_targets.EFFECT, tomcat_targets.NO_UNIT.reason, tomcat_targets.NO_NUMBER.reason,
             tomcat_targets.NOT_FOUND, tomcat_targets.NO_ROOM, rabbitmq_targets.FORMULA, rabbitmq_targets.EFFECT, rabbitmq_targets.FIXED.reason, rabbitmq_targets.TOO_OLD.reason,
             rabbitmq_targets.NO_ROOM, rabbitmq.NO_WATERMARK.reason)
    assert [text for text in texts if chinese(text) == text] == []


def test_limits_as_captured() -> None:
    text = '{"files": 524288, "written": [{"section": "global", "name": "maxconn", "value": "2000", "path": "/etc/haproxy/haproxy.cfg"}]}'
    assert haproxy.parse_limits(text) == haproxy.Limits(524288, (written("global", "2000"),))
    assert isinstance(haproxy.parse_limits('{"files": null, "written": []}'), Unknown)
    assert haproxy.parse_limits(Unknown("denied")) == Unknown("denied")
    assert tomcat.parse_unit('{"seconds": 1.0, "exe": "/", "unit": ""}') == ""
    assert isinstance(tomcat.parse_unit('{"seconds": 1.0, "exe": "/"}'), Unknown)
