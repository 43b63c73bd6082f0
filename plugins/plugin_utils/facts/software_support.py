# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when the makers of web servers, proxies, Java and Tomcat mend a branch. Looked up in November 2026.

nginx    https://nginx.org/en/download.html: only the newest stable and mainline branch; a branch ends when the next begins
httpd    https://httpd.apache.org/ (2.2: last release 2017-07-11, no more since 2017-12-31)
haproxy  https://www.haproxy.org/ (a quarter is named; the first day of the next one is taken for its end)
java     https://adoptium.net/support/ for branches with long-term support, https://openjdk.org/projects/jdk/ for the others
redis    https://redis.io/docs/latest/operate/rs/installing-upgrading/product-lifecycle/ (6.2 to 7.4), else the release after the next one
valkey   https://valkey.io/topics/releases/: three years of maintenance
rabbitmq https://www.rabbitmq.com/release-information (community support)
erlang   https://endoflife.date/erlang (Erlang/OTP mends the newest three)
tomcat   https://tomcat.apache.org/whichversion.html and the notices on https://tomcat.apache.org/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

# None: mended, and no end is told
BRANCHES: Mapping[str, Mapping[str, str | None]] = {
    "nginx": {
        "1.0": "2012-04-23", "1.2": "2013-04-24", "1.4": "2014-04-24", "1.6": "2015-04-21", "1.8": "2016-04-26", "1.10": "2017-04-12",
        "1.12": "2018-04-17", "1.14": "2019-04-23", "1.16": "2020-04-21", "1.18": "2021-04-20", "1.19": "2021-05-25", "1.20": "2022-05-24",
        "1.21": "2022-06-21", "1.22": "2023-04-11", "1.23": "2023-05-23", "1.24": "2024-04-23", "1.25": "2024-05-28", "1.26": "2025-04-23",
        "1.27": "2025-06-24", "1.28": "2026-04-30", "1.30": None,
    },
    "httpd": {"1.3": "2010-02-03", "2.0": "2013-07-10", "2.2": "2017-12-31", "2.4": None},
    "haproxy": {
        "1.4": "2018-12-31", "1.5": "2020-01-10", "1.6": "2020-12-31", "1.7": "2021-12-31", "1.8": "2022-12-31", "1.9": "2020-07-31",
        "2.0": "2024-06-30", "2.1": "2021-03-31", "2.2": "2025-06-30", "2.3": "2022-07-31", "2.4": "2026-06-30", "2.5": "2023-06-30",
        "2.6": "2027-06-30", "2.7": "2024-06-30", "2.8": "2028-06-30", "2.9": "2025-03-31", "3.0": "2029-06-30", "3.1": "2026-03-31",
        "3.2": "2030-06-30", "3.3": "2027-03-31", "3.4": "2031-06-30",
    },
    "java": {
        "6": "2018-12-31", "7": "2022-07-31", "8": "2030-12-31", "9": "2018-03-20", "10": "2018-09-25", "11": "2027-10-31",
        "12": "2019-09-17", "13": "2020-03-17", "14": "2020-09-15", "15": "2021-03-16", "16": "2021-09-14", "17": "2027-10-31",
        "18": "2022-09-20", "19": "2023-03-21", "20": "2023-09-19", "21": "2029-12-31", "22": "2024-09-17", "23": "2025-03-18",
        "24": "2025-09-16", "25": "2031-09-30",
    },
    "tomcat": {
        "6.0": "2016-12-31", "7.0": "2021-03-31", "8.0": "2018-06-30", "8.5": "2024-03-31", "9.0": "2027-03-31", "10.0": "2022-10-31",
        "10.1": None, "11.0": None,
    },
    "redis": {
        "2.8": "2016-05-06", "3.0": "2017-07-14", "3.2": "2018-10-17", "4.0": "2020-04-30", "5.0": "2022-04-27", "6.0": "2022-05-31",
        "6.2": "2025-02-28", "7.0": "2024-07-29", "7.2": "2026-02-28", "7.4": "2026-11-30", "8.0": None, "8.2": None, "8.4": None,
    },
    "valkey": {"7.2": "2027-04-16", "8.0": "2027-09-15", "8.1": "2028-03-31", "9.0": "2028-10-21", "9.1": None},
    "rabbitmq": {
        "3.6": "2018-05-31", "3.7": "2020-09-30", "3.8": "2022-07-31", "3.9": "2023-01-31", "3.10": "2023-07-31", "3.11": "2023-12-31",
        "3.12": "2024-06-01", "3.13": "2024-09-17", "4.0": "2025-04-15", "4.1": "2026-01-30", "4.2": None, "4.3": None,
    },
    "erlang": {
        "19": "2019-05-14", "20": "2020-05-12", "21": "2021-05-12", "22": "2022-05-17", "23": "2023-06-05", "24": "2024-05-10",
        "25": "2025-05-17", "26": "2026-05-15", "27": "2027-05-20", "28": "2028-05-20", "29": None,
    },
}


def end_of(product: str, branch: str) -> date | None:
    """The last day, or None where none is told or the table does not know the branch (see ``is_known``)."""
    text = BRANCHES[product].get(branch)
    return date.fromisoformat(text) if text else None


def is_known(product: str, branch: str) -> bool:
    return branch in BRANCHES[product]
