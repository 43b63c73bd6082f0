# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the lab."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import inventory, lifecycle, memory, nspawn, vm
from .state import all_labs, check_host_name, check_lab_name, load_existing
from .system import LabError, require_root, say

FAULTS = inventory.ROOT / "molecule" / "faults"
PLAYBOOK = inventory.ROOT / "molecule" / "plant.yml"
EXAMPLES = """\
examples:
  scripts/lab up 4                     host1 .. host4 in lab "lab", inventory in inventories/lab
  scripts/lab up --hosts db1,web1 --name mine --inventory /tmp/hosts.yml
  scripts/lab up --hosts pg1,pg2 --image databases
  scripts/lab up --vm                  one virtual machine, vm1
  scripts/lab ssh host1 uptime
  scripts/lab plant failed_units host2
  scripts/lab down
"""


def main() -> int:
    options = parser().parse_args()
    try:
        require_root()
        check_lab_name(options.name)
        return int(options.action(options) or 0)
    except LabError as error:
        say(f"lab: {error}")
        return 1
    except KeyboardInterrupt:
        say(f"\nInterrupted. What is half made goes away by: scripts/lab down --name {options.name}")
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="scripts/lab", description="Make test hosts on this machine, break them, remove them (root).",
                                  epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="lab", help="which lab; several may be up side by side (default: lab)")
    written = argparse.ArgumentParser(add_help=False)
    written.add_argument("--inventory", type=Path, default=inventory.DEFAULT, metavar="FILE", help="where the inventory is written")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("up", parents=[named, written], help="make hosts and wait until they answer; those there already stay")
    command.add_argument("count", nargs="?", type=int, metavar="N", help="so many containers, host1 to hostN (default: 1 without --vm)")
    command.add_argument("--hosts", default="", metavar="NAMES", help="containers with these names, separated by commas")
    command.add_argument("--image", choices=nspawn.KINDS, default="nspawn",
                         help="what the new containers are made of: databases has every database and middleware server, none started; "
                              "loads has also what keeps them busy")
    command.add_argument("--vm", action="store_true", help="also a virtual machine, vm1, with RAID, LVM, multipath and NVMe disks")
    command.add_argument("--memory", metavar="SIZE", help="of each new container, such as 2G; without it they have all of this machine's")
    command.add_argument("--pythons", action="store_true", help="also other Pythons, in the containers' /opt/pythons")
    command.set_defaults(action=up)

    command = commands.add_parser("inventory", parents=[named], help="print the Ansible inventory")
    command.add_argument("--inventory", type=Path, metavar="FILE", help="write it there instead")
    command.set_defaults(action=write_inventory)

    command = commands.add_parser("ssh", parents=[named], help="log in, or run a command")
    command.add_argument("host")
    command.add_argument("command", nargs=argparse.REMAINDER)
    command.set_defaults(action=ssh)

    command = commands.add_parser("plant", parents=[named], help="break something on a host; without arguments list what there is")
    command.add_argument("fault", nargs="?")
    command.add_argument("host", nargs="?")
    command.set_defaults(action=plant)

    command = commands.add_parser("monitor", parents=[named], help="give a virtual machine's QEMU monitor one command")
    command.add_argument("host")
    command.add_argument("command", nargs="+")
    command.set_defaults(action=monitor)

    command = commands.add_parser("down", parents=[named], help="remove the lab, whatever state it is in")
    command.set_defaults(action=down)
    return top


def up(options: argparse.Namespace) -> None:
    names = [name for name in options.hosts.split(",") if name]
    count = options.count if options.count is not None else 0 if options.vm or names else 1
    if count < 0:
        raise LabError(f"{count} hosts can't be made.")
    wanted = [(check_host_name(name), options.image) for name in [*(f"host{number + 1}" for number in range(count)), *names]]
    size = memory.size_of(options.memory) if options.memory else None
    lab = lifecycle.up(options.name, wanted + [("vm1", "vm")] * options.vm, options.pythons, size)
    inventory.write(lab, options.inventory)
    say(f"Lab {lab.name}: {', '.join(host.name for host in lab.hosts)}. Inventory: {options.inventory}")


def write_inventory(options: argparse.Namespace) -> None:
    lab = load_existing(options.name)
    if options.inventory:
        inventory.write(lab, options.inventory)
    else:
        sys.stdout.write(inventory.document(lab))


def ssh(options: argparse.Namespace) -> None:
    lab = load_existing(options.name)
    address = lab.address(lab.host(options.host))
    terminal = ["-t"] if sys.stdin.isatty() and not options.command else []
    sys.stdout.flush()
    os.execvp("ssh", ["ssh", *terminal, *inventory.ssh_options(lab), f"root@{address}", *options.command])


def plant(options: argparse.Namespace) -> int:
    faults = sorted(path.stem for path in FAULTS.glob("*.yml"))
    if options.fault is None:
        print("\n".join(faults))
        return 0
    if options.fault not in faults:
        raise LabError(f"There is no fault {options.fault}. There are: {', '.join(faults)}")
    if options.host is None:
        raise LabError(f"On which host? scripts/lab plant {options.fault} HOST")
    lab = load_existing(options.name)
    lab.host(options.host)
    hosts = lab.folder / "inventory.yml"
    inventory.write(lab, hosts)
    own = Path(os.environ.get("CARETAKER_VENV") or inventory.ROOT / ".venv") / "bin" / "ansible-playbook"
    program = str(own) if own.exists() else shutil.which("ansible-playbook")
    if program is None:
        raise LabError("plant needs ansible-playbook. scripts/inspect --help makes the project's virtual environment, which has it.")
    return subprocess.call([program, "-i", str(hosts), str(PLAYBOOK), "--limit", options.host, "-e", f"fault={options.fault}"],
                           env={"LC_ALL": "C.UTF-8", **os.environ, "ANSIBLE_CONFIG": str(inventory.ROOT / "ansible.cfg")})


def monitor(options: argparse.Namespace) -> None:
    lab = load_existing(options.name)
    host = lab.host(options.host)
    if host.kind != "vm":
        raise LabError(f"{host.name} is a container; only a virtual machine has a monitor.")
    print(vm.monitor(lab.host_folder(host), " ".join(options.command)))


def down(options: argparse.Namespace) -> None:
    if lifecycle.down(options.name):
        say(f"Lab {options.name} is down.")
    else:
        others = ", ".join(lab.name for lab in all_labs()) or "none"
        say(f"There is no lab {options.name}. Labs that are up: {others}")
