# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a plan: from the inventory's hosts and duties to a document that approvers can read and sign."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from .plan import SCHEMA, BadPlan, Plan, parse, text_of_time, time_of

DOMAINS = ("hardware", "os", "platform", "database")
METHOD = "One read-only pass over each host: files are read and read-only commands run at the lowest priority; nothing is written there."
LOAD = "About 0.3 s of CPU and 2 s of time a host, and under 60 kB sent back; every command has a time limit."


@dataclass(frozen=True)
class Site:
    """What the inventory says: hosts as {host: {address, system, groups}}, duties as {system: {approvers, needed}}.

    ``engineers``: {name: {domains: [of DOMAINS], qualification: text}}. ``approvers``: text of the approvers file.
    """

    hosts: Mapping[str, Mapping[str, Any]]
    approval: Mapping[str, Any]
    engineers: Mapping[str, Mapping[str, Any]]
    approvers: str


@dataclass(frozen=True)
class Heading:
    """What every plan begins with; ``window``: when the work may begin and must have ended."""

    id: str
    title: str
    requester: str
    window: tuple[datetime, datetime]
    written_at: datetime


def inspection_document(site: Site, heading: Heading, subjects: Sequence[str]) -> dict[str, Any]:
    """The document of a plan for an inspection: one step a host. Raises BadPlan."""
    document = frame(site, "inspection", heading)
    document["method"], document["load"] = METHOD, LOAD
    document["people"] = {domain: engineer_for(domain, site.engineers) for domain in DOMAINS} if site.engineers else {}
    looked_at = list(subjects) or "all"
    step = {"action": "inspect, read-only", "subjects": looked_at}
    document["steps"] = [{"id": f"inspect-{host}", "host": host, **step} for host in sorted(site.hosts)]
    return document


def document_of_changes(site: Site, kind: str, heading: Heading, run: str, steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The document of a plan that changes hosts by what a run found: of the hosts that have steps, each step with its engineer."""
    named = [{**step, "engineer": engineer_for(step["domain"], site.engineers)} if site.engineers else step for step in steps]
    hosts = {step["host"] for step in steps}
    scope = replace(site, hosts={host: place for host, place in site.hosts.items() if host in hosts})
    return {**frame(scope, kind, heading), "run": run, "steps": named}


def frame(site: Site, kind: str, heading: Heading) -> dict[str, Any]:
    """What plans of all kinds have."""
    lost = sorted(host for host, place in site.hosts.items() if not place.get("system"))
    if lost:
        raise BadPlan(f"{', '.join(lost[:10])}: belong to no system, so nobody can approve for them; set caretaker_system")
    systems = {str(place["system"]) for place in site.hosts.values()}
    unknown = sorted(systems - set(site.approval))
    if unknown:
        raise BadPlan(f"nobody may approve for the system {unknown[0]}; name its approvers in caretaker_approval")
    return {
        "schema": SCHEMA, "id": heading.id, "kind": kind, "title": heading.title, "requester": heading.requester,
        "written_at": text_of_time(heading.written_at),
        "window": {"from": text_of_time(heading.window[0]), "until": text_of_time(heading.window[1])},
        "hosts": {host: dict(site.hosts[host]) for host in sorted(site.hosts)},
        "systems": {name: dict(site.approval[name]) for name in sorted(systems)},
        "approvers_sha256": hashlib.sha256(site.approvers.encode("utf-8", "surrogateescape")).hexdigest(),
        "freeze_exceptions": [], "incident": None,
    }


def window_of(begin: str, end: str) -> tuple[datetime, datetime]:
    """Raises BadPlan for what is no time."""
    try:
        return time_of(begin), time_of(end)
    except ValueError as error:
        raise BadPlan(f"window_from and window_until must be times in UTC like 2026-12-01T20:00:00Z ({error})") from error


def places_of(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each host's address, system and groups by Ansible's variables, as plain values."""
    return {
        str(host): {
            "address": str(hostvars[host].get("ansible_host", host)), "system": str(hostvars[host].get("caretaker_system", "")),
            "groups": [str(name) for name in hostvars[host].get("group_names", ()) if name != "ungrouped"],
        } for host in hosts
    }


def engineer_for(domain: str, engineers: Mapping[str, Mapping[str, Any]]) -> str:
    """The first engineer, by name, of a domain. Raises BadPlan where there is none."""
    able = sorted(name for name, engineer in engineers.items() if domain in engineer.get("domains", ()))
    if not able:
        raise BadPlan(f"no engineer is registered for the domain {domain}; add one to caretaker_engineers")
    return able[0]


def next_id(taken: Iterable[str], kind: str, now: datetime) -> str:
    """``inspection-2026Q4-001``: the first free number of the quarter."""
    prefix = f"{kind}-{now.year}Q{(now.month + 2) // 3}-"
    numbers = [int(match[1]) for name in taken if (match := re.fullmatch(re.escape(prefix) + r"(\d+)", name))]
    return f"{prefix}{max(numbers, default=0) + 1:03d}"


def store(home: Path, document: Mapping[str, Any]) -> tuple[Path, Plan]:
    """Check the document and write it as ``plans/ID/plan.yml`` below the home, never over another. Raises BadPlan or OSError."""
    path = home / "plans" / str(document["id"]) / "plan.yml"
    plan = parse(document, str(path))
    path.parent.mkdir(parents=True, mode=0o700)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        # By way of JSON: Ansible hands out texts of its own kind, which YAML does not know
        yaml.safe_dump(json.loads(json.dumps(document)), stream, sort_keys=False, allow_unicode=True)
        stream.flush()
        os.fsync(stream.fileno())
    return path, plan
