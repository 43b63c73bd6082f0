# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules about MySQL and MariaDB servers."""

from __future__ import annotations

from . import mysql_load, mysql_replication, mysql_service, mysql_settings, mysql_storage

RULES = (*mysql_service.RULES, *mysql_replication.RULES, *mysql_load.RULES, *mysql_settings.RULES, *mysql_storage.RULES)
