# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that Caretaker claims: {(set, kind): Adapter}."""

from __future__ import annotations

from collections.abc import Mapping

from .adapter import Adapter
from .adapters_bonding import BOND
from .adapters_boot import KDUMP
from .adapters_clock import SOURCES, TIMEDATE, TRACKING
from .adapters_disk_health import NVME_LOG, SMART_JSON, SMART_SCAN, SMART_TEXT
from .adapters_hardware import DMESG, DMIDECODE, IPMI_SDR, IPMI_SEL, IPMI_SENSOR
from .adapters_hardware_raid import ARCCONF, HPACUCLI, MEGACLI, NETDATA_RAID, OTHER_RAID, TW_CLI
from .adapters_history import SAR_BINARY, SAR_EXPORT, SAR_ROWS, SAR_TEXT
from .adapters_kernel import CPU_USAGE, CPUINFO, MEMINFO
from .adapters_md_raid import MDADM, MDSTAT_ARRAY, MDSTAT_COMPONENTS, MDSTAT_HOST
from .adapters_multipath import MULTIPATH
from .adapters_mysql import REPLICA as MYSQL_REPLICA, SUMMARY as MYSQL_SUMMARY, TABLES as MYSQL
from .adapters_packages import (
    APT_LIST,
    APT_SIMULATE,
    APT_UPGRADE,
    CHECKRESTART,
    DNF,
    KERNEL_LAST,
    NEEDRESTART,
    NEEDS_RESTARTING,
    REPOQUERY,
    UPDATEINFO,
    ZYPPER,
)
from .adapters_services import FAILED as FAILED_UNITS
from .adapters_storage import DF, LVM_JSON, LVM_LVS, LVM_PVS, LVM_VGS, MOUNTS, ZPOOL_LIST, ZPOOL_STATUS

ADAPTERS: Mapping[tuple[str, str], Adapter] = {
    ("verdicts", "dmesg"): DMESG,
    ("smart", "smart_json"): SMART_JSON,
    ("smart", "smart_text"): SMART_TEXT,
    ("smart", "smart_scan"): SMART_SCAN,
    ("storage", "nvme"): NVME_LOG,
    ("mdstat", "mdstat_array"): MDSTAT_ARRAY,
    ("mdstat", "mdstat_verdict"): MDSTAT_HOST,
    ("mdstat", "mdstat_insights"): MDSTAT_COMPONENTS,
    ("mdstat", "mdadm_detail"): MDADM,
    ("mdstat", "mdadm_examine"): MDADM,
    ("proc", "cpu_usage"): CPU_USAGE,
    ("proc", "cpuinfo"): CPUINFO,
    ("proc", "meminfo"): MEMINFO,
    ("updates", "apt_list"): APT_LIST,
    ("updates", "apt_simulate"): APT_SIMULATE,
    ("updates", "apt_upgrade"): APT_UPGRADE,
    ("updates", "dnf"): DNF,
    ("updates", "repoquery"): REPOQUERY,
    ("updates", "zypper"): ZYPPER,
    ("updates", "updateinfo"): UPDATEINFO,
    ("updates", "kernel_last"): KERNEL_LAST,
    ("updates", "checkrestart"): CHECKRESTART,
    ("updates", "needrestart"): NEEDRESTART,
    ("commands", "needrestart"): NEEDRESTART,
    ("verdicts", "needs-restarting"): NEEDS_RESTARTING,
    ("hwraid", "megacli"): MEGACLI,
    ("hwraid", "hpacucli"): HPACUCLI,
    ("hwraid", "arcconf"): ARCCONF,
    ("hwraid", "tw_cli"): TW_CLI,
    ("hwraid", "netdata"): NETDATA_RAID,
    ("hwraid", "other_raid"): OTHER_RAID,
    ("verdicts", "ipmi-sel"): IPMI_SEL,
    ("verdicts", "ipmi-sensor"): IPMI_SENSOR,
    ("misc", "ipmi_sdr"): IPMI_SDR,
    ("misc", "dmidecode"): DMIDECODE,
    ("verdicts", "kdump"): KDUMP,
    ("storage", "lvm_lvs"): LVM_LVS,
    ("storage", "lvm_pvs"): LVM_PVS,
    ("storage", "lvm_vgs"): LVM_VGS,
    ("storage", "lvm_json"): LVM_JSON,
    ("storage", "zpool"): ZPOOL_LIST,
    ("storage", "mounts"): MOUNTS,
    ("verdicts", "fs-ro"): MOUNTS,
    ("misc", "df"): DF,
    ("misc", "field_zpool"): ZPOOL_STATUS,
    ("commands", "zpool"): ZPOOL_STATUS,
    ("verdicts", "systemd-units-failed"): FAILED_UNITS,
    ("misc", "field_systemctl"): FAILED_UNITS,
    ("verdicts", "systemd-timedate-status"): TIMEDATE,
    ("verdicts", "ntp-chronyd"): TIMEDATE,
    ("verdicts", "ntp-ntpd"): TIMEDATE,
    ("misc", "time_sources"): SOURCES,
    ("misc", "field_chrony"): TRACKING,
    ("verdicts", "network-bonding"): BOND,
    ("misc", "bond"): BOND,
    ("multipath", "multipath"): MULTIPATH,
    ("sar", "sar_text"): SAR_TEXT,
    ("sar", "sar_csv"): SAR_ROWS,
    ("sar", "sar_json"): SAR_EXPORT,
    ("sar", "sar_xml"): SAR_EXPORT,
    ("sar", "sar_binary"): SAR_BINARY,
    ("sar", "sar_pp"): SAR_EXPORT,
    ("databases", "mysql"): MYSQL,
    ("misc", "field_mysql"): MYSQL_REPLICA,
    ("databases", "mysql_summary"): MYSQL_SUMMARY,
}
