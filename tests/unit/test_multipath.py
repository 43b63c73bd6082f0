# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each state that libmultipath can write of a path, and the forms of its list. Made up after libmultipath's print.c and checkers.h."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.facts.multipath import parse_topology
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import multipath

OK, INFO, UNKNOWN, WARNING, CRITICAL = Severity
GOOD = "active ready running"


def topology(first: str, second: str, head: str = "mpatha (36001405a5f1e7d3c0b24d0c8e8a5f111) dm-2 LIO-ORG,data") -> str:
    return (f"{head}\nsize=20G features='0' hwhandler='1 alua' wp=rw\n"
            f"|-+- policy='service-time 0' prio=50 status=active\n| `- 5:0:0:0 sdd 8:48 {first}\n"
            f"`-+- policy='service-time 0' prio=10 status=enabled\n  `- 6:0:0:0 sde 8:64 {second}\n")


def severity(text: str) -> Severity:
    (finding,) = multipath.check_multipath_paths({}, parse_topology(text))
    return finding.severity


@pytest.mark.parametrize("states", [
    "active ready running", "active ghost running", "active i/o pending running", "active delayed running", "active undef running",
    "active undef unknown", "active  ready  running",
])
def test_states_with_which_a_path_can_be_used(states: str) -> None:
    assert severity(topology(GOOD, states)) is OK


@pytest.mark.parametrize("states", [
    "failed faulty running", "failed faulty offline", "failed faulty transport-offline", "failed undef running", "failed i/o pending running",
    "failed shaky running", "active shaky running", "active i/o timeout running", "active wild running", "active removed running",
    "active ready offline", "active ready blocked", "active ready quiesce", "active ready deleted", "undef faulty unknown", "active new-word running",
])
def test_states_with_which_it_can_not(states: str) -> None:
    assert severity(topology(GOOD, states)) is WARNING
    assert severity(topology(states, states)) is CRITICAL


@pytest.mark.parametrize(("head", "name"), [
    ("36001405a5f1e7d3c0b24d0c8e8a5f111 dm-2 LIO-ORG,data", "36001405a5f1e7d3c0b24d0c8e8a5f111"),
    ("create: mpathb (3600140) undef LIO-ORG,data", "mpathb"), ("reload: mpathb (3600140) dm-3 ##,##", "mpathb"),
    ("mpathn (uuid.9c1f) dm-7 NVME,EXAMPLE DRIVE 1", "mpathn"), ("36005 dm-1 IBM,S/390 DASD ECKD", "36005"),
])
def test_heads(head: str, name: str) -> None:
    (volume,) = parse_topology(topology(GOOD, GOOD, head))
    assert (volume.name, len(volume.paths)) == (name, 2)


NATIVE = ("eui.0025385b71b00e21 [nvme]:nvme0n1 NVMe,EXAMPLE,1.0\nsize=2097152 features='n/a' hwhandler='ANA' wp=rw\n"
          "|-+- policy='n/a' prio=50 status=optimized\n| `- 0:0:1 nvme0c0n1 0:0 n/a optimized live\n"
          "`-+- policy='n/a' prio=10 status=non-optimized\n  `- 0:1:1 nvme0c1n1 0:0 n/a non-optimized live\n")
OLD = ("mpath1 (360060e80057110000000711000005405)\n[size=50 GB][features=\"0\"][hwhandler=\"0\"]\n\\_ round-robin 0 [active]\n"
       " \\_ 0:0:0:0 sda 8:0   [active][ready]\n\\_ round-robin 0 [enabled]\n \\_ 1:0:0:0 sdb 8:16  [active][undef]\n")


@pytest.mark.parametrize(("text", "expected"), [
    (NATIVE, OK), (NATIVE.replace("non-optimized live", "inaccessible live"), WARNING), (NATIVE.replace("d live", "d connecting"), CRITICAL),
    (OLD, OK), (OLD.replace("[undef]", "[shaky]"), WARNING), (OLD.replace("[active][undef]", "[failed][faulty]"), WARNING),
    (topology(GOOD, "failed undef unknown").replace("6:0:0:0 sde 8:64", "#:#:#:# -   #:#  "), WARNING),
    ("mpatha (3600) dm-2 LIO-ORG,data\nsize=20G features='0' hwhandler='0' wp=rw\n", CRITICAL),
    ("Nov 01 10:00:00 | sdb: prio = const\n" + topology(GOOD, GOOD), OK),
])
def test_forms(text: str, expected: Severity) -> None:
    assert severity(text) is expected
