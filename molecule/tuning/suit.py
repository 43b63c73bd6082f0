# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engineer makes of a plan before it is approved: suit.py good PLAN ADDRESS_OF_APP1, suit.py bad PLAN GOOD_PLAN.

good: the memory that lab hosts seem to have is this whole machine's, so what takes it becomes small and all else goes; and a kernel's
setting is added, which no formula advises on in a container. bad: sorts get the least memory there is.
"""

import sys
from pathlib import Path

import yaml

LEFT = ("work_mem", "worker_connections", "worker_rlimit_nofile")
SIZES = {"shared_buffers": "192MB", "innodb_buffer_pool_size": "134217728"}
BACKLOG = {
    "id": "s99", "host": "app1", "stage": 1, "domain": "os", "action": "sysctl", "object": "", "setting": "net.core.somaxconn",
    "before": "2", "after": "4096", "rollback": "2", "set_by": "/etc/sysctl.d/50-site.conf",
    "formula": "connections were lost at a full queue", "source": "Linux default since 5.4",
    "effect": "listeners that ask for a longer queue get it", "restart": False, "risk": 1, "proof": "tcp_listen_overflows_rate",
    "engineer": "erin",
}


def good(plan, address):
    steps = [{**step, "after": SIZES.get(step["setting"], step["after"])} for step in plan["steps"] if step["setting"] in {*SIZES, *LEFT}]
    found = [{**item, "steps": [BACKLOG["id"]]} if item["host"] == BACKLOG["host"] else item for item in plan["bottlenecks"]]
    hosts = {**plan["hosts"], "app1": {**plan["hosts"]["pg1"], "address": address}}
    return {**plan, "bottlenecks": found, "steps": [*steps, BACKLOG], "hosts": hosts}


def bad(plan, good_plan):
    (step,) = [step for step in yaml.safe_load(Path(good_plan).read_text())["steps"] if step["setting"] == "work_mem"]
    worse = {**step, "stage": 1, "before": step["after"], "after": "64kB", "rollback": step["after"]}
    return {**plan, "steps": [worse], "hosts": {"pg1": plan["hosts"]["pg1"]}}


kind, path, other = sys.argv[1:]
written = yaml.safe_load(Path(path).read_text())
Path(path).write_text(yaml.safe_dump(good(written, other) if kind == "good" else bad(written, other), sort_keys=False))
