# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet report's entry page in headless Chromium: size, time until it can be used."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
USABLE_SECONDS = 2.0


def measure(options: argparse.Namespace) -> int:
    from playwright.sync_api import sync_playwright  # of the development environment: scripts/test installs it

    page_file = Path(options.report) / "report.html"
    if not page_file.is_file():
        sys.exit(f"{page_file} is not there; make it with scripts/bench fleet --keep DIR")
    executable = next((path for path in CHROMIUM if Path(path).exists()), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(page_file.resolve().as_uri())
        page.wait_for_selector(".host")         # the script has drawn the fleet
        loaded = time.perf_counter() - started
        browser.close()
    print(f"entry page {page_file.stat().st_size / 1e6:.2f} MB, usable after {loaded:.2f} s (limit {USABLE_SECONDS} s)")
    return 0 if loaded <= USABLE_SECONDS else 1
