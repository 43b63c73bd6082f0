# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Output of `sadf -d` (rows of text) into columns of numbers, of which only those are kept that a history is made of.

    # hostname;interval;timestamp;DEV;tps;rkB/s;wkB/s;areq-sz;aqu-sz;await;%util
    db1;600;2026-11-02 08:10:01 UTC;sda;12.50;8.00;340.10;27.85;0.04;3.20;4.10
    db1;-1;2026-11-02 08:14:02 UTC;LINUX-RESTART	(8 CPU)

becomes {"times": [1793607001], "seconds": [600], "restarts": [[1793607242, 8]], "columns": {"DEV": {"sda": {"await": [3.2], ...}}}}.
Rearranged so, four weeks take a twentieth of the room. Shares and sizes keep three digits, those of file systems four; rates and lengths
of queues, of which no two intervals have the same, are kept to a hundredth. A column that never changes is one number, not a list.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import calendar
import math
import re
import time

ITEMS = ("CPU", "DEV", "IFACE", "FILESYSTEM", "MOUNTPOINT", "INTR", "TTY", "BUS", "FAN", "TEMP", "IN")
FILESYSTEM = ("MBfsfree", "%fsused", "%Iused")
KEPT = {
    "": ("pswpin/s", "pswpout/s", "majflt/s", "kbmemfree", "kbavail", "kbmemused", "%memused", "kbdirty", "kbswpfree", "kbswpused",
         "%swpused", "file-nr", "runq-sz", "%scpu", "%fio", "%smem", "oseg/s", "retrans/s", "retrseg/s"),
    "CPU": ("%user", "%usr", "%nice", "%system", "%sys", "%iowait", "%steal", "%irq", "%soft", "%guest", "%gnice", "%idle", "dropd/s"),
    "DEV": ("tps", "rd_sec/s", "wr_sec/s", "rkB/s", "wkB/s", "avgqu-sz", "aqu-sz", "await", "%util"),
    "IFACE": ("rxkB/s", "txkB/s", "%ifutil", "rxerr/s", "txerr/s", "rxdrop/s", "txdrop/s"),
    "FILESYSTEM": FILESYSTEM,
    "MOUNTPOINT": FILESYSTEM,
}
PASSING = re.compile(r"(loop|ram|sr|fd|zram)\d+$|(lo$|veth|tap|vnet|cali|cni|flannel)")      # devices that say nothing of a bottleneck
CPUS = re.compile(r"(\d+)(?: CPU)?")


class Columns:
    """Takes the texts of `sadf -d` one after another, in order of time; ``document()`` is all of them together."""

    def __init__(self):
        self.places = {}                # time -> its row
        self.seconds = []
        self.restarts = []
        self.values = {}                # (section, item, column) -> {row: number}
        self._times = {}

    def add(self, text):
        wanted, section = [], ""
        for line in text.splitlines():
            fields = line.split(";")
            if line.startswith("#"):
                section = fields[3] if len(fields) > 3 and fields[3] in ITEMS else ""
                kept = () if "call/s" in fields else KEPT.get(section, ())      # NFS has a retrans/s of its own
                wanted = [(place, name) for place, name in enumerate(fields) if name in kept]
            elif len(fields) > 3:
                moment = self.moment(fields[2])
                if moment is None:
                    continue
                if fields[3].startswith("LINUX-RESTART"):
                    self.restart(moment, fields[3:])
                elif wanted and not fields[3].startswith("COM"):
                    self.row(section, moment, fields, wanted)

    def restart(self, moment, words):
        count = CPUS.search(" ".join(words).replace("LINUX-RESTART", ""))
        found = [moment, int(count.group(1)) if count else None]
        if found not in self.restarts:
            self.restarts.append(found)

    def row(self, section, moment, fields, wanted):
        item = fields[3] if section else ""
        if len(fields) > wanted[-1][0]:                     # a line that was cut short has no values
            values = dict((name, parsed(fields[position])) for position, name in wanted)
            self.sample(moment, int(fields[1]) if fields[1].isdigit() else 0, section, item, values)

    def sample(self, moment, seconds, section, item, values):
        """{column: number or None} of one item, measured over so many seconds until then."""
        if (section in ("DEV", "IFACE") and PASSING.match(item)) or (section == "CPU" and item not in ("-1", "all")):
            return
        place = self.places.get(moment)
        if place is None:
            place = self.places[moment] = len(self.seconds)
            self.seconds.append(seconds)
        for name, value in values.items():
            column = self.values.setdefault((section, item, name), {})
            column.setdefault(place, None if value is None else kept(name, value))

    def moment(self, text):
        """Seconds since 1970 of "2026-11-02 08:10:01 UTC" or "1793607001"; None of anything else."""
        if text not in self._times:
            try:
                self._times[text] = int(text) if text.isdigit() else calendar.timegm(time.strptime(text[:19], "%Y-%m-%d %H:%M:%S"))
            except ValueError:
                self._times[text] = None
        return self._times[text]

    def document(self):
        columns = {}
        for (section, item, name), values in self.values.items():
            series = [values.get(place) for place in range(len(self.seconds))]
            same = len(series) > 1 and series[0] is not None and series.count(series[0]) == len(series)
            columns.setdefault(section, {}).setdefault(item, {})[name] = series[0] if same else series
        times = sorted(self.places, key=self.places.get)
        return {"times": times, "seconds": self.seconds, "restarts": self.restarts, "columns": columns}


def parsed(text):
    """None of what is no number."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def kept(name, value):
    """A column's number without what says nothing of a load, and costs room. None of what is infinite or no number."""
    if math.isnan(value) or math.isinf(value):
        return None
    if name in FILESYSTEM:
        value = float("%.4g" % value)
    elif value and not name.startswith(("%", "kb")):
        value = to_hundredth(value)
    else:
        value = float("%.3g" % value)
    return int(value) if value == int(value) else value


def to_hundredth(value):
    """To three digits in steps of 2 from 100 to 200, of 5 to 500, of 10 to 1000: off by 1.25 % at most."""
    digit = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    step = digit * (2 if abs(value) < 200 * digit else 5 if abs(value) < 500 * digit else 10)
    return float("%.3g" % (round(value / step) * step))
