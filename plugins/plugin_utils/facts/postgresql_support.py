# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when the makers of PostgreSQL mend a major version, and its newest minor version. Looked up in November 2026.

https://www.postgresql.org/support/versioning/ (the day of the final release); https://www.postgresql.org/docs/release/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

# {major: (last day, newest minor)}
MAJORS: Mapping[int, tuple[date, int]] = {
    10: (date(2022, 11, 10), 23), 11: (date(2023, 11, 9), 22), 12: (date(2024, 11, 21), 22), 13: (date(2025, 11, 13), 23),
    14: (date(2026, 11, 12), 25), 15: (date(2027, 11, 11), 20), 16: (date(2028, 11, 9), 16), 17: (date(2029, 11, 8), 12),
    18: (date(2030, 11, 14), 6),
}
