# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns of sysstat or PCP (the form is in module_utils/sysstat_columns.py) as the History of a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..absent import Unknown
from .series import History, Values

Flags: TypeAlias = npt.NDArray[np.bool_]
Places: TypeAlias = npt.NDArray[np.intp] | slice
Column: TypeAlias = Callable[[str], Values | None]      # the values of one item by the name of their column
GAP = 2.5               # an interval that many times the usual one is a gap: nobody measured in between
SOONEST = 86400         # how many seconds after the capture a sample may claim to be: the clock was wrong then
LARGEST = 1e16          # a rate above it is of a counter that went back
KB, MB, SECTOR = 1024.0, 1048576.0, 512.0

# measure: the names of its columns from version to version (the first that is there), the factor to its unit
Plain: TypeAlias = Mapping[str, tuple[tuple[str, ...], float]]
HOST: Plain = {
    "run_queue_length": (("runq-sz",), 1), "memory_available_bytes": (("kbavail",), KB), "memory_dirty_bytes": (("kbdirty",), KB),
    "swap_used_ratio": (("%swpused",), 0.01), "swap_in_pages_rate": (("pswpin/s",), 1), "swap_out_pages_rate": (("pswpout/s",), 1),
    "major_faults_rate": (("majflt/s",), 1), "files_open_count": (("file-nr",), 1),
    "psi_cpu_some_ratio": (("%scpu",), 0.01), "psi_memory_some_ratio": (("%smem",), 0.01), "psi_io_full_ratio": (("%fio",), 0.01),
    "tcp_retransmits_rate": (("retrans/s", "retrseg/s"), 1), "tcp_segments_out_rate": (("oseg/s",), 1),
}
CPU: Plain = {
    "cpu_user_ratio": (("%usr", "%user"), 0.01), "cpu_nice_ratio": (("%nice",), 0.01), "cpu_system_ratio": (("%sys", "%system"), 0.01),
    "cpu_iowait_ratio": (("%iowait",), 0.01), "cpu_steal_ratio": (("%steal",), 0.01), "cpu_idle_ratio": (("%idle",), 0.01),
    "softnet_drops_rate": (("dropd/s",), 1),
}
DISK: Plain = {
    "disk_busy_ratio": (("%util",), 0.01), "disk_await_seconds": (("await",), 0.001), "disk_queue_length": (("aqu-sz", "avgqu-sz"), 1),
    "disk_transfers_rate": (("tps",), 1),
}
INTERFACE: Plain = {
    "interface_receive_bytes_rate": (("rxkB/s",), KB), "interface_transmit_bytes_rate": (("txkB/s",), KB),
    "interface_receive_errors_rate": (("rxerr/s",), 1), "interface_transmit_errors_rate": (("txerr/s",), 1),
    "interface_receive_drops_rate": (("rxdrop/s",), 1), "interface_transmit_drops_rate": (("txdrop/s",), 1),
}
FILESYSTEM: Plain = {
    "filesystem_used_ratio": (("%fsused",), 0.01), "filesystem_inodes_used_ratio": (("%Iused",), 0.01),
    "filesystem_free_bytes": (("MBfsfree",), MB),
}
DEVICES = {"DEV": DISK, "IFACE": INTERFACE, "MOUNTPOINT": FILESYSTEM, "FILESYSTEM": FILESYSTEM}
NOT_MEASURED = Unknown("what measures this host does not measure it, or is not told to")


def history_of(document: Mapping[str, Any], source: str, taken_at: float, files_limit: float | None = None) -> History:
    """``source``: such as "sysstat 12.5.2". ``taken_at``: seconds since 1970; what claims to be of the future was measured while the clock
    was wrong."""
    times = np.array(document["times"], dtype=float)
    kept = ascending(times, taken_at + SOONEST)
    count = len(times)
    times, seconds = times[kept], np.array(document["seconds"], dtype=float)[kept]
    usual = float(np.median(seconds[seconds > 0])) if (seconds > 0).any() else 0.0
    unseen = (seconds <= 0) | (seconds > GAP * usual)
    series: dict[tuple[str, str], Values] = {}
    for section, items in document["columns"].items():
        for item, columns in items.items():
            series.update(_series_of(section, item, _reader(columns, kept, count)))
    series = {key: _cleaned(key[0], values, unseen) for key, values in series.items()}
    restarts = sorted((float(at), cpus) for at, cpus in document["restarts"])
    series["cpus_count", ""] = _cpus(times, restarts, float(document["cpus"]))
    if files_limit is not None:
        series["files_limit_count", ""] = np.full(len(times), files_limit)
    return History(times, seconds, series, tuple(at for at, _cpus in restarts), int(document["utc_offset_seconds"]),
                   (source,), _missing(document, series))


def ascending(times: Values, latest: float) -> Places:
    """Which samples to keep so that the times ascend: after the clock was set back, those until it has caught up are left out."""
    if len(times) == 0 or (times[-1] <= latest and bool((np.diff(times) > 0).all())):
        return slice(None)
    plausible = np.where(times <= latest, times, -np.inf)
    before = np.concatenate(([-np.inf], np.maximum.accumulate(plausible)[:-1]))
    return np.flatnonzero(plausible > before)


def _reader(columns: Mapping[str, Any], kept: Places, count: int) -> Column:
    def read(name: str) -> Values | None:
        if name not in columns:
            return None
        values = columns[name]
        whole: Values = np.array(values, dtype=float) if isinstance(values, list) else np.full(count, float(values))
        return whole[kept]
    return read


def _series_of(section: str, item: str, column: Column) -> dict[tuple[str, str], Values]:
    plain = {"": HOST, "CPU": CPU, **DEVICES}.get(section, {})
    instance = item if section in DEVICES else ""
    made = {}
    for measure, (names, factor) in plain.items():
        values = next((found for name in names if (found := column(name)) is not None), None)
        if values is not None:
            made[measure, instance] = values * factor
    for measure, values in EXTRA[section](column) if section in EXTRA else ():
        made[measure, instance] = values
    return made


Extra: TypeAlias = list[tuple[str, Values]]


def _sum(column: Column, *names: str) -> Values | None:
    found = [values for name in names if (values := column(name)) is not None]
    return sum(found[1:], found[0]) if found else None


def _host_extra(column: Column) -> Extra:
    made: Extra = []
    swap_free, swap_used = column("kbswpfree"), column("kbswpused")
    if swap_free is not None and swap_used is not None:
        made.append(("swap_total_bytes", (swap_free + swap_used) * KB))
    free, used, share = column("kbmemfree"), column("kbmemused"), column("%memused")
    if free is not None and used is not None and share is not None:
        made.append(("memory_total_bytes", memory_total(free, used, share) * KB))
    return made


def memory_total(free: Values, used: Values, percent: Values) -> Values:
    """In the unit of ``used``. Up to 11.x "used" is all but free memory, from 12 on also without caches: its share tells which it is."""
    total = free + used
    with np.errstate(divide="ignore", invalid="ignore"):
        by_share = used / percent * 100
        if (np.abs(used / total * 100 - percent) < 0.1).mean() > 0.5:
            return total
    known = by_share[np.isfinite(by_share)]
    steady = len(known) > 0 and np.ptp(known) < 0.05 * np.median(known)     # the share has two decimals: its error goes by the median
    return np.where(np.isfinite(by_share), np.median(known), np.nan) if steady else by_share


def _cpu_extra(column: Column) -> Extra:
    """A guest's time is its host's user time, which "%usr" of -u ALL leaves out, as "%nice" does that of a niced guest."""
    made: Extra = []
    for measure, names in (("cpu_irq_ratio", ("%irq", "%soft")), ("cpu_user_ratio", ("%usr", "%guest")),
                           ("cpu_nice_ratio", ("%nice", "%gnice"))):
        values = _sum(column, *names) if column(names[0]) is not None else None
        if values is not None:
            made.append((measure, values / 100))
    return made


def _disk_extra(column: Column) -> Extra:
    made: Extra = []
    for measure, kilobytes, sectors in (("disk_read_bytes_rate", "rkB/s", "rd_sec/s"), ("disk_write_bytes_rate", "wkB/s", "wr_sec/s")):
        in_kilobytes, in_sectors = column(kilobytes), column(sectors)
        if in_kilobytes is not None:
            made.append((measure, in_kilobytes * KB))
        elif in_sectors is not None:
            made.append((measure, in_sectors * SECTOR))
    return made


def _interface_extra(column: Column) -> Extra:
    """Without a known speed sar says 0 % for ever."""
    busy = column("%ifutil")
    return [] if busy is None or not (busy > 0).any() else [("interface_busy_ratio", busy / 100)]


EXTRA: Mapping[str, Callable[[Column], Extra]] = {"": _host_extra, "CPU": _cpu_extra, "DEV": _disk_extra, "IFACE": _interface_extra}


def _cleaned(measure: str, values: Values, unseen: Flags) -> Values:
    """NaN where nothing is known: gaps, counters that went back. A share may round to a little over 1."""
    wrong = unseen | (values < 0) | (values > LARGEST)
    if measure.endswith("_ratio"):
        wrong = wrong | (values > (20 if measure == "disk_busy_ratio" else 1.05))
        values = np.minimum(values, 1.0)
    return np.where(wrong, np.nan, values)


def _cpus(times: Values, restarts: list[tuple[float, int | None]], now: float) -> Values:
    """By what each start says; before the first one, the first one's; today's where none says it."""
    counts = [(at, float(cpus)) for at, cpus in restarts if cpus]
    if not counts:
        return np.full(len(times), now)
    places = np.searchsorted([at for at, _count in counts], times, side="right") - 1
    return np.array([count for _at, count in counts])[np.maximum(places, 0)]


def _missing(document: Mapping[str, Any], series: Mapping[tuple[str, str], Values]) -> dict[str, Unknown]:
    there = {measure for measure, _instance in series}
    missing = {measure: NOT_MEASURED for plain in (HOST, CPU, DISK, INTERFACE) for measure in plain if measure not in there}
    cut = next((item for item in document["problems"] if item["error"] == "too_large"), None)
    if cut:
        reason = Unknown("{path}: its devices are more than max_bytes", {"path": cut["file"]})
        missing.update({measure: reason for plain in (DISK, INTERFACE, FILESYSTEM) for measure in plain})
    return missing
