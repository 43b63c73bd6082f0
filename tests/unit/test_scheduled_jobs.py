# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves a host of the messages of its cron."""

from __future__ import annotations

from pathlib import Path

from plugins.module_utils.subjects.scheduled_jobs import complaints, log_of_cron

COMMAND = "Nov 15 03:17:01 db1 CRON[700]: (root) CMD (/opt/backup --password hidden || echo failed)\n"
COMPLAINT = "Nov 22 02:17:01 db1 CRON[811]: (CRON) error (grandchild #812 failed with exit status 127)\n"
FOREIGN = "Nov 22 02:18:01 db1 sshd[4]: error: no such thing\n"


def test_only_complaints_leave_the_host_and_no_command() -> None:
    assert complaints(COMMAND + COMPLAINT) == COMPLAINT + "# 2 lines looked at, from Nov 15 03:17:01\n"
    assert complaints("2026-11-15T03:17:01+0000 db1 crond[7]: (root) BAD FILE MODE (/etc/cron.d/x)\n").endswith("from 2026-11-15T03:17:01+0000\n")
    assert complaints("") == "# 0 lines looked at, from -\n"


def test_the_first_log_that_holds_messages_of_cron_counts(tmp_path: Path) -> None:
    empty, messages = tmp_path / "cron", tmp_path / "messages"
    empty.write_text("")
    messages.write_text(FOREIGN + COMMAND + COMPLAINT)
    assert log_of_cron([str(empty), str(messages)]) == COMPLAINT + "# 2 lines looked at, from Nov 15 03:17:01\n"
    assert log_of_cron([str(empty)]) == f"unseen: no message of cron in {empty}\n"


def test_no_log_and_one_that_can_not_be_read(tmp_path: Path) -> None:
    assert log_of_cron([]) == "unseen: neither a journal nor a system log\n"
    assert log_of_cron([str(tmp_path)]) == f"unseen: {tmp_path} can't be read: Is a directory\n"
