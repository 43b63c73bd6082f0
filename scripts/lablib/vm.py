# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as a virtual machine under QEMU's software emulation: a kernel of its own, and disks to break."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from . import cgroup, host_files, image, mounts, network
from .state import Host, Lab
from .system import LabError, run, say

NEEDED = {"qemu-system-x86_64": "qemu-system-x86", "mkfs.ext4": "e2fsprogs"}
MIB = 1024 * 1024
MEMORY_MIB = 1536
ROOT_MIB = 4096
# Disks by serial number; in the VM /dev/disk/by-id/virtio-SERIAL
DISKS = {"raid-a": 256, "raid-b": 256, "raid-c": 256, "raid-d": 256, "lvm-a": 256, "lvm-b": 256, "lvm-c": 256, "data": 256}
NVME_MIB = SAN_MIB = 256
SAN_WWN = "0x5000c50015ea71ac"


def prepare() -> Path:
    return image.ready("vm")


def start(lab: Lab, host: Host, base: Path) -> None:
    folder = lab.host_folder(host)
    host_files.write(lab, host, folder / "upper")
    root = mounts.overlay(base, folder)
    say(f"{host.name}: writing its disk, then it boots (about a minute) ...")
    # The machine's own copy, so that the image stays as it is
    run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,nodiscard", "-d", str(root), str(folder / "root.img"), f"{ROOT_MIB}M")
    mounts.remove_below(folder)
    for name, size in {**DISKS, "nvme": NVME_MIB, "san": SAN_MIB}.items():
        with (folder / f"{name}.img").open("wb") as disk:
            disk.truncate(size * MIB)
    link = network.attach_vm(lab, host)
    cgroup.start(f"{lab.name}/{host.name}", command(folder, base, link, host.number), folder / "qemu.log")


def command(folder: Path, base: Path, link: str, number: int) -> list[str]:
    """The command line of QEMU. Emulating a processor without AVX, and two of them, is faster."""
    options = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "Nehalem", "-smp", "2", "-m", str(MEMORY_MIB),
        "-nodefaults", "-display", "none",
        "-serial", f"file:{folder}/console.log", "-monitor", f"unix:{folder}/monitor,server=on,wait=off",
        "-kernel", str(base / "vmlinuz"), "-initrd", str(base / "initrd.img"), "-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0",
        "-device", "virtio-rng-pci",
        "-netdev", f"tap,id=net,ifname={link},script=no,downscript=no",
        "-device", f"virtio-net-pci,netdev=net,mac=52:54:00:0a:e7:{number:02x}",
    ]
    for name in ("root", *DISKS):
        options += ["-drive", f"file={folder}/{name}.img,if=none,id={name},format=raw,discard=unmap",
                    "-device", f"virtio-blk-pci,drive={name},serial={name}"]
    options += ["-drive", f"file={folder}/nvme.img,if=none,id=nvme,format=raw", "-device", "nvme,id=nvme0,drive=nvme,serial=LABNVME01"]
    # One logical unit behind two controllers: two paths to the same World Wide Name
    options += ["-blockdev", f"driver=file,node-name=san-file,filename={folder}/san.img,locking=off",
                "-blockdev", "driver=raw,node-name=san,file=san-file"]
    for path in ("san0", "san1"):
        options += ["-device", f"virtio-scsi-pci,id={path}",
                    "-device", f"scsi-hd,bus={path}.0,drive=san,share-rw=on,serial=LABSAN01,wwn={SAN_WWN}"]
    return options


def monitor(folder: Path, line: str) -> str:
    """Give QEMU's monitor one command and return what it answers."""
    prompt = b"(qemu) "
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        try:
            connection.connect(str(folder / "monitor"))
            _read_until(connection, prompt)
            connection.sendall(line.encode() + b"\n")
            answer = _read_until(connection, prompt)
        except OSError as error:
            raise LabError(f"{folder}/monitor: {error}. Is the machine still running? Its messages are in qemu.log.") from error
    # The first line echoes the command with cursor movements
    text = answer.decode(errors="replace").removesuffix(prompt.decode())
    said = "\n".join(text.split("\n")[1:]).strip()
    if said.startswith("Error"):
        raise LabError(f"QEMU: {said}")
    return said


def _read_until(connection: socket.socket, end: bytes) -> bytes:
    received = b""
    deadline = time.monotonic() + 10
    while not received.endswith(end):
        if time.monotonic() > deadline:
            raise TimeoutError("no prompt within 10 s")
        received += connection.recv(4096)
    return received
