# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic's entry: run the migrations on the connection that database.py opened."""

from __future__ import annotations

from alembic import context

if getattr(context, "config", None) is not None:       # set while alembic runs this file, not when it is only imported
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
