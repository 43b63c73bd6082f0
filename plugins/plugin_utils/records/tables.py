# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables. Their history is in migrations/; a test compares both."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, DateTime, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

DEVICES = Table(
    "devices", METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("settings", JSON, nullable=False),               # as in the newest capture
)

RUNS = Table(
    "runs", METADATA,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),             # inspection or recheck
    Column("recheck_of", String(64)),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

# One host in one run
INSPECTIONS = Table(
    "inspections", METADATA,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("device", ForeignKey("devices.id"), primary_key=True, index=True),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("score", Float),                                 # 0 to 100
    Column("applicable", Integer, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("counts", JSON, nullable=False),                 # {"critical": 1, ..., "waived": 0}
    Column("archive_sha256", String(64), nullable=False),
)

# The life of each finding that was ever open, as the newest run left it
FINDINGS = Table(
    "findings", METADATA,
    Column("device", ForeignKey("devices.id"), primary_key=True),
    Column("rule", String(64), primary_key=True),
    Column("object", String(512), primary_key=True),
    Column("severity", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_run", String(64), nullable=False),
    Column("last_run", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("values", JSON, nullable=False),
)

# What each run said of them
RESULTS = Table(
    "results", METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False, index=True),
    Column("device", ForeignKey("devices.id"), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("object", String(512), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("times", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("values", JSON, nullable=False),
    Column("waiver", JSON),                                 # {"reason":, "owner":, "expires":, "object":}
)

# Figures kept for trends and forecasts
MEASUREMENTS = Table(
    "measurements", METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("device", ForeignKey("devices.id"), nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("object", String(512), nullable=False),
    Column("name", String(64), nullable=False),
    Column("value", Float, nullable=False),
    Index("measurements_of_device", "device", "taken_at"),
)

# Files that people read, beside the records
ARTEFACTS = Table(
    "artefacts", METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
)
