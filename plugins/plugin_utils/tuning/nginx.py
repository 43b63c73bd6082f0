# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx: room for connections, where it had none for some."""

from __future__ import annotations

from collections.abc import Iterator

from ..absent import Unknown
from ..facts.nginx import Configuration, Counters, Instance, Workers
from .step import Target

MANUAL = "nginx documentation (core module)"
ROOM = 4096                 # connections a worker; one that is not in use costs some hundred bytes
FILES = 2 * ROOM + 512      # a proxied request has two sockets, and logs and what is listened on are files too
FULL_RATIO = 0.9            # as the inspection warns


def of_instance(instance: Instance) -> Iterator[tuple[str, Target]] | Unknown:
    """(value of today, target); nothing where no worker was full and none dropped a connection."""
    for part in (instance.configuration, instance.workers):
        if isinstance(part, Unknown):
            return part
    if not isinstance(instance.configuration, Configuration) or not isinstance(instance.workers, Workers):
        return iter(())
    dropped = instance.counters.dropped_count if isinstance(instance.counters, Counters) else 0
    return _targets(instance.configuration, instance.workers, dropped)


def _targets(configuration: Configuration, workers: Workers, dropped: int) -> Iterator[tuple[str, Target]]:
    serving = [worker for worker in workers.workers if not worker.leaving]
    now = configuration.worker_connections
    used = max((worker.connections_count for worker in serving), default=0)
    if not serving or (dropped <= 0 and used < FULL_RATIO * now):
        return
    values = {"dropped_count": dropped, "used_count": used, "limit_count": now}
    what = "{dropped_count} connections were dropped since the start; the fullest worker holds {used_count} of {limit_count}"
    limits = [worker.files_limit for worker in serving if worker.files_limit]
    if limits:
        yield str(min(limits)), Target(
            "worker_rlimit_nofile", str(FILES), 2 * max(now, ROOM), float("inf"), f"two files for each connection; {what}", values,
            f"{MANUAL}, worker_rlimit_nofile", "workers may open as many files as they hold connections", "connections_dropped_ratio")
    yield str(now), Target(
        "worker_connections", str(ROOM), ROOM, float("inf"), what, values, f"{MANUAL}, worker_connections",
        "clients are served that were turned away", "connections_dropped_ratio")
