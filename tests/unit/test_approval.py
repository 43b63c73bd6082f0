# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approval gate: what is approved passes, and each attack is refused by the reason that fits it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.plugin_utils.approval.decision import BadDecision, Decision, decide, read_all, store
from plugins.plugin_utils.approval.freeze import BadFreeze, Freeze, in_force, of_calendar, parse as parse_freezes
from plugins.plugin_utils.approval.gate import Situation, refusals
from plugins.plugin_utils.approval.plan import BadPlan, Duty, Plan, digest_of, load, parse
from plugins.plugin_utils.signing import BadSignature, make_key, sign

NOW = datetime(2026, 11, 22, 21, tzinfo=UTC)
SIGNED = datetime(2026, 11, 21, 9, tzinfo=UTC)
PEOPLE = ("alice", "bob", "carol", "dave", "mallory")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """{name: private key}; mallory's is listed nowhere."""
    folder = tmp_path_factory.mktemp("keys")
    for name in PEOPLE:
        make_key(folder / name, name)
    return {name: folder / name for name in PEOPLE}


@pytest.fixture(scope="module")
def approvers(keys: dict[str, Path]) -> str:
    lines = [f"{name} {keys[name].with_suffix('.pub').read_text().strip()}" for name in PEOPLE if name != "mallory"]
    # The requester's key a second time, under another name
    return "\n".join([*lines, f"frank {keys['alice'].with_suffix('.pub').read_text().strip()}", ""])


@pytest.fixture
def document(approvers: str) -> dict[str, Any]:
    return {
        "schema": 1, "id": "tuning-2026Q4-001", "kind": "tuning", "title": "Raise the connection limit", "requester": "alice",
        "written_at": "2026-11-20T09:00:00Z", "window": {"from": "2026-11-22T20:00:00Z", "until": "2026-11-23T02:00:00Z"},
        "hosts": {"db1": {"address": "192.0.2.10", "system": "crm", "groups": ["databases"]},
                  "web1": {"address": "192.0.2.20", "system": "crm", "groups": []}},
        "systems": {"crm": {"approvers": ["bob", "carol", "dave", "frank"], "needed": 2}},
        "approvers_sha256": hashlib.sha256(approvers.encode()).hexdigest(), "freeze_exceptions": [], "incident": None,
        "steps": [{"id": "s1", "host": "db1", "before": 100, "after": 200, "rollback": 100}],
    }


@pytest.fixture
def plan(document: dict[str, Any]) -> Plan:
    return parse(document, "plan.yml")


@pytest.fixture
def situation(approvers: str) -> Situation:
    return Situation(NOW, {"db1": "192.0.2.10"}, {"crm": Duty(("bob", "carol", "dave", "frank"), 2)}, approvers, NOW - timedelta(seconds=2), ())


@pytest.fixture
def decided(plan: Plan, keys: dict[str, Path]) -> Callable[..., Decision]:
    def make(by: str, decision: str = "approve", reason: str = "", at: datetime = SIGNED, of: Plan = plan, key: str | None = None) -> Decision:
        return decide(of, decision, by, reason, keys[key or by], at)

    return make


def test_approved_plan_passes(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    assert refusals(plan, "tuning", [decided("bob"), decided("dave")], situation) == ()


def edited(document: dict[str, Any], **changes: Any) -> Plan:
    return parse({**deepcopy(document), **changes}, "plan.yml")


def refused(plan: Plan, decisions: list[Decision], situation: Situation, words: str, kind: str = "tuning") -> None:
    found = refusals(plan, kind, decisions, situation)
    assert any(words in reason for reason in found), found


def test_content_edited_after_approval(document: dict[str, Any], situation: Situation, decided: Callable[..., Decision]) -> None:
    other = edited(document, steps=[{"id": "s1", "host": "db1", "before": 100, "after": 9000, "rollback": 100}])
    refused(other, [decided("bob"), decided("carol")], situation, "another content than this plan has now")


def test_signature_by_an_unlisted_key(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob"), decided("carol", key="mallory")], situation, "the signature of carol is not valid")


def test_requester_approves_under_another_name(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob"), decided("frank", key="alice")], situation, "signed with a key of alice, who asked for the plan")


def test_requester_approves_under_the_own_name(plan: Plan, situation: Situation, decided: Callable[..., Decision], keys: dict[str, Path]) -> None:
    with pytest.raises(BadDecision, match="may not decide"):
        decided("alice")
    bare = replace(decided("bob"), by="alice", signature="")
    refused(plan, [decided("bob"), replace(bare, signature=sign(keys["alice"], "caretaker-approval", bare.signed))], situation,
            "alice asked for the plan")


def test_replay_on_another_plan(document: dict[str, Any], situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(edited(document, id="tuning-2026Q4-002"), [decided("bob"), decided("carol")], situation, "system crm has 0 of 2 approvals")


def test_replay_on_another_host(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob"), decided("carol")], replace(situation, hosts={"db1": "192.0.2.10", "db2": "192.0.2.11"}), "db2 is not in the plan")


def test_inventory_alias(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob"), decided("carol")], replace(situation, hosts={"db1": "192.0.2.99"}), "db1 is reached at 192.0.2.99")


@pytest.mark.parametrize(("now", "words"), [
    (datetime(2026, 11, 22, 19, 59, tzinfo=UTC), "begins at 2026-11-22 20:00"), (datetime(2026, 11, 23, 2, tzinfo=UTC), "ended at 2026-11-23 02:00"),
])
def test_outside_the_window(plan: Plan, situation: Situation, decided: Callable[..., Decision], now: datetime, words: str) -> None:
    refused(plan, [decided("bob"), decided("carol")], replace(situation, now=now, recorded_at=now), words)


def test_the_way_back_stays_open_after_the_window_and_in_a_freeze(
    plan: Plan, situation: Situation, decided: Callable[..., Decision]
) -> None:
    late = plan.window_until + timedelta(days=30)
    frozen = Freeze("year-end", late - timedelta(days=1), late + timedelta(days=1), frozenset(), frozenset())
    then = replace(situation, now=late, recorded_at=late, freezes=(frozen,))
    both = [decided("bob"), decided("carol")]
    assert len(refusals(plan, "tuning", both, then)) > 1
    assert refusals(plan, "tuning", both, then, way_back=True) == ()
    assert refusals(plan, "tuning", [decided("bob")], then, way_back=True) == ("system crm has 1 of 2 approvals",)
    assert refusals(plan, "patching", both, replace(then, recorded_at=None), way_back=True) == (
        f"{plan.id} is a plan for tuning, not for patching", "the ledger is off: enable the callback caretaker.infra.ledger (docs/ledger.md)")


def test_expired_approval(document: dict[str, Any], situation: Situation, decided: Callable[..., Decision], keys: dict[str, Path], plan: Plan) -> None:
    bare = replace(decided("bob"), expires_at="2026-11-22T20:30:00Z", signature="")
    expired = replace(bare, signature=sign(keys["bob"], "caretaker-approval", bare.signed))
    refused(plan, [expired, decided("carol")], situation, "the decision of bob has expired")


def test_longer_expiry_breaks_the_signature(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [replace(decided("bob"), expires_at="2036-01-01T00:00:00Z"), decided("carol")], situation, "the signature of bob is not valid")


def test_clock_set_back(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob"), decided("carol")], replace(situation, recorded_at=NOW + timedelta(days=1)), "the clock was set back")
    refused(plan, [decided("bob", at=NOW + timedelta(hours=1)), decided("carol")], situation, "a clock is wrong")


def test_ledger_off(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob"), decided("carol")], replace(situation, recorded_at=None), "the ledger is off")


def test_quorum_not_reached(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob")], situation, "system crm has 1 of 2 approvals")
    refused(plan, [decided("bob"), decided("bob", at=SIGNED + timedelta(hours=1))], situation, "system crm has 1 of 2 approvals")
    refused(plan, [], situation, "system crm has 0 of 2 approvals")


def test_approvers_file_edited(plan: Plan, situation: Situation, decided: Callable[..., Decision], keys: dict[str, Path]) -> None:
    more = situation.approvers + f"bob {keys['mallory'].with_suffix('.pub').read_text()}"
    refused(plan, [decided("bob", key="mallory"), decided("carol")], replace(situation, approvers=more), "approvers' keys has changed")


@pytest.mark.parametrize("duty", [None, Duty(("bob", "carol", "dave", "frank"), 1), Duty(("bob", "mallory"), 2)])
def test_duties_edited(plan: Plan, situation: Situation, decided: Callable[..., Decision], duty: Duty | None) -> None:
    systems = {"crm": duty} if duty else {}
    refused(plan, [decided("bob"), decided("carol")], replace(situation, systems=systems), "who may approve for crm has changed")


def test_another_kind(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    refused(plan, [decided("bob"), decided("carol")], situation, "a plan for tuning, not for patching", kind="patching")


def test_returned(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    later = SIGNED + timedelta(hours=1)
    returned = decided("dave", "return", "not on a Sunday", at=later)
    refused(plan, [decided("bob"), decided("carol"), returned], situation, "dave returned tuning-2026Q4-001: not on a Sunday")
    assert refusals(plan, "tuning", [decided("bob"), decided("carol"), returned, decided("dave", at=later + timedelta(hours=1))], situation) == ()


def test_returned_then_changed_then_approved(document: dict[str, Any], situation: Situation, decided: Callable[..., Decision]) -> None:
    changed = edited(document, title="Raise the connection limit a little")
    decisions = [decided("bob", "return", "too much"), decided("carol"), decided("bob", of=changed, at=SIGNED + timedelta(hours=1)), decided("dave", of=changed)]
    assert refusals(changed, "tuning", decisions, situation) == ()


def test_withdrawn(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    withdrawn = decided("bob", "withdraw", "the vendor warns", at=SIGNED + timedelta(hours=1))
    refused(plan, [decided("bob"), decided("carol"), withdrawn], situation, "system crm has 1 of 2 approvals")


def test_each_system_needs_its_own(document: dict[str, Any], situation: Situation, decided: Callable[..., Decision]) -> None:
    systems = {"crm": {"approvers": ["bob"], "needed": 1}, "erp": {"approvers": ["carol"], "needed": 1}}
    hosts = {"db1": {"address": "192.0.2.10", "system": "crm"}, "db2": {"address": "192.0.2.11", "system": "erp"}}
    both = edited(document, systems=systems, hosts=hosts)
    today = replace(situation, systems={"crm": Duty(("bob",), 1), "erp": Duty(("carol",), 1)})
    refused(both, [decided("bob", of=both)], today, "system erp has 0 of 1 approvals")
    assert refusals(both, "tuning", [decided("bob", of=both), decided("carol", of=both)], today) == ()


FREEZE = {"name": "year end", "from": "2026-11-22T20:30:00Z", "until": "2026-11-22T22:00:00Z"}


@pytest.mark.parametrize(("freeze", "frozen"), [
    ({}, {"db1", "web1"}), ({"groups": ["databases"]}, {"db1"}), ({"groups": ["mail"]}, set()), ({"kinds": ["patching"]}, set()),
    ({"kinds": ["tuning"]}, {"db1", "web1"}), ({"until": "2026-11-22T21:00:00Z"}, set()), ({"from": "2026-11-22T21:00:00Z"}, {"db1", "web1"}),
])
def test_freeze(plan: Plan, situation: Situation, decided: Callable[..., Decision], freeze: dict[str, Any], frozen: set[str]) -> None:
    freezes = parse_freezes([{**FREEZE, **freeze}])
    assert set(in_force(freezes, plan, NOW)) == frozen
    found = refusals(plan, "tuning", [decided("bob"), decided("carol")], replace(situation, freezes=freezes))
    assert set(found) == {f"{host} is frozen: year end" for host in frozen}


def test_freeze_lets_inspections_and_exceptions_pass(document: dict[str, Any]) -> None:
    freezes = parse_freezes([FREEZE])
    assert in_force(freezes, edited(document, kind="inspection"), NOW) == {}
    assert in_force(freezes, edited(document, freeze_exceptions=["year end"]), NOW) == {}


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//guard periods//EN
BEGIN:VEVENT
UID:1@example.org
DTSTART:20260104T200000Z
DTEND:20260104T230000Z
RRULE:FREQ=WEEKLY;BYDAY=SU
SUMMARY:Sunday payroll
CATEGORIES:group:databases,kind:tuning
END:VEVENT
BEGIN:VEVENT
UID:2@example.org
DTSTART;VALUE=DATE:20261224
DTEND;VALUE=DATE:20270102
SUMMARY:Year end
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(("now", "frozen"), [
    (NOW, {"db1": "Sunday payroll"}), (NOW + timedelta(hours=3), {}), (datetime(2026, 12, 31, 12, tzinfo=UTC), {"db1": "Year end", "web1": "Year end"}),
])
def test_calendar(tmp_path: Path, plan: Plan, now: datetime, frozen: dict[str, str]) -> None:
    (tmp_path / "guard.ics").write_text(CALENDAR.replace("\n", "\r\n"))
    assert in_force(of_calendar(tmp_path / "guard.ics", now), plan, now) == frozen


@pytest.mark.parametrize("text", [None, "", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "\x00\x01"])
def test_calendar_that_can_not_be_read(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "guard.ics").write_text(text)
    with pytest.raises(BadFreeze, match=r"guard.ics: can't be read"):
        of_calendar(tmp_path / "guard.ics", NOW)


@pytest.mark.parametrize("freezes", ["x", [5], [{"name": "a"}], [{**FREEZE, "kinds": ["dancing"]}], [{**FREEZE, "until": FREEZE["from"]}],
                                     [{**FREEZE, "group": "databases"}]])
def test_wrong_freeze_is_named(freezes: Any) -> None:
    with pytest.raises(BadFreeze, match="caretaker_freezes"):
        parse_freezes(freezes)


@pytest.mark.parametrize(("changes", "words"), [
    ({"schema": 2}, "this version reads 1"), ({"id": "../x"}, "id is '../x'"), ({"kind": "party"}, "must be one of"), ({"hosts": {}}, "at least one host"),
    ({"window": {"from": "2026-11-22T20:00:00Z"}}, "window must have"), ({"window": {"from": "2026-11-22T20:00:00Z", "until": "2026-11-22T20:00:00Z"}}, "ends before"),
    ({"systems": {}}, "nobody may approve for the system crm"), ({"systems": {"crm": {"approvers": ["alice", "bob"], "needed": 2}}}, "only 1 others"),
    ({"systems": {"crm": {"approvers": ["bob"], "needed": 0}}}, "needed: a number from 1"), ({"steps": [{"id": "s1", "host": "db9"}]}, "'db9', which is not among"),
    ({"kind": "emergency"}, "names its incident"), ({"kind": "emergency", "incident": "I-1"}, "at most 4 hours"), ({"requester": ""}, "requester is ''"),
])
def test_wrong_plan_is_named(document: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadPlan) as caught:
        edited(document, **changes)
    assert words in str(caught.value)
    assert "plan.yml" in str(caught.value)


def test_emergency_needs_two(document: dict[str, Any]) -> None:
    emergency = {"kind": "emergency", "incident": "I-1", "window": {"from": "2026-11-22T20:00:00Z", "until": "2026-11-22T23:00:00Z"}}
    assert edited(document, **emergency).incident == "I-1"
    with pytest.raises(BadPlan, match="needs 2 approvals"):
        edited(document, **emergency, systems={"crm": {"approvers": ["bob", "carol"], "needed": 1}})


def test_plan_of_a_file(tmp_path: Path, document: dict[str, Any], plan: Plan) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(yaml.safe_dump(document))
    assert load(path).digest == plan.digest
    unquoted = path.read_text().replace("'2026-11-20T09:00:00Z'", "2026-11-20T09:00:00Z")
    path.write_text(unquoted)
    assert load(path).digest == plan.digest, "YAML makes a time of it, which is the same content"


@pytest.mark.parametrize("text", ["", "- 1", "{", "\xff", "a: &a [*a]"])
def test_file_that_is_no_plan(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.yml").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadPlan, match=r"plan.yml"):
        load(tmp_path / "plan.yml")


def test_digest_does_not_depend_on_order() -> None:
    assert digest_of({"a": 1, "b": [1, "\u4e2d"]}) == digest_of({"b": [1, "\u4e2d"], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})


@pytest.mark.parametrize(("by", "decision", "reason", "words"), [
    ("bob", "maybe", "", "must be one of approve, return, withdraw"), ("bob", "return", " ", "needs a reason"), ("erin", "approve", "", "bob, carol, dave, frank may"),
])
def test_wrong_decision_is_named(plan: Plan, keys: dict[str, Path], by: str, decision: str, reason: str, words: str) -> None:
    with pytest.raises(BadDecision, match=words):
        decide(plan, decision, by, reason, keys["bob"], SIGNED)


def test_key_that_can_not_sign(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(BadSignature, match="can't sign"):
        decide(plan, "approve", "bob", "", tmp_path / "none", SIGNED)


def test_decisions_are_kept_beside_the_plan(tmp_path: Path, decided: Callable[..., Decision]) -> None:
    assert read_all(tmp_path / "plan.yml") == ()
    first, second = decided("bob"), decided("bob", "return", "no", at=SIGNED + timedelta(hours=1))
    for decision in (second, first):
        store(tmp_path / "plan.yml", decision)
    assert read_all(tmp_path / "plan.yml") == (first, second)
    with pytest.raises(FileExistsError):
        store(tmp_path / "plan.yml", first)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"plan": 5}', "\x00"])
def test_file_that_is_no_decision(tmp_path: Path, decided: Callable[..., Decision], text: str) -> None:
    path = store(tmp_path / "plan.yml", decided("bob"))
    path.write_text(text)
    with pytest.raises(BadDecision, match="remove it or restore it"):
        read_all(tmp_path / "plan.yml")


def test_any_changed_field_of_a_decision_is_noticed(plan: Plan, situation: Situation, decided: Callable[..., Decision]) -> None:
    whole = decided("bob")
    for name in json.loads(whole.signed):
        broken = replace(whole, **{name: getattr(whole, name) + "0"})
        assert refusals(plan, "tuning", [broken, decided("carol"), decided("dave")], situation), name
