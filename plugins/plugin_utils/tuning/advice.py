# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advice on a host: the formulas' targets held against the values in force. A pure function of the facts of one capture.

A value that is near enough to its target gets no step, so a system that was tuned gets no further step on the same value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..absent import Known, NotHere, Unknown, Unreadable
from ..facts.kernel_settings import Configured
from ..facts.mysql_model import Names
from ..facts.postgresql_model import Instance, Setting
from ..findings import Domain
from . import kernel, middleware, mysql, mysql_counters, nginx, postgresql, postgresql_memory, postgresql_vacuum
from .causes import causes_at
from .share import BENEATH, VIRTUAL, Share, share_of
from .step import Advice, Decided, Limit, Step, Target, is_near

# A setting whose step waits for others: {setting: those that come first}
ORDER = {
    "effective_cache_size": ("shared_buffers",), "work_mem": ("shared_buffers",), "shared_buffers": ("vm.swappiness", "vm.nr_hugepages"),
    "min_wal_size": ("max_wal_size",), "innodb_buffer_pool_size": ("vm.swappiness",),
    "innodb_redo_log_capacity": ("innodb_buffer_pool_size",), "innodb_log_file_size": ("innodb_buffer_pool_size",),
    "worker_connections": ("worker_rlimit_nofile",),
}


def advise(facts: Mapping[str, Any]) -> Advice:
    """``facts``: those of ``inspection.judge``; subjects that were not looked at give nothing."""
    instances, servers = _instances(facts), _servers(facts)
    count = len(instances) + len(servers)
    undecided: dict[str, Unknown] = {}
    share = share_of(facts, count) if count else NotHere("no database server is here")
    reserved = kernel.reserved_pages(_huge_pages(facts, instances, share))
    steps = list(_kernel(facts, [*kernel.targets(facts, count > 0), *reserved], undecided))
    steps += _sysfs(facts, count > 0)
    if isinstance(share, Unknown):
        undecided["databases"] = share
    if isinstance(share, Share):
        if isinstance(share.disk_class, Unknown) or share.disk_class == VIRTUAL:
            undecided["disks"] = share.disk_class if isinstance(share.disk_class, Unknown) else BENEATH
        for instance in instances:
            steps.extend(_postgresql(facts, instance, share, len(instances) == 1, undecided))
        for server in servers:
            steps.extend(_mysql(server, share, causes_at(facts, "mysql", server.name, len(servers) == 1), undecided))
    for web in _web_servers(facts):
        steps.extend(_nginx(web, undecided))
    for kind, name, limit in middleware.limits(facts):
        steps.extend(_raised(kind, name, limit, undecided))
    return Advice(_in_order(steps), undecided)


def _instances(facts: Mapping[str, Any]) -> list[Instance]:
    found = getattr(facts.get("postgresql"), "instances", ())
    return [item for item in found if item.found.state == "running"] if isinstance(found, tuple) else []


def _servers(facts: Mapping[str, Any]) -> list[Any]:
    found = getattr(facts.get("mysql"), "servers", ())
    return list(found) if isinstance(found, tuple) else []


def _web_servers(facts: Mapping[str, Any]) -> list[Any]:
    found = getattr(facts.get("nginx"), "instances", ())
    return list(found) if isinstance(found, tuple) else []


def _huge_pages(facts: Mapping[str, Any], instances: Iterable[Instance], share: Known[Share]) -> list[tuple[int, int]]:
    if not isinstance(share, Share):
        return []
    found = [postgresql_memory.huge_pages(item.settings, share.memory_bytes, postgresql_memory.data_of(item, facts))
             for item in instances if isinstance(item.settings, Mapping)]
    return [pages for pages in found if pages is not None]


def _kernel(facts: Mapping[str, Any], targets: Iterable[Target], undecided: dict[str, Unknown]) -> Iterator[Step]:
    settings = facts.get("kernel_settings")
    if settings is None or isinstance(settings, NotHere):
        return
    values: Known[Mapping[str, str]] = settings if isinstance(settings, Unknown) else settings.values
    if isinstance(values, NotHere):
        return                          # a container's kernel is another host's
    if isinstance(values, Unknown):
        undecided["kernel"] = values
        return
    configured: Mapping[str, Configured] = settings.configured if isinstance(settings.configured, Mapping) else {}
    for target in targets:
        now = values.get(target.setting)
        if now is not None and not is_near(float(now), target):
            file = configured[target.setting].file if target.setting in configured else _otherwise(settings)
            yield Step(Domain.OS, "sysctl", "", now, file, target)


def _sysfs(facts: Mapping[str, Any], databases: bool) -> Iterator[Step]:
    settings = facts.get("kernel_settings")
    if isinstance(getattr(settings, "values", None), Mapping):
        for now, target in kernel.of_sysfs(facts, databases):
            yield Step(Domain.OS, "sysfs", "", now, _otherwise(settings), target)


def _otherwise(settings: Any) -> str:
    """What a profile of tuned sets is not in sysctl.d; ours wins, as tuned applies that folder after its own (reapply_sysctl)."""
    return f"tuned profile {settings.profile}, or default" if isinstance(settings.profile, str) and settings.profile else "default"


def _postgresql(facts: Mapping[str, Any], instance: Instance, share: Share, alone: bool, undecided: dict[str, Unknown]) -> Iterator[Step]:
    targets = postgresql.of_instance(instance, share)
    if isinstance(targets, Unknown):
        undecided[instance.name] = targets
        return
    settings: Mapping[str, Setting] = instance.settings if isinstance(instance.settings, Mapping) else {}
    memory = postgresql_memory.targets(settings, share.memory_bytes, postgresql_memory.data_of(instance, facts))
    causes = causes_at(facts, "postgresql", instance.name, alone)
    vacuum = postgresql_vacuum.targets(settings, share) if "vacuum_behind" in causes else {}
    for target in (*memory, *targets, *_decided(instance.name, vacuum, undecided)):
        now = settings.get(target.setting)
        near = now is not None and (now.setting in target.words if target.words else is_near(postgresql.number(now), target))
        if now is not None and not near:
            yield Step(Domain.DATABASE, "postgresql", instance.name, postgresql.shown(now), now.file or now.source, target,
                       ORDER.get(target.setting, ()))


def _mysql(server: Any, share: Share, causes: Collection[str], undecided: dict[str, Unknown]) -> Iterator[Step]:
    if not isinstance(server.variables, Names):
        undecided[server.name] = Unknown(server.variables.reason, server.variables.values)
        return
    try:
        found = {**mysql.targets(server.variables, server.status, share),
                 **mysql_counters.targets(server.variables, server.status, share, causes)}
    except Unreadable as error:
        undecided[server.name] = error.unknown
        return
    for target in _decided(server.name, found, undecided):
        if server.variables.has(target.setting) and not is_near(float(server.variables.number(target.setting)), target):
            yield Step(Domain.DATABASE, "mysql", server.name, server.variables.text(target.setting), _origin(server, target.setting),
                       target, ORDER.get(target.setting, ()))


def _decided(name: str, found: Mapping[str, Decided], undecided: dict[str, Unknown]) -> Iterator[Target]:
    """The targets of a server; what could not be decided of it is noted."""
    undecided.update({f"{name} {what}": why for what, why in found.items() if isinstance(why, Unknown)})
    yield from (target for target in found.values() if isinstance(target, Target))


def _origin(server: Any, setting: str) -> str:
    """An older server does not tell who set a value."""
    return server.origins.get(setting, "default") if isinstance(server.origins, Mapping) else "server"


def _nginx(web: Any, undecided: dict[str, Unknown]) -> Iterator[Step]:
    targets = nginx.of_instance(web)
    if isinstance(targets, Unknown):
        undecided[f"nginx {web.name}"] = targets
        return
    for now, target in targets:
        if not is_near(float(now), target):
            yield Step(Domain.PLATFORM, "nginx", web.name, now, "nginx's configuration", target, ORDER.get(target.setting, ()))


def _raised(kind: str, name: str, limit: Limit, undecided: dict[str, Unknown]) -> Iterator[Step]:
    if isinstance(limit.decided, Unknown):
        undecided[f"{kind} {name} {limit.setting}".strip()] = limit.decided
    elif not is_near(float(limit.before), limit.decided):
        yield Step(Domain.PLATFORM, kind, name, limit.before, limit.set_by, limit.decided)


def _in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Those that others wait for first; otherwise as they come, a host's kernel before its servers."""
    waiting, done = list(steps), []
    while waiting:
        names = {step.target.setting for step in waiting}
        ready = next((step for step in waiting if names.isdisjoint(step.after)), waiting[0])
        done.append(ready)
        waiting.remove(ready)
    return tuple(done)
