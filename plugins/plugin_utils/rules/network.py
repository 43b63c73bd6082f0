# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.network import Counters, Link
from ..findings import Above, Domain, Finding, Rule, Severity


def check_network_link(_levels: Mapping[str, Any], links: tuple[Link, ...]) -> Iterator[Finding]:
    for link in links:
        if link.carrier:
            yield Finding(Severity.OK, link.name, "has a link")
        else:
            yield Finding(Severity.WARNING, link.name, "is wanted up, but has no link")


NETWORK_LINK = Rule(
    id="network_link",
    title="Interfaces that are wanted up have a link",
    domain=Domain.HARDWARE,
    why="A configured interface without a link is a cable, transceiver or port that failed, or a configuration nobody needs.",
    fix="Look at cable, transceiver and switch port (ethtool NAME); if the interface is not used, take it out of the configuration.",
    needs=("network.links",),
    evidence=("/sys/class/net/*",),
    impact=3,
    check=check_network_link,
)


def check_network_speed(_levels: Mapping[str, Any], links: tuple[Link, ...]) -> Iterator[Finding]:
    fastest = max((link.speed or 0 for link in links), default=0)
    for link in links:
        values = {"speed": f"{link.speed} Mbit/s" if link.speed else "?", "duplex": link.duplex, "fastest": f"{fastest} Mbit/s"}
        if link.carrier and link.duplex == "half":
            yield Finding(Severity.WARNING, link.name, "runs at half duplex ({speed})", values)
        elif link.carrier and link.speed and link.speed < 1000 <= fastest:
            yield Finding(Severity.INFO, link.name, "runs at {speed}, others of this host at {fastest}", values)
        else:
            yield Finding(Severity.OK, link.name, "runs at {speed}, duplex {duplex}", values)


NETWORK_SPEED = Rule(
    id="network_speed",
    title="Links run at their speed",
    domain=Domain.HARDWARE,
    why="A link that fell back to a low speed or half duplex works, but slowly and with collisions.",
    fix="Exchange the cable; set both ends to automatic negotiation, or both to the same fixed values.",
    needs=("network.links",),
    evidence=("/sys/class/net/*",),
    impact=2,
    check=check_network_speed,
)


def check_network_link_changes(levels: Mapping[str, Any], links: tuple[Link, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    for link in links:
        if link.changes is None:
            yield Finding(Severity.INFO, link.name, "this kernel does not count changes of the link")
            continue
        new = _since_last(history, link.name, "changes_count", link.changes)
        yield Finding(levels["new_count"].grade(new), link.name, "{new_count} changes of the link since last time",
                      {"new_count": new, "changes_count": link.changes})


NETWORK_LINK_CHANGES = Rule(
    id="network_link_changes",
    title="Links stay up",
    domain=Domain.HARDWARE,
    why="A link that comes and goes is a cable, transceiver or port about to fail.",
    fix="Exchange cable or transceiver, try another switch port; compare with the switch's log.",
    needs=("network.links", "history.network_link_changes"),
    evidence=("/sys/class/net/*",),
    levels={"new_count": Above(warning=10, source="our judgement: down and up of four maintenances of the switch in a quarter")},
    impact=2,
    track=("changes_count",),
    check=check_network_link_changes,
)


def _since_last(history: Mapping[str, Any], name: str, value: str, now: int) -> int:
    """Growth since the last inspection; 0 at the first one, and all of it after a restart (the counter is smaller then)."""
    seen = history.get(name, {}).get(value, ())
    if not seen:
        return 0
    return now - int(seen[-1][1]) if seen[-1][1] <= now else now


def _packet_findings(
    levels: Mapping[str, Any], counters: tuple[Counters, ...], history: Mapping[str, Any], what: str, message: str
) -> Iterator[Finding]:
    for item in counters:
        count = item.errors_count if what == "errors_count" else item.drops_count
        seen = item.name in history
        bad = _since_last(history, item.name, what, count) if seen else count
        packets = _since_last(history, item.name, "packets_count", item.packets_count) if seen else item.packets_count
        ratio = bad / packets if packets else 0.0
        severity = levels["bad_ratio"].grade(ratio) if bad >= levels["bad_count"].warning else Severity.OK
        yield Finding(severity, item.name, message,
                      {"bad_ratio": ratio, "bad_count": bad, what: count, "packets_count": item.packets_count})


def check_network_errors(levels: Mapping[str, Any], counters: tuple[Counters, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _packet_findings(levels, counters, history, "errors_count", "{bad_count} packets with errors ({bad_ratio})")


def check_network_drops(levels: Mapping[str, Any], counters: tuple[Counters, ...], history: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _packet_findings(levels, counters, history, "drops_count", "{bad_count} packets dropped ({bad_ratio})")


NETWORK_ERRORS = Rule(
    id="network_errors",
    title="Interfaces have no errors",
    domain=Domain.HARDWARE,
    why="Packets that arrive damaged come from cables, transceivers, ports, or a wrong duplex setting.",
    fix="ethtool -S NAME shows which error; exchange the cable or transceiver, look at the switch port's counters.",
    needs=("network.counters", "history.network_errors"),
    evidence=("/proc/net/dev",),
    levels={
        "bad_ratio": Above(warning=0.0001, critical=0.01, source="our judgement; node-mixin warns at 1 %"),
        "bad_count": Above(warning=100, source="our judgement: a few since boot come from plugging a cable"),
    },
    impact=3,
    track=("errors_count", "packets_count"),
    check=check_network_errors,
)

NETWORK_DROPS = Rule(
    id="network_drops",
    title="Interfaces drop few packets",
    domain=Domain.OS,
    why="Packets are dropped when the host can't take them fast enough, or when nobody wants them.",
    fix="Look at ring buffers (ethtool -g), interrupts and softirq load; unknown protocols and VLANs are harmless.",
    needs=("network.counters", "history.network_drops"),
    evidence=("/proc/net/dev",),
    levels={
        "bad_ratio": Above(warning=0.01, critical=0.10, source="our judgement; awesome-prometheus-alerts and node-mixin: 1 % errors"),
        "bad_count": Above(warning=1000, source="our judgement: fewer tell nothing"),
    },
    impact=2,
    track=("drops_count", "packets_count"),
    check=check_network_drops,
)


def check_network_default_route(_levels: Mapping[str, Any], there: bool) -> Iterator[Finding]:
    if there:
        yield Finding(Severity.OK, "routes", "there is a default route")
    else:
        yield Finding(Severity.INFO, "routes", "there is no default route: the host reaches its own networks only")


NETWORK_DEFAULT_ROUTE = Rule(
    id="network_default_route",
    title="There is a default route",
    domain=Domain.OS,
    why="Without one the host reaches only its own networks, which may be on purpose.",
    fix="If it is not on purpose, set the gateway in the network configuration.",
    needs=("network.default_route",),
    evidence=("/proc/net/route",),
    impact=1,
    check=check_network_default_route,
)


def check_network_name_servers(_levels: Mapping[str, Any], servers: tuple[str, ...]) -> Iterator[Finding]:
    values = {"names": list(servers), "count": len(servers)}
    if len(servers) > 1 or any(server.startswith(("127.", "::1")) for server in servers):
        yield Finding(Severity.OK, "resolv.conf", "names {names}", values)
    else:
        yield Finding(Severity.INFO, "resolv.conf", "names {count} name servers: no second one to ask", values)


NETWORK_NAME_SERVERS = Rule(
    id="network_name_servers",
    title="There is more than one name server",
    domain=Domain.OS,
    why="With one name server its maintenance is a maintenance of this host too.",
    fix="Name a second server, or run a local resolver that knows several.",
    needs=("network.name_servers",),
    evidence=("/etc/resolv.conf",),
    impact=1,
    check=check_network_name_servers,
)

RULES = (
    NETWORK_LINK, NETWORK_SPEED, NETWORK_LINK_CHANGES, NETWORK_ERRORS, NETWORK_DROPS, NETWORK_DEFAULT_ROUTE, NETWORK_NAME_SERVERS,
)
