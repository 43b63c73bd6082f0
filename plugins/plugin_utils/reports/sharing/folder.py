# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished report's folder once more, to be shown to strangers: the same findings, other names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ...archive import Capture
from ...comparison import State
from ...findings import Domain, Severity
from ...registry import RULES_BY_ID
from ..documents.finished import DATA, BadFolder, read
from ..page import harmless_json
from ..translation import LANGUAGES
from .identities import identities_of
from .pseudonyms import Pseudonyms, load, save

# Words of ours that a host's or a person's name may happen to be; they stay where they stand alone
OURS = frozenset({*RULES_BY_ID, *LANGUAGES, *(state.value for state in State), *(domain.value for domain in Domain),
                  *(severity.name.lower() for severity in Severity), "linux", "cluster"})
# Parts of the page's and the report's data that tell nothing of hosts
NOT_OF_HOSTS = frozenset({"words", "rules", "languages", "domains", "states", "counted", "by_rule", "open_by_rule"})
TOLD = re.compile(r"(?<=<title>)[^<]*|(?<=<noscript><pre>)[^<]*")        # of the page's head; the rest is the same in all reports
FILES = ("report.json", "hosts.jsonl", "report.html", "report.xml")
DETAIL = re.compile(r"(caretaker\(\d+,)(.*)(\)\s*)", re.DOTALL)


def share(folder: Path, target: Path, captures: Iterable[Capture], words: Path) -> None:
    """Write the report in ``folder`` into ``target``, a new folder, without what tells whose it is.

    words  the file with the other names of earlier reports; the same machine gets the same again. It must not be shared.

    Raises BadFolder.
    """
    report = read(folder)
    if target.exists():
        raise BadFolder(f"{target}: is there already; name a folder that is not")
    try:
        hosts = [json.loads(line)["host"] for line in (folder / "hosts.jsonl").read_text("utf-8").splitlines()]
        pseudonyms = load(words, identities_of(captures, hosts, report.summary["customer"]))
        target.mkdir(parents=True, mode=0o700)
        for path in (*sorted(folder.glob("hosts/*.js")), *(folder / name for name in FILES)):
            written = target / path.relative_to(folder)
            written.parent.mkdir(exist_ok=True, mode=0o700)
            written.write_text(_shared(path, pseudonyms), "utf-8")
            written.chmod(0o600)
        words.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        save(pseudonyms, words)
    except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
        raise BadFolder(f"{folder}: can't be written as a report to share into {target} ({error})") from error


def _shared(path: Path, pseudonyms: Pseudonyms) -> str:
    text = path.read_text("utf-8")
    if path.name == "report.html":
        begin, data, end = _around(text)
        return TOLD.sub(lambda part: pseudonyms.replaced(part[0]), begin) + harmless_json(_data(data, pseudonyms)) + end
    if path.suffix == ".js":
        found = DETAIL.fullmatch(text)
        if found is None:
            raise ValueError(f"{path} holds no host")
        return found[1] + harmless_json(_data(found[2], pseudonyms)) + found[3]
    if path.suffix == ".xml":
        return _xml(text, pseudonyms)
    return "".join(_data(line, pseudonyms) + "\n" for line in text.splitlines())


def _around(page: str) -> tuple[str, str, str]:
    """What stands before the page's data, the data, and what stands behind."""
    found = DATA.search(page)
    if found is None:
        raise ValueError("report.html holds no data")
    return page[:found.start(1)], found[1], page[found.end(1):]


def _data(text: str, pseudonyms: Pseudonyms) -> str:
    document: dict[str, Any] = json.loads(text)
    shared = {name: value if name in NOT_OF_HOSTS else pseudonyms.everywhere(value, OURS) for name, value in document.items()}
    for row in shared.get("hosts", ()):         # of the page: a host's name, then more
        row[0] = pseudonyms.replaced(row[0])
    return json.dumps(shared, ensure_ascii=False, separators=(",", ":"))


def _xml(text: str, pseudonyms: Pseudonyms) -> str:
    root = ElementTree.fromstring(text)         # noqa: S314 our own file
    for element in root.iter():
        kept = frozenset() if element.tag == "testsuite" else OURS
        element.attrib.update({name: pseudonyms.everywhere(value, kept) for name, value in element.attrib.items()})
        if element.text:
            element.text = pseudonyms.replaced(element.text)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
