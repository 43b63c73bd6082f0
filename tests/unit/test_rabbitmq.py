# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ: which processes are brokers, forms of alarms over the versions, answers that are cut off, states of queues."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.module_utils.rabbitmq_nodes import is_broker
from plugins.module_utils.subjects.rabbitmq import SETTING
from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import load
from plugins.plugin_utils.facts import rabbitmq
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules.rabbitmq import RABBITMQ_DEFAULT_ACCOUNT, RABBITMQ_QUEUES, is_dead_letters
from tests.unit.boundaries_rabbitmq import BROKER, QUEUE

FIXTURES = Path(__file__).parents[1] / "fixtures/rabbitmq"
CLUSTER = rabbitmq.Cluster(("a",), ("a",), (), {"a": "4.2.1"}, ())


def test_its_own_tools_are_no_brokers() -> None:
    assert is_broker(["/usr/lib/erlang/bin/beam.smp", "-W", "w", "--", "-noshell", "-s", "rabbit", "boot", "-boot", "start_sasl"])
    assert not is_broker(["/usr/lib/erlang/bin/beam.smp", "--", "-noshell", "-s", "escript", "start", "-extra", "rabbitmqctl", "status"])
    assert not is_broker(["beam.smp", "-s", "couch"])


def test_of_the_configuration_only_harmless_settings_leave_the_host() -> None:
    text = ("default_user = shop\ndefault_pass = geheim\n loopback_users.guest = false\nloopback_users = none # geheim\n"
            "disk_free_limit.absolute = 2GB\nvm_memory_high_watermark.relative = 0.4\n")
    assert SETTING.findall(text) == ["loopback_users.guest = false", "loopback_users = none", "disk_free_limit.absolute = 2GB",
                                     "vm_memory_high_watermark.relative = 0.4"]


@pytest.mark.parametrize(("status", "settings", "found"), [
    ({"relative": 0.4}, "", rabbitmq.Watermark(0.4, "default")),
    ({"relative": 0.5}, "vm_memory_high_watermark.relative = 0.5\n", rabbitmq.Watermark(0.5, "RabbitMQ's configuration")),
    ({"absolute": 1000000000}, "vm_memory_high_watermark.absolute = 1GB\n", rabbitmq.Watermark(None, "RabbitMQ's configuration")),
    (None, "", rabbitmq.NO_WATERMARK),
])
def test_who_sets_the_watermark(status: object, settings: str, found: object) -> None:
    whole = load(FIXTURES / "healthy")
    texts = {"rabbitmq rabbit settings": settings + "# end\n",
             "rabbitmq rabbit status": json.dumps({"config_files": ["/etc/rabbitmq/rabbitmq.conf"], "vm_memory_high_watermark_setting": status})}
    capture = replace(whole, entries=tuple(item._replace(text=texts.get(item.key, item.text)) for item in whole.entries))
    assert rabbitmq.parse_watermark(capture, "rabbitmq rabbit ") == found


def test_a_file_in_erlangs_format_may_set_the_watermark() -> None:
    whole = load(FIXTURES / "healthy")
    text = '{"config_files": ["/etc/rabbitmq/advanced.config"], "vm_memory_high_watermark_setting": {"relative": 0.4}}'
    capture = replace(whole, entries=tuple(item._replace(text=text) if item.key.endswith(" status") else item for item in whole.entries))
    assert rabbitmq.parse_watermark(capture, "rabbitmq rabbit ") == rabbitmq.Watermark(0.4, "RabbitMQ's configuration, or default")


@pytest.mark.parametrize(("alarm", "name"), [
    ({"resource": "memory", "node": "rabbit@a"}, "memory rabbit@a"), ("file_descriptor_limit", "file_descriptor_limit"),
    ([["resource_limit", "disk", "rabbit@a"], []], '[["resource_limit", "disk", "rabbit@a"], []]'),
])
def test_alarms_of_all_versions_have_a_name(alarm: object, name: str) -> None:
    assert rabbitmq.alarm_name(alarm) == name


@pytest.mark.parametrize("part", [0, 1, 25, 50, 90, 99])
def test_a_text_that_is_cut_off_is_never_fine(part: int) -> None:
    whole = load(FIXTURES / "healthy")
    for entry in whole.entries:
        text = (entry.text or "")[:len((entry.text or "").rstrip()) * part // 100]
        cut = replace(whole, entries=tuple(item._replace(text=text) if item.key == entry.key else item for item in whole.entries))
        try:
            facts = rabbitmq.parse(cut)
        except rabbitmq.Unreadable:
            continue                    # all of the subject is unknown
        brokers = facts.brokers if isinstance(facts.brokers, tuple) else ()
        unknown = [fact for item in brokers for fact in vars(item).values() if isinstance(fact, Unknown)]
        assert isinstance(facts.presence, Unknown) or unknown, entry.key


@pytest.mark.parametrize(("state", "severity"), [
    ("running", Severity.OK), ("idle", Severity.OK), ("down", Severity.CRITICAL), ("crashed", Severity.CRITICAL),
    ("minority", Severity.CRITICAL), ("a word of a later version", Severity.CRITICAL),
])
def test_a_state_that_is_not_known_is_not_fine(state: str, severity: Severity) -> None:
    brokers = (replace(BROKER, queues=(replace(QUEUE, state=state),), cluster=CLUSTER),)
    assert [found.severity for found in RABBITMQ_QUEUES.check({}, brokers)] == [severity]


@pytest.mark.parametrize(("name", "dead"), [
    ("/orders.dlq", True), ("/DLQ", True), ("shop/dead_letters", True), ("/orders-dead-letter", True), ("/deadlines", False), ("/mail",
                                                                                                                               False),
])
def test_dead_letters_by_name(name: str, dead: bool) -> None:
    assert is_dead_letters(replace(QUEUE, name=name)) is dead


def test_a_guest_with_a_password_of_its_own() -> None:
    brokers = (replace(BROKER, guest=rabbitmq.Guest(("administrator",), False, True)),)
    assert [found.severity for found in RABBITMQ_DEFAULT_ACCOUNT.check({}, brokers)] == [Severity.OK]
