# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's languages: English is the source, the others are gettext catalogues, one .po file a subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("en", "zh_CN")


def translator(language: str) -> Callable[[str], str]:
    """A function from English to the language; a text that no catalogue has stays English."""
    return lambda text: catalogue(language).get(text, text)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """{English text: its translation} of all catalogues of a language; empty for English."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.po")):
        texts.update(texts_of(path))
    return texts


def texts_of(path: Path) -> dict[str, str]:
    """The finished translations of one .po file."""
    from babel.messages.pofile import read_po  # only who writes a report needs it

    with path.open("rb") as stream:
        messages = read_po(stream, abort_invalid=True)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string and not message.fuzzy}
