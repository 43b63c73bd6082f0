# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit: a test suite a host, a test case a rule, so that any CI shows an inspection as it shows tests.

A rule with a warning or critical finding is a failure, one that could not be judged an error, one whose findings are all
waived is skipped. Rules that do not apply to the host are left out.
"""

from __future__ import annotations

from collections import Counter
from xml.sax.saxutils import escape, quoteattr

from ..comparison import State
from ..findings import Severity
from ..outcome import Outcome, Reported
from ..registry import RULES
from ..wording import render
from .harmless import line

# The start of each rule's test case, closed by "/>" if all is well; rule ids and domains need no escaping
CASES = {rule.id: f'<testcase classname="{rule.domain.value}" name="{rule.id}"' for rule in RULES}


def begin(run: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={quoteattr("caretaker " + run)}>\n'


def end() -> str:
    return "</testsuites>\n"


def suite(outcome: Outcome) -> str:
    """One host's test suite."""
    wrong: dict[str, list[Reported]] = {}
    for item in outcome.findings:
        if item.compared.state is not State.RESOLVED:
            wrong.setdefault(item.rule.id, []).append(item)
    judged = [item.rule.id for item in (*outcome.fine, *outcome.findings)]
    kinds: Counter[str] = Counter()
    cases = [_case(rule, wrong.get(rule, []), kinds) for rule in dict.fromkeys(judged)]
    stamp = outcome.taken_at.strftime("%Y-%m-%dT%H:%M:%S")
    return "\n".join([
        f'<testsuite name={quoteattr(line(outcome.host))} tests="{len(cases)}" failures="{kinds["failure"]}" errors="{kinds["error"]}"'
        f' skipped="{kinds["skipped"]}" timestamp="{stamp}" time="0">',
        *cases, "</testsuite>\n",
    ])


def _case(rule: str, found: list[Reported], kinds: Counter[str]) -> str:
    if not found:
        return CASES[rule] + "/>"
    standing = [item for item in found if item.waiver is None]
    worst = max((item.severity for item in standing), default=None)
    kind = "skipped" if worst is None else "error" if worst is Severity.UNKNOWN else "failure"
    kinds[kind] += 1
    texts = [_text(item) for item in standing or found]
    about = f"message={quoteattr(texts[0])}"
    if worst is None:
        return f"{CASES[rule]}><skipped {about}/></testcase>"
    body = escape("\n".join([*texts, f"Why: {found[0].rule.why}", f"Remedy: {found[0].rule.fix}"]))
    return f'{CASES[rule]}><{kind} type="{worst.name.lower()}" {about}>{body}</{kind}></testcase>'


def _text(item: Reported) -> str:
    finding = item.compared.finding
    text = line(f"{finding.severity.name.lower()}: {finding.object}: {render(finding.message, finding.values)}")
    if item.waiver:
        text += line(f" (waived by {item.waiver.owner} until {item.waiver.expires}: {item.waiver.reason})")
    return text
