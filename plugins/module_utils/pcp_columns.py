# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw values of Performance Co-Pilot, as pmrep prints them, into the columns that sysstat_columns.py has for sadf's.

    Time,"kernel.all.cpu.user","kernel.all.cpu.idle","disk.dev.read-sda","hinv.ncpu","filesys.mountdir-/dev/sda1"
    2026-11-02 08:10:00,2434866,534562,9120,2,"/"
    2026-11-02 08:20:00,,,,2,"/"

What is counted becomes a rate between two rows, unless the host was started in between. Where pmlogger did not run only the constants
are told, such as the number of processors: such a row is a gap. Names and units: pminfo -dT of PCP 4 to 6.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

BOOT, PROCESSORS = "kernel.all.boottime", "hinv.ncpu"
CONSTANT = (BOOT, PROCESSORS, "mem.physmem", "filesys.mountdir", "filesys.capacity", "network.interface.baudrate",
            "network.interface.duplex")

# column: (metric, its factor to the unit of the column)
LEVELS = {
    "file-nr": ("vfs.files.count", 1), "kbmemfree": ("mem.util.free", 1), "kbavail": ("mem.util.available", 1),
    "kbdirty": ("mem.util.dirty", 1), "kbswpfree": ("mem.util.swapFree", 1),
}
RATES = {
    "pswpin/s": ("swap.pagesin", 1), "pswpout/s": ("swap.pagesout", 1), "majflt/s": ("mem.vmstat.pgmajfault", 1),
    "oseg/s": ("network.tcp.outsegs", 1), "retrans/s": ("network.tcp.retranssegs", 1),
    # microseconds a second to per cent
    "%scpu": ("kernel.all.pressure.cpu.some.total", 1e-4), "%smem": ("kernel.all.pressure.memory.some.total", 1e-4),
    "%fio": ("kernel.all.pressure.io.full.total", 1e-4),
}
PROCESSOR_TIMES = {
    "%usr": "kernel.all.cpu.user", "%nice": "kernel.all.cpu.nice", "%sys": "kernel.all.cpu.sys", "%idle": "kernel.all.cpu.idle",
    "%iowait": "kernel.all.cpu.wait.total", "%steal": "kernel.all.cpu.steal", "%irq": "kernel.all.cpu.irq.hard",
    "%soft": "kernel.all.cpu.irq.soft",
}
PROCESSOR_RATES = {"dropd/s": ("network.softnet.dropped", 1)}
DISKS = ("disk.dev", "disk.dm", "disk.md")
INTERFACE_RATES = {
    "rxkB/s": ("network.interface.in.bytes", 1 / 1024), "txkB/s": ("network.interface.out.bytes", 1 / 1024),
    "rxerr/s": ("network.interface.in.errors", 1), "txerr/s": ("network.interface.out.errors", 1),
    "rxdrop/s": ("network.interface.in.drops", 1), "txdrop/s": ("network.interface.out.drops", 1),
}
HALF_DUPLEX = 1
TOTALS = tuple(sorted(
    [metric for metric, _factor in list(LEVELS.values()) + list(RATES.values()) + list(PROCESSOR_RATES.values())]
    + list(PROCESSOR_TIMES.values())
    + [BOOT, PROCESSORS, "kernel.all.runnable", "mem.physmem", "mem.util.swapTotal"]))
DEVICES = tuple(sorted(
    [disk + "." + name for disk in DISKS for name in ("read", "write", "read_bytes", "write_bytes", "avactive", "aveq")]
    + [metric for metric, _factor in INTERFACE_RATES.values()] + ["network.interface.baudrate", "network.interface.duplex"]
    + ["filesys." + name for name in ("mountdir", "capacity", "used", "free", "maxfiles", "usedfiles")]
    + [BOOT, PROCESSORS]))
CELL = re.compile(r'(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))')


class Rows:
    """Takes what pmrep printed of one archive after another, always of the same metrics, into ``columns``."""

    def __init__(self, columns, seconds):
        self.columns = columns
        self.seconds = seconds          # between two rows
        self.before = None              # the last row that told something: (its time, {(metric, instance): text})

    def add(self, text):
        names = None
        for line in text.splitlines():
            cells = [quoted or plain for quoted, plain in CELL.findall(line)]
            if cells[0] == "Time":
                names = [tuple(name.partition("-")[::2]) for name in cells[1:]]
            elif names is not None and len(cells) == len(names) + 1:
                moment = self.columns.moment(cells[0])
                values = dict((names[place], cell) for place, cell in enumerate(cells[1:]) if cell != "")
                if moment is not None and any(metric not in CONSTANT for metric, _instance in values):
                    self.row(Row(moment, values, self.before))

    def row(self, row):
        if self.before is not None and row.moment <= self.before[0]:
            return
        if row.restarted:
            self.columns.restart(int(row.level(BOOT)), [str(int(row.level(PROCESSORS) or 0) or "")])
        seconds = row.moment - self.before[0] if self.before is not None else self.seconds
        for section, item, made in described(row):
            self.columns.sample(row.moment, seconds, section, item, made)
        self.before = (row.moment, row.values)


class Row:
    """One row, and the one before it."""

    def __init__(self, moment, values, before):
        self.moment = moment
        self.values = values
        self.earlier = before
        boots = self.level(BOOT), number_of(before[1].get((BOOT, ""))) if before else None
        # The kernel's time of its start follows corrections of the clock by a second or so
        self.restarted = None not in boots and boots[0] - boots[1] > 60

    def level(self, metric, instance=""):
        """As a number; None where it is not known."""
        return number_of(self.values.get((metric, instance)))

    def rate(self, metric, instance=""):
        """A second, since the row before; None where that is not known or the counter went back."""
        if self.earlier is None or self.restarted:
            return None
        last, first = self.level(metric, instance), number_of(self.earlier[1].get((metric, instance)))
        return (last - first) / (self.moment - self.earlier[0]) if None not in (last, first) and last >= first else None

    def instances(self, metric):
        return sorted(instance for name, instance in self.values if name == metric)


def number_of(text):
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def described(row):
    """[(section, item, {column: value or None})] of all that a row tells."""
    found = [("", "", host(row)), ("CPU", "-1", processors(row))]
    for family in DISKS:
        found += [("DEV", name, disk(row, family, name)) for name in row.instances(family + ".read")]
    found += [("IFACE", name, interface(row, name)) for name in row.instances("network.interface.in.bytes")]
    for device in row.instances("filesys.mountdir"):
        found.append(("MOUNTPOINT", row.values["filesys.mountdir", device], filesystem(row, device)))
    return found


def scaled(read, table, instance=""):
    values = ((column, read(metric, instance), factor) for column, (metric, factor) in table.items())
    return dict((column, value * factor) for column, value, factor in values if value is not None)


def share(part, whole):
    """In per cent; None where one is not known."""
    return 100 * part / whole if part is not None and whole else None


def host(row):
    made = scaled(row.level, LEVELS)
    made.update(scaled(row.rate, RATES))
    runnable, memory, free = row.level("kernel.all.runnable"), row.level("mem.physmem"), row.level("mem.util.free")
    if runnable is not None:
        made["runq-sz"] = max(runnable - 1, 0)          # without the one that counts them, as sysstat does
    if None not in (memory, free):
        made.update({"kbmemused": memory - free, "%memused": share(memory - free, memory)})
    swap, swap_free = row.level("mem.util.swapTotal"), row.level("mem.util.swapFree")
    if None not in (swap, swap_free):
        made.update({"kbswpused": swap - swap_free, "%swpused": share(swap - swap_free, swap) or 0})
    return made


def processors(row):
    times = dict((column, row.rate(metric)) for column, metric in PROCESSOR_TIMES.items())
    made = scaled(row.rate, PROCESSOR_RATES)
    if None not in (times["%usr"], times["%sys"], times["%idle"]):
        whole = sum(value for value in times.values() if value is not None)
        made.update((column, share(value, whole)) for column, value in times.items())
    return made


def disk(row, family, name):
    """The time of all requests by their number is what one waited (Little's law)."""
    reads, writes = row.rate(family + ".read", name), row.rate(family + ".write", name)
    waited = row.rate(family + ".aveq", name)           # milliseconds a second
    transfers = reads + writes if None not in (reads, writes) else None
    made = scaled(row.rate, {"rkB/s": (family + ".read_bytes", 1), "wkB/s": (family + ".write_bytes", 1),
                             "%util": (family + ".avactive", 0.1), "aqu-sz": (family + ".aveq", 1e-3)}, name)
    made["tps"] = transfers
    if None not in (transfers, waited):
        made["await"] = waited / transfers if transfers else 0
    return made


def interface(row, name):
    made = scaled(row.rate, INTERFACE_RATES, name)
    received, sent = row.rate("network.interface.in.bytes", name), row.rate("network.interface.out.bytes", name)
    if None not in (received, sent):
        half = row.level("network.interface.duplex", name) == HALF_DUPLEX
        made["%ifutil"] = share(received + sent if half else max(received, sent), row.level("network.interface.baudrate", name))
    return made


def filesystem(row, device):
    free = row.level("filesys.free", device)
    return {
        "MBfsfree": None if free is None else free / 1024,
        "%fsused": share(row.level("filesys.used", device), row.level("filesys.capacity", device)),
        "%Iused": share(row.level("filesys.usedfiles", device), row.level("filesys.maxfiles", device)),
    }
