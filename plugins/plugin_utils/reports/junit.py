# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit: a test suite a host, a test case a rule, so that any CI shows an inspection as it shows tests.

A rule with a warning or critical finding is a failure, one that could not be judged an error, one whose findings are all
waived is skipped. Rules that do not apply to the host are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ..comparison import State
from ..findings import Severity
from ..registry import RULES, RULES_BY_ID

# The start of each rule's test case, closed by "/>" if all is well; rule ids and domains need no escaping
CASES = {rule.id: f'<testcase classname="{rule.domain.value}" name="{rule.id}"' for rule in RULES}


def begin(run: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={quoteattr("caretaker " + run)}>\n'


def end() -> str:
    return "</testsuites>\n"


def suite(document: Mapping[str, Any]) -> str:
    """One host's test suite, from its document."""
    wrong: dict[str, list[Mapping[str, Any]]] = {}
    for finding in document["findings"]:
        if finding["state"] != State.RESOLVED.value:
            wrong.setdefault(finding["rule"], []).append(finding)
    judged = dict.fromkeys(finding["rule"] for finding in (*document["fine"], *document["findings"]))
    kinds: Counter[str] = Counter()
    cases = [_case(rule, wrong[rule], kinds) if rule in wrong else CASES[rule] + "/>" for rule in judged]
    return "\n".join([
        f'<testsuite name={quoteattr(document["host"])} tests="{len(cases)}" failures="{kinds["failure"]}" errors="{kinds["error"]}"'
        f' skipped="{kinds["skipped"]}" timestamp="{document["taken_at"].rstrip("Z")}" time="0">',
        *cases, "</testsuite>\n",
    ])


def _case(rule: str, found: list[Mapping[str, Any]], kinds: Counter[str]) -> str:
    standing = [finding for finding in found if finding["counts"]]
    worst = max((Severity[finding["severity"].upper()] for finding in standing), default=None)
    kind = "skipped" if worst is None else "error" if worst is Severity.UNKNOWN else "failure"
    kinds[kind] += 1
    texts = [_text(finding) for finding in standing or found]
    about = f"message={quoteattr(texts[0])}"
    if worst is None:
        return f"{CASES[rule]}><skipped {about}/></testcase>"
    declared = RULES_BY_ID[rule]
    body = escape("\n".join([*texts, f"Why: {declared.why}", f"Remedy: {declared.fix}"]))
    return f'{CASES[rule]}><{kind} type="{worst.name.lower()}" {about}>{body}</{kind}></testcase>'


def _text(finding: Mapping[str, Any]) -> str:
    text = f"{finding['severity']}: {finding['object']}: {finding['message']['en']}"
    waiver = finding["waiver"]
    return f"{text} (waived by {waiver['owner']} until {waiver['expires']}: {waiver['reason']})" if waiver else text
