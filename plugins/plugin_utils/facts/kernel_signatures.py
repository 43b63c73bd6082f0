# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's messages that mean something: a literal part of each, found without a regular expression a line."""

from __future__ import annotations

from dataclasses import dataclass

from ..findings import Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
IO, FILESYSTEM, HARDWARE, HUNG, OOM, BUGS, NETWORK = (
    "io_errors", "filesystem_errors", "hardware_errors", "hung_tasks", "oom", "bugs", "network",
)
CALL_TRACE = "call trace"


@dataclass(frozen=True)
class Signature:
    """``needle`` is the literal part; ``also`` must stand in the same line too (one of them, if there are any)."""

    group: str
    severity: Severity
    kind: str
    needle: str
    also: tuple[str, ...] = ()


# Parts of messages that healthy machines print at level error: such lines are left out
HARMLESS: tuple[str, ...] = (
    "Asking for cache data failed", "Assuming drive cache: write through", "No Caching mode page found", "Fast TSC calibration failed",
    "ERST: Failed to get Error Log Address Range", "Ignoring unsafe software power cap", "i8042: No controller found",
    "i8042: Can't read CTR while initializing", "SMBus base address uninitialized", "SMBus Host Controller not enabled",
    "unhandled rdmsr", "unhandled wrmsr", "ignored rdmsr", "ignored wrmsr", "disabled perfctr wrmsr", "kvm_set_msr_common",
    "Processor Platform Limit event detected, but not handled", "EFI MOKvar config table is not in EFI runtime memory",
    "Cannot get control of SHPC hotplug", "__cpufreq_add_dev: ->get() failed", "Consider compiling CPUfreq support",
    "Shutdown timeout set to",
    "brcmf_c_preinit_dcmds: Firmware", "brcmf_fw_alloc_request: using", "CIFS VFS: Free previous auth_key.response",
    "ioctl error in smb2_get_dfs_refer rc=-5", "Unable to determine which platform", "platform eisa.0",
    "Failed to access perfctr msr", "ACPI: SPCR: ", "integrity: Problem loading X.509 certificate", "Problem loading in-kernel X.509",
    "hw perf events fixed", "RETBleed:", "Spectre V2 :", "MDS CPU bug present",
    "TAA CPU bug present", "MMIO Stale Data CPU bug present", "SRBDS:", "L1TF CPU bug present", "Speculative Return Stack Overflow",
    "      Not tainted ", "      Tainted: ", "disables this message.",        # two lines that every hung task's message goes on with
)
# Drives that need not hold a disk
REMOVABLE = ("dev fd0", "device fd0", "dev sr0", "dev sr1", "device sr0", "dev loop")

# The first that matches a line gives its kind: special ones stand before general ones.
SIGNATURES: tuple[Signature, ...] = (
    # File systems
    Signature(FILESYSTEM, CRITICAL, "remounted read-only", "Remounting filesystem read-only"),
    Signature(FILESYSTEM, CRITICAL, "ext4 error", "EXT4-fs error"),
    Signature(FILESYSTEM, CRITICAL, "ext3 error", "EXT3-fs error"),
    Signature(FILESYSTEM, CRITICAL, "ext2 error", "EXT2-fs error"),
    Signature(FILESYSTEM, CRITICAL, "ext4 write failed", "EXT4-fs warning", ("I/O error", "failed to write")),
    Signature(FILESYSTEM, WARNING, "ext4 errors recorded", "EXT4-fs", ("error count since last fsck", "mounting fs with errors")),
    Signature(FILESYSTEM, CRITICAL, "journal aborted", "Aborting journal"),
    Signature(FILESYSTEM, CRITICAL, "journal aborted", "Detected aborted journal"),
    Signature(FILESYSTEM, CRITICAL, "journal error", "JBD2", ("Error ", "error -", "Detected IO errors")),
    Signature(FILESYSTEM, CRITICAL, "xfs shut down", "XFS", ("hutting down filesystem", "Filesystem has been shut down", "shutdown")),
    Signature(FILESYSTEM, CRITICAL, "xfs corruption", "XFS", ("orruption", "Internal error", "corrupt", "metadata I/O error")),
    Signature(FILESYSTEM, CRITICAL, "btrfs error", "BTRFS", (
        "error (", "critical (", "errs: ", "forced readonly", "checksum verify failed",
        "corrupt ", "csum failed",
    )),
    Signature(FILESYSTEM, CRITICAL, "data lost", "Delayed block allocation failed"),
    Signature(FILESYSTEM, CRITICAL, "fat error", "FAT-fs", ("error",)),
    Signature(FILESYSTEM, CRITICAL, "gfs2 error", "GFS2: fsid", ("fatal", "withdraw")),
    Signature(FILESYSTEM, CRITICAL, "f2fs error", "F2FS-fs", ("orrupt", "error")),
    Signature(FILESYSTEM, WARNING, "nfs server not responding", "nfs: server", ("not responding",)),
    Signature(FILESYSTEM, WARNING, "cifs server not responding", "CIFS", ("has not responded",)),
    # Block devices
    Signature(IO, CRITICAL, "medium error", "critical medium error"),
    Signature(IO, CRITICAL, "target error", "critical target error"),
    Signature(IO, WARNING, "lost path", "recoverable transport error"),
    Signature(IO, CRITICAL, "no space on thin device", "critical space allocation error"),
    Signature(IO, CRITICAL, "medium error", "Medium Error"),
    Signature(IO, CRITICAL, "hardware error of a disk", "Sense Key : Hardware Error"),
    Signature(IO, WARNING, "aborted command", "Sense Key : Aborted Command"),
    Signature(IO, CRITICAL, "unrecovered read error", "Unrecovered read error"),
    Signature(IO, CRITICAL, "lost write", "lost async page write"),
    Signature(IO, CRITICAL, "lost write", "lost page write"),
    Signature(IO, CRITICAL, "lost sync write", "lost sync page write"),
    Signature(IO, CRITICAL, "disk taken offline", "rejecting I/O to offline device"),
    Signature(IO, CRITICAL, "disk taken offline", "Device offlined"),
    Signature(IO, CRITICAL, "disk taken offline", "] ata", (".00: disable",)),
    Signature(IO, CRITICAL, "beyond the end of a device", "attempt to access beyond end of device"),
    Signature(IO, CRITICAL, "I/O error on swap", "-error on swap-device"),
    Signature(IO, CRITICAL, "I/O error", "I/O Error (sct"),
    Signature(IO, CRITICAL, "I/O error", "rbd: rbd", ("result -",)),
    Signature(IO, WARNING, "disk failure predicted", "FAILURE PREDICTION THRESHOLD EXCEEDED"),
    Signature(IO, WARNING, "SATA error", "] ata", (
        "exception Emask", "failed command:", "hard resetting link",
        "error: { UNC",
    )),
    Signature(IO, CRITICAL, "NVMe controller down", "nvme", (
        "controller is down", "Removing after probe failure", "Device not ready",
        "Abort status: 0x371",
    )),
    Signature(IO, WARNING, "NVMe timeout", "nvme", ("timeout", "resetting controller")),
    Signature(IO, WARNING, "SCSI timeout or abort", "attempting task abort"),
    Signature(IO, WARNING, "SCSI timeout or abort", "task abort:"),
    Signature(IO, WARNING, "SCSI timeout or abort", "timing out command"),
    Signature(IO, WARNING, "SCSI timeout or abort", "DID_TIME_OUT"),
    Signature(IO, WARNING, "SCSI timeout or abort", "abort issued"),
    Signature(IO, WARNING, "SCSI host or device reset", "adapter reset"),
    Signature(IO, WARNING, "SCSI host or device reset", "device reset issued"),
    Signature(IO, WARNING, "SCSI host or device reset", "Host adapter abort request"),
    Signature(IO, CRITICAL, "RAID controller fault", "megaraid_sas",
              ("FW in FAULT", "Firmware crash", "Adapter is OFFLINE", "fatal error", "/CRIT) - ", "/FATAL) - ", "/DEAD) - ")),
    Signature(IO, WARNING, "RAID controller warning", "megaraid_sas", ("/WARN) - ",)),
    Signature(IO, CRITICAL, "RAID controller fault", "mpt", ("fault_state", "issue of mpt adapter reset", "Host is being reset")),
    Signature(IO, CRITICAL, "RAID controller fault", "hpsa", ("Controller lockup detected",)),
    Signature(IO, WARNING, "path failed", "device-mapper: multipath", ("Failing path",)),
    Signature(IO, CRITICAL, "device-mapper", "device-mapper", (
        "I/O error", "switching pool to", "reached low water mark",
        "out-of-data-space", "unable to read metadata", "Invalidating snapshot",
    )),
    Signature(IO, CRITICAL, "md", "md/raid", ("Disk failure", "read error not correctable", "Operation continuing on", "not enough")),
    Signature(IO, WARNING, "md", "md/raid", ("read error corrected", "not clean")),
    Signature(IO, WARNING, "md", "md: kicking non-fresh"),
    Signature(IO, WARNING, "iSCSI connection lost", "detected conn error"),
    Signature(IO, WARNING, "iSCSI connection lost", "session recovery timed out"),
    Signature(IO, WARNING, "FC remote port lost", "blocked FC remote port time out"),
    Signature(IO, CRITICAL, "DRBD", "drbd", ("Split-Brain", "disk( UpToDate -> Failed", "-> Diskless")),
    Signature(IO, CRITICAL, "I/O error", "I/O error"),
    Signature(IO, CRITICAL, "I/O error", "i/o error"),
    Signature(IO, CRITICAL, "ZFS", "WARNING: Pool '", ("has encountered",)),
    # Hardware
    Signature(HARDWARE, CRITICAL, "machine check", "Machine check: "),
    Signature(HARDWARE, WARNING, "memory error corrected", "EDAC", (" CE ",)),
    Signature(HARDWARE, CRITICAL, "memory error not corrected", "EDAC", (" UE ",)),
    Signature(HARDWARE, CRITICAL, "memory failure", "Memory failure: 0x"),
    Signature(HARDWARE, WARNING, "hardware error corrected", "[Hardware Error]", (
        "orrected error", "event severity: corrected",
        "severity: corrected",
    )),
    Signature(HARDWARE, CRITICAL, "hardware error", "[Hardware Error]", ("ncorrected", "fatal", "severity: recoverable", "Fatal")),
    Signature(HARDWARE, WARNING, "machine check", "[Hardware Error]"),
    Signature(HARDWARE, WARNING, "machine check", "Machine check events logged"),
    Signature(HARDWARE, WARNING, "machine check", "mce: CPU", ("temperature above threshold", "temperature/speed")),
    Signature(HARDWARE, WARNING, "temperature", "temperature above threshold"),
    Signature(HARDWARE, CRITICAL, "temperature", "critical temperature reached"),
    Signature(HARDWARE, WARNING, "PCIe error corrected", "AER: ", ("Corrected error", "Correctable")),
    Signature(HARDWARE, CRITICAL, "PCIe error", "AER: ", ("ncorrect", "Fatal")),
    Signature(HARDWARE, WARNING, "PCIe error corrected", "PCIe Bus Error: severity=Corrected"),
    Signature(HARDWARE, CRITICAL, "PCIe error", "PCIe Bus Error: severity=Uncorrect"),
    Signature(HARDWARE, CRITICAL, "PCIe slot power fault", "Power fault"),
    Signature(HARDWARE, WARNING, "NMI", "NMI: ", ("PCI system error", "IOCK error", "memory parity error")),
    Signature(HARDWARE, WARNING, "NMI", "Uhhuh. NMI received"),
    Signature(HARDWARE, WARNING, "USB over-current", "over-current condition"),
    Signature(HARDWARE, INFO, "clock unstable", "Marking clocksource", ("unstable",)),
    # Processes that hang, CPUs that hang
    Signature(HUNG, WARNING, "hung task", "blocked for more than"),
    Signature(HUNG, CRITICAL, "soft lockup", "soft lockup"),
    Signature(HUNG, CRITICAL, "hard lockup", "hard LOCKUP"),
    Signature(HUNG, CRITICAL, "RCU stall", "detected stall"),
    Signature(HUNG, CRITICAL, "RCU stall", "self-detected stall"),
    Signature(HUNG, CRITICAL, "RCU stall", "kthread starved for"),
    Signature(HUNG, WARNING, "workqueue lockup", "BUG: workqueue lockup"),
    # Memory
    Signature(OOM, WARNING, "out of memory", "Out of memory:"),
    Signature(OOM, WARNING, "control group out of memory", "Memory cgroup out of memory"),
    Signature(OOM, WARNING, "out of memory", "invoked oom-killer"),
    Signature(OOM, WARNING, "page allocation failure", "page allocation failure"),
    # The kernel's own faults
    Signature(BUGS, CRITICAL, "panic", "Kernel panic"),
    Signature(BUGS, CRITICAL, "kernel bug", "kernel BUG at"),
    Signature(BUGS, CRITICAL, "kernel bug", "BUG: unable to handle"),
    Signature(BUGS, CRITICAL, "oops", "Oops:"),
    Signature(BUGS, CRITICAL, "kernel fault", "general protection fault", ("0000 [#",)),
    Signature(BUGS, CRITICAL, "kernel bug", "Bad page state"),
    Signature(BUGS, CRITICAL, "kernel bug", "Bad page map"),
    Signature(BUGS, CRITICAL, "list corruption", "list_add corruption"),
    Signature(BUGS, CRITICAL, "list corruption", "list_del corruption"),
    Signature(BUGS, WARNING, "scheduling while atomic", "scheduling while atomic"),
    Signature(BUGS, WARNING, "kernel bug", "BUG: "),
    Signature(BUGS, CRITICAL, "oops", "invalid opcode: "),
    Signature(BUGS, WARNING, "kernel warning", "WARNING: CPU:"),
    Signature(BUGS, WARNING, "kernel warning", "WARNING: at "),
    Signature(BUGS, WARNING, "kernel warning", "WARNING: ", (", CPU#",)),
    Signature(BUGS, WARNING, CALL_TRACE, "Call Trace:"),
    Signature(BUGS, INFO, "segfault of a program", "segfault at"),
    Signature(BUGS, INFO, "fault of a program", "traps: "),
    Signature(BUGS, INFO, "fault of a program", "general protection"),
    # Network
    Signature(NETWORK, CRITICAL, "connection table full", "nf_conntrack: table full"),
    Signature(NETWORK, CRITICAL, "connection table full", "ip_conntrack: table full"),
    Signature(NETWORK, WARNING, "transmit queue timed out", "NETDEV WATCHDOG"),
    Signature(NETWORK, WARNING, "transmit queue timed out", "transmit queue", ("timed out",)),
    Signature(NETWORK, WARNING, "adapter hang or reset", "Detected Hardware Unit Hang"),
    Signature(NETWORK, WARNING, "adapter hang or reset", "Detected Tx Unit Hang"),
    Signature(NETWORK, WARNING, "adapter hang or reset", "Reset adapter"),
    Signature(NETWORK, WARNING, "adapter hang or reset", "TX timeout"),
    Signature(NETWORK, WARNING, "neighbour table full", "neighbour: ", ("table overflow", "neighbor table overflow")),
    Signature(NETWORK, WARNING, "neighbour table full", "Neighbour table overflow"),
    Signature(NETWORK, WARNING, "SYN flooding", "Possible SYN flooding"),
    Signature(NETWORK, WARNING, "TCP memory used up", "TCP: out of memory"),
    Signature(NETWORK, WARNING, "TCP memory used up", "too many orphaned sockets"),
    Signature(NETWORK, WARNING, "duplicate address", "duplicate address detected"),
    Signature(NETWORK, WARNING, "duplicate address", "detected!", ("IPv6 duplicate",)),
    Signature(NETWORK, INFO, "link down", "Link is Down"),
    Signature(NETWORK, INFO, "link down", "link is down"),
    Signature(NETWORK, INFO, "link down", "link down", ("eth", "eno", "ens", "enp", "bond", "Link")),
    Signature(NETWORK, INFO, "link down", "Lost carrier"),
)
