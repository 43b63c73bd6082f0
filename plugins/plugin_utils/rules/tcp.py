# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.tcp import Listener, Sockets, Traffic
from ..findings import Above, Domain, Finding, Rule, Severity


def check_tcp_listen_overflow(
    levels: Mapping[str, Any], listeners: tuple[Listener, ...], overflows: int, history: Mapping[str, Any]
) -> Iterator[Finding]:
    full = [item for item in listeners if item.limit > 0 and item.waiting >= item.limit]
    for item in full:
        yield Finding(Severity.WARNING, item.address, "its queue is full: {waiting_count} of {limit_count} connections wait",
                      {"waiting_count": item.waiting, "limit_count": item.limit})
    seen = history.get("tcp", {}).get("overflows_count", ())
    values = {"overflows_count": overflows}
    if not seen or seen[-1][1] > overflows:     # the first inspection, or rebooted since
        severity = Severity.OK if overflows == 0 else Severity.INFO
        yield Finding(severity, "tcp", "{overflows_count} connections dropped at full queues since boot", values)
    else:
        new = overflows - seen[-1][1]
        yield Finding(levels["new_count"].grade(new), "tcp", "{new_count} connections dropped at full queues since last time",
                      {**values, "new_count": int(new)})


TCP_LISTEN_OVERFLOW = Rule(
    id="tcp_listen_overflow",
    title="Listening programs accept their connections in time",
    domain=Domain.OS,
    why="A listener whose queue is full drops new connections: its clients wait, try again and give up.",
    fix="Find why the program accepts too slowly; then raise its backlog and net.core.somaxconn (both limit the queue).",
    needs=("tcp.listeners", "tcp.overflows", "history.tcp_listen_overflow"),
    evidence=("ss -ltn", "/proc/net/netstat"),
    levels={"new_count": Above(warning=1, critical=10000, source="pmie: any listen overflow; 10000 in a quarter: our judgement")},
    impact=3,
    track=("overflows_count",),
    check=check_tcp_listen_overflow,
)


def check_tcp_retransmissions(levels: Mapping[str, Any], traffic: Traffic) -> Iterator[Finding]:
    ratio = traffic.again_count / traffic.sent_count if traffic.sent_count else 0.0
    values = {"again_ratio": ratio, "again_count": int(traffic.again_count), "sent_count": int(traffic.sent_count)}
    enough = traffic.again_count >= levels["again_count"].warning       # one lost segment of ten tells nothing
    severity = levels["again_ratio"].grade(ratio) if enough else Severity.OK
    yield Finding(severity, "tcp", "{again_ratio} of {sent_count} segments sent again", values)


TCP_RETRANSMISSIONS = Rule(
    id="tcp_retransmissions",
    title="Few TCP segments are sent again",
    domain=Domain.OS,
    why="Segments that are lost on the way make every connection slow.",
    fix="Look at interface errors here and at the switch, duplex, cabling, an overloaded link or firewall.",
    needs=("tcp.traffic",),
    evidence=("/proc/net/snmp",),
    levels={
        "again_ratio": Above(warning=0.01, critical=0.05, source="Pigsty 1 %; 5 %: our judgement"),
        "again_count": Above(warning=50, source="our judgement: fewer in a sample of seconds are chance"),
    },
    impact=2,
    check=check_tcp_retransmissions,
)


def check_tcp_sockets(levels: Mapping[str, Any], sockets: Sockets) -> Iterator[Finding]:
    for name, count, limit in (
        ("time-wait sockets", sockets.time_wait_count, sockets.time_wait_limit), ("orphans", sockets.orphans_count, sockets.orphans_limit),
    ):
        ratio = count / limit if limit else 0.0
        yield Finding(levels["used_ratio"].grade(ratio), name, "{used_count} of {limit_count}",
                      {"used_ratio": ratio, "used_count": count, "limit_count": limit})


TCP_SOCKETS = Rule(
    id="tcp_sockets",
    title="The kernel has room for more TCP sockets",
    domain=Domain.OS,
    why="Over its limits the kernel drops closing connections at once and resets orphans.",
    fix="Let programs keep connections open and use them again; raise net.ipv4.tcp_max_tw_buckets or tcp_max_orphans if there is memory.",
    needs=("tcp.sockets",),
    evidence=("/proc/net/sockstat",),
    levels={"used_ratio": Above(warning=0.75, critical=0.90, source="our judgement, like node-mixin's for the connection table")},
    impact=2,
    check=check_tcp_sockets,
)


def check_listening_ports(_levels: Mapping[str, Any], ports: tuple[str, ...], approved: tuple[str, ...]) -> Iterator[Finding]:
    surprises = [port for port in ports if port not in approved]
    for port in surprises:
        yield Finding(Severity.WARNING, port, "listens for other hosts, but is not in caretaker_listening_ports")
    if not surprises:
        yield Finding(Severity.OK, "ports", "all of {ports_count} ports open to other hosts are approved", {"ports_count": len(ports)})


LISTENING_PORTS = Rule(
    id="listening_ports",
    title="Only approved ports are open to other hosts",
    domain=Domain.OS,
    why="A port that nobody approved is a service that nobody maintains, or an intruder's.",
    fix="Find its program (ss -ltnp); stop it, bind it to loopback, or have the port approved and listed.",
    needs=("tcp.ports", "settings.listening_ports"),
    evidence=("ss -ltn",),
    impact=2,
    check=check_listening_ports,
)

RULES = (TCP_LISTEN_OVERFLOW, TCP_RETRANSMISSIONS, TCP_SOCKETS, LISTENING_PORTS)
