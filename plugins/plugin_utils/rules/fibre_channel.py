# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about Fibre Channel ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..facts.fibre_channel import Port
from ..findings import Above, Domain, Finding, Rule, Severity

History = Mapping[str, Mapping[str, Any]]
FOLDER = "/sys/class/fc_host/*/"
# From the kernel's scsi_transport_fc; a state that is not listed is a warning
NO_LINK = frozenset({"Linkdown", "Offline", "Not Present"})


def check_fc_port_state(_levels: Mapping[str, Any], ports: tuple[Port, ...], history: History) -> Iterator[Finding]:
    """A port that was never seen with a link is mostly one that nobody plugged in; one that lost it is critical."""
    any_online = any(port.state == "Online" for port in ports)
    for port in ports:
        seen = history.get(port.name, {}).get("online_count", ())
        was_online = any(value for _when, value in seen)
        values = {"state": port.state, "wwpn": port.wwpn, "online_count": int(port.state == "Online")}
        if port.state == "Online":
            yield Finding(Severity.OK, port.name, "has a link", values)
        elif was_online:
            yield Finding(Severity.CRITICAL, port.name,
                          "the link is lost, the port is {state}; it had one at an earlier inspection", values)
        elif port.state not in NO_LINK:
            yield Finding(Severity.WARNING, port.name, "the port is {state}", values)
        elif any_online:
            yield Finding(Severity.INFO, port.name, "has no link and had none before, so it is probably not in use", values)
        else:
            yield Finding(Severity.WARNING, port.name, "has no link, and no other port of this host has one", values)


FC_PORT_STATE = Rule(
    id="fc_port_state",
    title="Fibre Channel ports have their links",
    domain=Domain.HARDWARE,
    why="With a lost link half the paths to the storage are gone; the other half must then not fail.",
    fix="Check cable and SFP, then the switch port and its zoning; compare the light levels at both ends.",
    needs=("fibre_channel.ports", "history.fc_port_state"),
    evidence=(FOLDER + "port_state",),
    impact=4,
    track=("online_count",),
    check=check_fc_port_state,
)


def check_fc_port_speed(_levels: Mapping[str, Any], ports: tuple[Port, ...], history: History) -> Iterator[Finding]:
    """Slower than the adapter can is no fault where the switch is slower; slower than before is one."""
    for port in ports:
        speed, fastest = port.speed_gbit or 0.0, port.fastest_gbit or 0.0
        seen = history.get(port.name, {}).get("speed_gbit", ())
        values = {"speed_gbit": speed, "fastest_gbit": fastest, "before_gbit": seen[-1][1] if seen else None}
        if seen and speed < seen[-1][1]:
            yield Finding(Severity.WARNING, port.name,
                          "runs at {speed_gbit} Gbit/s, at the last inspection it was {before_gbit} Gbit/s", values)
        elif speed < fastest:
            yield Finding(Severity.INFO, port.name, "runs at {speed_gbit} Gbit/s, it could {fastest_gbit} Gbit/s", values)
        else:
            yield Finding(Severity.OK, port.name, "runs at {speed_gbit} Gbit/s", values)


FC_PORT_SPEED = Rule(
    id="fc_port_speed",
    title="Fibre Channel ports run at their speed",
    domain=Domain.HARDWARE,
    why="A link that negotiates a lower speed than before has a bad cable or SFP, and slows all that uses the storage.",
    fix="Clean or replace cable and SFP; look at the speed that is set on the switch port.",
    needs=("fibre_channel.linked", "history.fc_port_speed"),
    evidence=(FOLDER + "speed", FOLDER + "supported_speeds"),
    impact=2,
    track=("speed_gbit",),
    check=check_fc_port_speed,
)


def check_fc_link_errors(levels: Mapping[str, Any], ports: tuple[Port, ...], history: History) -> Iterator[Finding]:
    """The counters start with the driver; so only their growth since the last inspection counts."""
    for port in ports:
        if port.errors is None:
            yield Finding(Severity.OK, port.name, "this adapter's driver does not count errors")
            continue
        seen = history.get(port.name, {}).get("errors_count", ())
        new = int(port.errors - seen[-1][1]) if seen and seen[-1][1] <= port.errors else 0
        yield Finding(levels["new_errors_count"].grade(new), port.name,
                      "{new_errors_count} new link errors since the last inspection, {errors_count} in all",
                      {"new_errors_count": new, "errors_count": port.errors})


FC_LINK_ERRORS = Rule(
    id="fc_link_errors",
    title="No new errors on Fibre Channel links",
    domain=Domain.HARDWARE,
    why="Each lost frame makes a disk command wait for its time-out of half a minute or more.",
    fix="If no switch or array was restarted since then: clean or replace cable and SFP, compare with the counters of the switch port.",
    needs=("fibre_channel.ports", "history.fc_link_errors"),
    evidence=(FOLDER + "statistics/*",),
    levels={"new_errors_count": Above(warning=1, source="our judgement: any growth; a healthy link has no errors for months")},
    impact=3,
    track=("errors_count",),
    check=check_fc_link_errors,
)


RULES = (FC_PORT_STATE, FC_PORT_SPEED, FC_LINK_ERRORS)
