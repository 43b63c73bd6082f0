# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML page: one file with its style, script and data inside; it asks nothing of any network.

The page's script builds all it shows as text nodes from JSON; a policy allows this very style and script (by their hash) and
nothing else. A large fleet's details are scripts beside the page, which only the page's own script may load.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from ..registry import RULES
from .bottlenecks import fleet_data
from .document import described, moment
from .fleet import COUNTED, DOMAINS, STATES, Fleet, as_json
from .harmless import line
from .text import text_of
from .translation import LANGUAGES, translator

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("base.js", "charts.js", "finding.js", "storage.js", "bottlenecks.js", "remedies.js", "host.js",
           "main.js")                   # in this order they make one script
FINDINGS_BYTES = 5 * 1024 * 1024        # of the entry page; what is over it stands with the hosts only


def page_of(fleet: Fleet, details: Sequence[str] | None) -> str:
    """The page; ``details``: each host's document and evidence as JSON, None if they lie beside it as hosts/N.js."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(default=True, default_for_string=True))
    style, script = (TEMPLATES / "page.css").read_text("utf-8"), script_of_page()
    return environment.get_template("page.html.j2").render(
        title=f"Caretaker {fleet.run}" + (f" - {line(fleet.customer)}" if fleet.customer else ""), summary=text_of(fleet),
        style=Markup(style), script=Markup(script), style_hash=sha256_of(style), script_hash=sha256_of(script),     # noqa: S704 our own files
        data=Markup(harmless_json(data_of(fleet, details))),       # noqa: S704 escaped by harmless_json
    )


def data_of(fleet: Fleet, details: Sequence[str] | None) -> str:
    """The page's data as JSON."""
    most = most_of_a_host(fleet.findings)
    parts = {
        "about": as_json({
            "run": fleet.run, "started_at": moment(fleet.started_at), "recheck_of": fleet.recheck_of,
            "customer": line(fleet.customer) if fleet.customer else None, "score": fleet.score, "coverage": fleet.coverage,
            "anchor": fleet.anchor_told, "counts": fleet.numbers, "states": {state.value: fleet.states[state.value] for state in STATES},
            "most": most, "left_out": sum(max(0, len(rows) - most) for rows in fleet.findings),
        }),
        "languages": as_json(LANGUAGES),
        "words": as_json({language: words(language) for language in LANGUAGES}),
        "domains": as_json([domain.value for domain in DOMAINS]),
        "states": as_json([state.value for state in STATES]),
        "counted": as_json(COUNTED),
        "rules": as_json([{"id": rule.id, **described(rule)} for rule in RULES]),
        "by_rule": as_json(fleet.by_rule),
        "actions": as_json(fleet.actions),
        "bottlenecks": as_json(fleet_data(fleet.bottlenecks) if fleet.bottlenecks.looked_at else None),
        "hosts": "[" + ",\n".join(fleet.rows) + "]",
        "findings": "[" + ",\n".join("[" + ",".join(rows[:most]) + "]" for rows in fleet.findings) + "]",
        "details": "null" if details is None else "[" + ",\n".join(details) + "]",
    }
    return "{" + ",\n".join(f'"{name}":{value}' for name, value in parts.items()) + "}"


def most_of_a_host(findings: Sequence[Sequence[str]]) -> int:
    """How many findings of each host (its worst) the entry page can list within FINDINGS_BYTES."""
    longest = max(map(len, findings), default=0)
    room = FINDINGS_BYTES
    for most in range(longest):
        room -= sum(len(rows[most].encode()) + 1 for rows in findings if len(rows) > most)
        if room < 0:
            return most
    return longest


def harmless_json(text: str) -> str:
    """JSON that can't end the script element it stands in."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def sha256_of(text: str) -> str:
    """As a content security policy names an inline style or script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def words(language: str) -> dict[str, str]:
    """The page's own words in a language, where they differ from English."""
    translate = translator(language)
    return {text: translate(text) for text in interface_texts() if translate(text) != text}


@cache
def interface_texts() -> tuple[str, ...]:
    """The English words of the page: each ``t("...")`` of its script."""
    return tuple(dict.fromkeys(re.findall(r'\bt\("([^"\\]+)"', script_of_page())))


@cache
def script_of_page() -> str:
    return "".join((TEMPLATES / name).read_text("utf-8") for name in SCRIPTS)
