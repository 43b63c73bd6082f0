# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LVM: physical volumes, groups, logical volumes. Its tools are only asked when the kernel or /etc/lvm knows of volumes."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ..container import look_for_container

# The fields that every version since 2012 knows
REPORTS = (
    ("pvs", "pv_name,pv_uuid,vg_name,pv_attr,pv_size,pv_free"),
    ("vgs", "vg_name,vg_attr,vg_size,vg_free"),
    ("lvs", "vg_name,lv_name,lv_attr,lv_size,origin,pool_lv,data_percent,metadata_percent,copy_percent"),
)


def capture(host):
    look_for_container(host)
    uuids = host.files("/sys/block/dm-*/dm/uuid")
    known = sorted(path for path, text in uuids.items() if text.startswith("LVM-")) + host.glob("/etc/lvm/backup/*")
    host.note("lvm volumes", "\n".join(known))
    if not known:
        return
    for tool, fields in REPORTS:
        text = host.command([tool, "--reportformat", "json", "--units", "b", "--nosuffix", "-o", fields], root=True)
        if text is not None and "{" not in text:        # before LVM 2.02.158 (2016)
            host.command([tool, "--nameprefixes", "--noheadings", "--units", "b", "--nosuffix", "-o", fields], root=True)
