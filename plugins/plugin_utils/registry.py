# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All subjects in the order in which reports show them: name, parser of its facts, its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .archive import Capture
from .facts import (
    accounts as accounts_facts,
    block_devices as block_devices_facts,
    bonding as bonding_facts,
    boot as boot_facts,
    btrfs as btrfs_facts,
    certificates as certificates_facts,
    clock as clock_facts,
    cpu as cpu_facts,
    disk_health as disk_health_facts,
    drbd as drbd_facts,
    fibre_channel as fibre_channel_facts,
    filesystems as filesystems_facts,
    haproxy as haproxy_facts,
    hardware as hardware_facts,
    hardware_raid as hardware_raid_facts,
    httpd as httpd_facts,
    identity as identity_facts,
    iscsi as iscsi_facts,
    java as java_facts,
    kernel_log as kernel_log_facts,
    kernel_settings as kernel_settings_facts,
    limits as limits_facts,
    logs as logs_facts,
    lvm as lvm_facts,
    md_raid as md_raid_facts,
    memory as memory_facts,
    mounts as mounts_facts,
    multipath as multipath_facts,
    mysql as mysql_facts,
    network as network_facts,
    nginx as nginx_facts,
    packages as packages_facts,
    postgresql as postgresql_facts,
    postgresql_log as postgresql_log_facts,
    postgresql_tables as postgresql_tables_facts,
    pressure as pressure_facts,
    processes as processes_facts,
    rabbitmq as rabbitmq_facts,
    redis as redis_facts,
    scheduled_jobs as scheduled_jobs_facts,
    security_modules as security_modules_facts,
    services as services_facts,
    ssh as ssh_facts,
    tcp as tcp_facts,
    tomcat as tomcat_facts,
    zfs as zfs_facts,
)
from .findings import Rule
from .rules import (
    accounts,
    block_devices,
    bonding,
    boot,
    btrfs,
    certificates,
    clock,
    cluster,
    cpu,
    disk_health,
    drbd,
    fibre_channel,
    filesystems,
    haproxy,
    hardware,
    hardware_raid,
    httpd,
    identity,
    iscsi,
    itself,
    java,
    kernel_log,
    kernel_settings,
    limits,
    logs,
    lvm,
    md_raid,
    memory,
    mounts,
    multipath,
    mysql,
    network,
    nginx,
    packages,
    postgresql,
    postgresql_log,
    postgresql_tables,
    pressure,
    processes,
    rabbitmq,
    redis,
    scheduled_jobs,
    security_modules,
    services,
    ssh,
    tcp,
    tomcat,
    zfs,
)


@dataclass(frozen=True)
class Subject:
    """``facts`` makes the subject's frozen dataclass from a capture; it may raise Unreadable."""

    name: str
    facts: Callable[[Capture], Any]
    rules: tuple[Rule, ...]


SUBJECTS: tuple[Subject, ...] = (
    Subject("identity", identity_facts.parse, identity.RULES),
    Subject("boot", boot_facts.parse, boot.RULES),
    Subject("cpu", cpu_facts.parse, cpu.RULES),
    Subject("memory", memory_facts.parse, memory.RULES),
    Subject("pressure", pressure_facts.parse, pressure.RULES),
    Subject("kernel_settings", kernel_settings_facts.parse, kernel_settings.RULES),
    Subject("limits", limits_facts.parse, limits.RULES),
    Subject("processes", processes_facts.parse, processes.RULES),
    Subject("kernel_log", kernel_log_facts.parse, kernel_log.RULES),
    Subject("hardware", hardware_facts.parse, hardware.RULES),
    Subject("block_devices", block_devices_facts.parse, block_devices.RULES),
    Subject("disk_health", disk_health_facts.parse, disk_health.RULES),
    Subject("hardware_raid", hardware_raid_facts.parse, hardware_raid.RULES),
    Subject("md_raid", md_raid_facts.parse, md_raid.RULES),
    Subject("drbd", drbd_facts.parse, drbd.RULES),
    Subject("multipath", multipath_facts.parse, multipath.RULES),
    Subject("fibre_channel", fibre_channel_facts.parse, fibre_channel.RULES),
    Subject("iscsi", iscsi_facts.parse, iscsi.RULES),
    Subject("lvm", lvm_facts.parse, lvm.RULES),
    Subject("filesystems", filesystems_facts.parse, filesystems.RULES),
    Subject("mounts", mounts_facts.parse, mounts.RULES),
    Subject("zfs", zfs_facts.parse, zfs.RULES),
    Subject("btrfs", btrfs_facts.parse, btrfs.RULES),
    Subject("network", network_facts.parse, network.RULES),
    Subject("bonding", bonding_facts.parse, bonding.RULES),
    Subject("tcp", tcp_facts.parse, tcp.RULES),
    Subject("clock", clock_facts.parse, clock.RULES),
    Subject("services", services_facts.parse, services.RULES),
    Subject("scheduled_jobs", scheduled_jobs_facts.parse, scheduled_jobs.RULES),
    Subject("logs", logs_facts.parse, logs.RULES),
    Subject("packages", packages_facts.parse, packages.RULES),
    Subject("accounts", accounts_facts.parse, accounts.RULES),
    Subject("ssh", ssh_facts.parse, ssh.RULES),
    Subject("security_modules", security_modules_facts.parse, security_modules.RULES),
    Subject("certificates", certificates_facts.parse, certificates.RULES),
    Subject("postgresql", postgresql_facts.parse, postgresql.RULES),
    Subject("postgresql_tables", postgresql_tables_facts.parse, postgresql_tables.RULES),
    Subject("postgresql_log", postgresql_log_facts.parse, postgresql_log.RULES),
    Subject("mysql", mysql_facts.parse, mysql.RULES),
    Subject("rabbitmq", rabbitmq_facts.parse, rabbitmq.RULES),
    Subject("redis", redis_facts.parse, redis.RULES),
    Subject("nginx", nginx_facts.parse, nginx.RULES),
    Subject("httpd", httpd_facts.parse, httpd.RULES),
    Subject("haproxy", haproxy_facts.parse, haproxy.RULES),
    Subject("java", java_facts.parse, java.RULES),
    Subject("tomcat", tomcat_facts.parse, tomcat.RULES),
)

# Those about clusters are judged once all their hosts are (clusters.py)
RULES: tuple[Rule, ...] = (*itself.RULES, *(rule for subject in SUBJECTS for rule in subject.rules), *cluster.RULES)
RULES_BY_ID: Mapping[str, Rule] = {rule.id: rule for rule in RULES}
