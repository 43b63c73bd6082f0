# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU: shares of time between two samples, load, topology, history. Ratios 0 to 1 of all CPUs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..absent import Known, NotHere, Unknown, Unreadable
from ..archive import Capture, succeeded
from .container import not_its_own
from .counters import NOT_SAMPLED

FOLDER = "/sys/devices/system/cpu/"
TICKS_PER_SECOND = 100                  # USER_HZ, the same on all architectures that Linux servers run on
SADF_COLUMNS = ("timestamp", "CPU", "%iowait", "%steal", "%idle")
COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice")


@dataclass(frozen=True)
class CpuShares:
    """Parts of the time between two samples. ``user_ratio`` and ``nice_ratio`` are without the guests."""

    user_ratio: float
    nice_ratio: float
    system_ratio: float
    idle_ratio: float
    iowait_ratio: float
    irq_ratio: float
    softirq_ratio: float
    steal_ratio: float
    guest_ratio: float
    guest_nice_ratio: float

    @property
    def busy_ratio(self) -> float:
        """What was neither idle nor waiting for I/O nor taken by the hypervisor."""
        return max(0.0, 1 - self.idle_ratio - self.iowait_ratio - self.steal_ratio)


@dataclass(frozen=True)
class Load:
    """Tasks that run or wait, as averages over 1, 5 and 15 minutes; ``tasks`` is the number of all threads."""

    one: float
    five: float
    fifteen: float
    tasks: int


@dataclass(frozen=True)
class Topology:
    """``sockets``, ``cores_per_socket``, ``threads_per_core`` are None where the architecture does not tell them."""

    model: str
    logical: int
    sockets: int | None
    cores_per_socket: int | None
    threads_per_core: int | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Offline:
    cpus: tuple[int, ...]
    smt: str            # on, off, forceoff, notsupported, or "" where the kernel doesn't say


@dataclass(frozen=True)
class History:
    """Busy ratios of all samples that sysstat kept, with the days on which it did."""

    p95_ratio: float
    samples_count: int
    days_count: int


@dataclass(frozen=True)
class CpuFacts:
    seconds: Known[Mapping[str, Mapping[str, float]]]
    shares: Known[Mapping[str, CpuShares]]
    count: Known[int]
    load: Known[Load]
    topology: Known[Topology]
    offline: Known[Offline]
    vulnerabilities: Known[Mapping[str, str]]
    history: Known[History]


def parse(capture: Capture) -> CpuFacts:
    times = _times(capture)
    other = not_its_own(capture, "/proc/stat")
    return CpuFacts(
        seconds=_seconds(times), shares=other or _shares(times),
        count=sum(name != "cpu" for name in times[-1]) if isinstance(times, list) else times,
        load=not_its_own(capture, "/proc/loadavg") or _load(capture.known("/proc/loadavg")),
        topology=_topology(capture.known("/proc/cpuinfo")),
        offline=_offline(capture), vulnerabilities=_vulnerabilities(capture), history=other or _history(capture),
    )


Times = dict[str, dict[str, int]]


def _times(capture: Capture) -> list[Times] | Unknown:
    samples = capture.samples("/proc/stat")
    if not samples:
        text = capture.known("/proc/stat")
        return text if isinstance(text, Unknown) else Unknown("/proc/stat: is not readable")
    try:
        return [parse_stat(entry.text or "") for entry in samples]
    except Unreadable as error:
        return error.unknown


# cpu  2255 34 2290 22625563 6290 127 456 0 0 0
# cpu0 1132 34 1441 11311718 3675 127 438 0 0 0
# intr 114930548 113199788 ...
# softirq 183433 0 21755 12 39 1137 231 21459 2263
def parse_stat(text: str) -> Times:
    """{cpu, cpu0, ...: {column: ticks}}. Raises Unreadable when it is cut off or not a /proc/stat."""
    lines = text.splitlines()
    found = {}
    for line in lines:
        words = line.split()
        if not words or not words[0].startswith("cpu"):
            continue
        if len(words) < 5 or not all(word.isdecimal() for word in words[1:]):
            raise Unreadable("/proc/stat: has a line that is cut off")
        numbers = [int(word) for word in words[1:11]]
        found[words[0]] = dict(zip(COLUMNS, numbers + [0] * (10 - len(numbers)), strict=True))
    whole = text.endswith("\n") and any(line.startswith("procs_blocked") for line in lines)
    if "cpu" not in found or len(found) < 2 or not whole:
        raise Unreadable("/proc/stat: is cut off or not such a file")
    return found


def _seconds(times: list[Times] | Unknown) -> Known[Mapping[str, Mapping[str, float]]]:
    """Seconds since boot, from the last sample."""
    if isinstance(times, Unknown):
        return times
    return {name: {column: ticks / TICKS_PER_SECOND for column, ticks in row.items()} for name, row in times[-1].items()}


def _shares(times: list[Times] | Unknown) -> Known[Mapping[str, CpuShares]]:
    if isinstance(times, Unknown):
        return times
    if len(times) < 2:
        return NOT_SAMPLED
    before, after = times[0], times[-1]
    shares = {name: _share(before[name], row) for name, row in after.items() if name in before}
    return {name: share for name, share in shares.items() if share is not None} if shares["cpu"] is not None else Unknown(
        "/proc/stat: the counters went back between the two samples")


def _share(before: Mapping[str, int], after: Mapping[str, int]) -> CpuShares | None:
    """None when a counter went back; only idle and iowait may do so by a little (proc(5))."""
    grown = {column: after[column] - before[column] for column in COLUMNS}
    if any(ticks < 0 for column, ticks in grown.items() if column not in ("idle", "iowait")) or grown["idle"] < -1000:
        return None
    grown = {column: max(0, ticks) for column, ticks in grown.items()}
    total = sum(grown[column] for column in COLUMNS[:8])
    if not total:
        return None
    grown["user"] = max(0, grown["user"] - grown["guest"])
    grown["nice"] = max(0, grown["nice"] - grown["guest_nice"])
    return CpuShares(*(grown[column] / total for column in COLUMNS))


# 0.20 0.18 0.12 1/80 11206
def _load(text: str | Unknown) -> Known[Load]:
    if isinstance(text, Unknown):
        return text
    words = text.split()
    try:
        if len(words) != 5 or not text.endswith("\n"):
            raise ValueError
        return Load(float(words[0]), float(words[1]), float(words[2]), int(words[3].split("/")[1]))
    except (ValueError, IndexError):
        return Unknown("/proc/loadavg: is cut off or not such a file")


# processor	: 0
# model name	: Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz
# physical id	: 0
# siblings	: 28
# cpu cores	: 14
def _topology(text: str | Unknown) -> Known[Topology]:
    if isinstance(text, Unknown):
        return text
    rows = [(key.strip(), value.strip()) for key, colon, value in (line.partition(":") for line in text.splitlines()) if colon]
    first = dict(reversed(rows))
    logical = sum(key == "processor" or (key.startswith("processor ") and key[10:].isdecimal()) for key, _value in rows)
    if not logical and first.get("ncpus active", "").isdecimal():         # SPARC
        logical = int(first["ncpus active"])
    if not logical:
        return Unknown("/proc/cpuinfo: names no processor")
    sockets = len({value for key, value in rows if key == "physical id"}) or None
    cores, siblings = first.get("cpu cores", ""), first.get("siblings", "")
    known = sockets is not None and cores.isdecimal() and siblings.isdecimal() and int(cores) > 0
    return Topology(
        model=next((first[key] for key in ("model name", "cpu model", "cpu", "Processor", "machine", "vendor_id") if key in first), ""),
        logical=logical, sockets=sockets, cores_per_socket=int(cores) if known else None,
        threads_per_core=int(siblings) // int(cores) if known else None,
        flags=tuple((first.get("flags") or first.get("Features") or first.get("features") or "").split()),
    )


# 0-3,8
def parse_list(text: str) -> set[int]:
    """Raises ValueError."""
    if not text.endswith("\n"):
        raise ValueError("cut off")
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        low, _dash, high = part.partition("-")
        cpus.update(range(int(low), int(high or low) + 1))
    return cpus


def _offline(capture: Capture) -> Known[Offline]:
    present, online, smt = (capture.text(FOLDER + name) for name in ("present", "online", "smt/control"))
    if not isinstance(present, str):
        return present
    if not isinstance(online, str):
        return online
    try:
        return Offline(tuple(sorted(parse_list(present) - parse_list(online))), smt.strip() if isinstance(smt, str) else "")
    except ValueError:
        return Unknown("the kernel's lists of CPUs are garbled")


# Vulnerable: Clear CPU buffers attempted, no microcode
def _vulnerabilities(capture: Capture) -> Known[Mapping[str, str]]:
    entries = capture.matching(FOLDER + "vulnerabilities/*")
    if not entries:
        return NotHere("this kernel does not list the CPU's vulnerabilities")
    found = {}
    for entry in entries:
        if not isinstance(text := succeeded(entry), str) or not text.endswith("\n"):
            return Unknown("{key}: is not readable", {"key": entry.key})
        found[entry.key.rsplit("/", 1)[-1]] = text.strip()
    return found


def _history(capture: Capture) -> Known[History]:
    entries = capture.matching("sadf -d * -- -u")
    if not entries:
        return NotHere("no history of sysstat was asked for (history_days), or none is kept")
    busy: list[float] = []
    days: set[str] = set()
    for entry in entries:
        if not isinstance(text := succeeded(entry), str):
            return text
        if text and not text.endswith("\n"):
            return Unknown("{key}: is cut off", {"key": entry.key})
        for day, ratio in parse_sadf(text):
            days.add(day)
            busy.append(ratio)
    if not busy:
        return Unknown("sadf: printed no sample of all CPUs")
    busy.sort()
    return History(p95_ratio=busy[min(len(busy) - 1, int(len(busy) * 0.95))], samples_count=len(busy), days_count=len(days))


# # hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle
# db1;600;2026-11-19 00:10:01 UTC;-1;12.03;0.00;3.51;1.20;0.00;83.26
# db1;-1;2026-11-19 04:02:11 UTC;LINUX-RESTART	(4 CPU)
def parse_sadf(text: str) -> Iterator[tuple[str, float]]:
    """(day, busy ratio) of each sample of all CPUs; what waits for I/O or was stolen is not busy."""
    width, columns = 0, [0, 0, 0, 0, 0]
    for line in text.splitlines():
        fields = line.split(";")
        if line.startswith("#"):
            if not set(SADF_COLUMNS) <= set(fields):
                raise Unreadable("sadf: its header lacks columns of CPU use")
            width, columns = len(fields), [fields.index(name) for name in SADF_COLUMNS]
        elif len(fields) == width and fields[columns[1]] in ("-1", "all"):
            try:
                rest = sum(float(fields[place].replace(",", ".")) for place in columns[2:])
            except ValueError as error:
                raise Unreadable("sadf: a line is not what its header says") from error
            yield fields[columns[0]][:10], max(0.0, 100 - rest) / 100
