# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sysstat's sadf writes for other programs, as somebody sends it from a host that can't be reached: JSON (-j), XML (-x), lines (-p),
rows (-d); and what sar prints. All become the columns of module_utils/sysstat_columns.py, and a History.

    {"sysstat": {"hosts": [{"nodename": "db1", "number-of-cpus": 8, "statistics": [
        {"timestamp": {"date": "2026-11-02", "time": "08:10:01", "utc": 1, "interval": 600}, "cpu-load": [{"cpu": "all", "user": 4.1}]}],
        "restarts": [{"boot": {"date": "2026-11-02", "time": "08:14:02", "utc": 1, "cpu_count": 8}}]}]}}
    <timestamp date="2026-11-02" time="08:10:01" utc="1" interval="600"><cpu-load><cpu number="all" user="4.10"/>
    db1	600	2026-11-02 08:10:01 UTC	all	%user	4.10
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...module_utils.sysstat_columns import KEPT, Columns
from ..absent import Unreadable
from .sar import parse_sar, sadf_rows
from .series import History
from .sysstat import history_of

# {activity of JSON or element of XML: (section of sadf -d, what names the item)}; what is not here holds nothing that is kept
SECTIONS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("cpu-load", "cpu-load-all", "softnet"), ("CPU", "cpu")), "cpu": ("CPU", "number"),
    "disk": ("DEV", "disk-device"), "disk-device": ("DEV", "dev"),
    **dict.fromkeys(("net-dev", "net-edev"), ("IFACE", "iface")),
    "filesystems": ("FILESYSTEM", "filesystem"), "filesystem": ("FILESYSTEM", "fsname"),
    **dict.fromkeys(("process-and-context-switch", "swap-pages", "paging", "memory", "hugepages", "kernel", "queue", "net-sock", "net-tcp",
                     "net-etcp"), ("", "")),
}
PRESSURE = {"psi-cpu": {"some_avg": "%scpu"}, "psi-io": {"some_avg": "%sio", "full_avg": "%fio"},
            "psi-mem": {"some_avg": "%smem", "full_avg": "%fmem"}}
CPU_OF_LINE = re.compile(r"(all|cpu\d+)$")


def _field(section: str, column: str) -> str:
    """How JSON and XML name a column: kbmemfree is memfree there, %memused memused-percent, pswpin/s pswpin, but %user of a CPU user."""
    if column.startswith("%"):
        return column[1:] if section == "CPU" else column[1:] + "-percent"
    return column.removeprefix("kb").removesuffix("/s")


FIELDS: Mapping[str, Mapping[str, str]] = {
    section: {**{_field(section, column): column for column in columns}, **{column: column for column in columns if column.startswith("%")}}
    for section, columns in KEPT.items()
}


def history_of_export(text: str) -> History:
    """Raises Unreadable for what is none of these forms, or does not tell its times in UTC."""
    columns, cpus, name = columns_of(text)
    document = columns.document()
    if not document["times"]:
        raise Unreadable("holds no samples that a history is made of")
    cpus = cpus or _cpus_of(document)
    history = history_of({**document, "cpus": cpus, "utc_offset_seconds": 0, "problems": []}, f"sysstat {name}", max(document["times"]))
    known = {key: values for key, values in history.series.items() if cpus or key[0] != "cpus_count"}
    return replace(history, series=known)


def columns_of(text: str) -> tuple[Columns, int, str]:
    """(columns, number of processors or 0, the form). Raises Unreadable."""
    start = text.lstrip()[:200]
    if start.startswith("{"):
        return _of_json(text)
    if start.startswith("<"):
        return _of_xml(text)
    columns = Columns()
    if re.match(r"# ?hostname;|[^\s;]+;-?\d+;", start):
        columns.add(_whole_lines(text))
        return columns, 0, "sadf -d"
    if re.match(r"[^\t]+\t-?\d+\t", start):
        _add_lines(columns, _whole_lines(text))
        return columns, 0, "sadf -p"
    printed = parse_sar(text)
    columns.add("\n".join(sadf_rows(printed)) + "\n")
    return columns, int(printed.host["cpus"] or 0), "sar"


def _whole_lines(text: str) -> str:
    """Without a last line that was cut: half a number is a wrong number."""
    return text[:text.rfind("\n") + 1]


def _cpus_of(document: Mapping[str, Any]) -> int:
    return next((int(cpus) for _at, cpus in reversed(document["restarts"]) if cpus), 0)


def _of_json(text: str) -> tuple[Columns, int, str]:
    columns = Columns()
    try:
        (host,) = json.loads(text)["sysstat"]["hosts"]
        for sample in host["statistics"]:
            if "timestamp" in sample:
                _add_sample(columns, sample["timestamp"], _activities(sample))
        for item in host.get("restarts", ()):
            _add_restart(columns, item["boot"])
        return columns, int(host["number-of-cpus"]), "sadf -j"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable("is cut off or not what sadf -j writes ({detail})", detail=f"{type(error).__name__}: {error}") from error


def _activities(sample: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(activity, {field: value}) of what a sample of JSON holds, at any depth."""
    for name, value in sample.items():
        if isinstance(value, list):
            yield from ((name, item) for item in value)
        elif isinstance(value, dict) and name != "timestamp":
            yield name, value
            yield from _activities(value)


def _of_xml(text: str) -> tuple[Columns, int, str]:
    from lxml import etree  # only who reads such a file needs it

    columns = Columns()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
        for sample in root.iter("{*}timestamp"):
            _add_sample(columns, sample.attrib, ((_name(item), _fields(item)) for item in sample.iterdescendants()))
        for boot in root.iter("{*}boot"):
            _add_restart(columns, boot.attrib)
        return columns, int(root.findtext(".//{*}number-of-cpus") or 0), "sadf -x"
    except (etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise Unreadable("is cut off or not what sadf -x writes ({detail})", detail=f"{type(error).__name__}: {error}") from error


def _name(item: Any) -> str:
    return str(item.tag).rpartition("}")[2]


def _fields(item: Any) -> dict[str, str]:
    """The attributes of an element, and the texts of the elements in it."""
    return {**item.attrib, **{_name(child): child.text for child in item if child.text and child.text.strip()}}


def _add_sample(columns: Columns, stamp: Mapping[str, Any], activities: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    head = ["", str(stamp["interval"]), _moment(stamp)]
    for activity, fields in activities:
        section, naming = SECTIONS.get(activity, ("", ""))
        names = PRESSURE.get(activity) or (FIELDS[section] if activity in SECTIONS else {})
        found = [(names[field], str(value)) for field, value in fields.items() if field in names]
        if found:
            item = str(fields.get(naming, ""))
            places = [(place, name) for place, (name, _value) in enumerate(found, 4)]
            columns.row(section, columns.moment(head[2]), [*head, item, *(value for _name, value in found)], places)


def _add_restart(columns: Columns, boot: Mapping[str, Any]) -> None:
    columns.restart(columns.moment(_moment(boot)), [f"({boot['cpu_count']} CPU)"] if "cpu_count" in boot else [])


def _moment(stamp: Mapping[str, Any]) -> str:
    if str(stamp.get("utc", "")) != "1" and stamp.get("tz") != "UTC":
        raise Unreadable("its times are not in UTC; write it again without -t and -T")
    return f"{stamp['date']} {stamp['time']} UTC"


def _add_lines(columns: Columns, text: str) -> None:
    """Each line is one number: host, interval, time, item or "-", column, value."""
    for line in text.splitlines():
        fields = line.split("\t")
        moment = columns.moment(fields[2]) if len(fields) > 3 else None
        if moment is None:
            continue
        if fields[3].startswith("LINUX-RESTART"):
            columns.restart(moment, fields[3:])
        elif len(fields) == 6:
            section = _section_of(fields[3], fields[4])
            if section is not None:
                columns.row(section, moment, [*fields[:4], fields[5]], [(4, fields[4])])


def _section_of(item: str, column: str) -> str | None:
    """What an item is shows only by its columns; None of those that are not kept."""
    if item == "-":
        return "" if column in KEPT[""] else None
    if CPU_OF_LINE.match(item):
        return "CPU" if column in KEPT["CPU"] else None
    return next((section for section in ("DEV", "IFACE", "FILESYSTEM") if column in KEPT[section]), None)
