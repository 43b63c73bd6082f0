# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep secrets on the target: every text is passed through ``redact`` before it is recorded."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

HIDDEN = "<redacted>"
# A cheap test first: most lines hold none of these words, and the patterns below need not run over them.
HINTS = ("pass", "pwd", "secret", "token", "api", "credential", "://", "$")
PRIVATE_KEY = re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)")
# None of them looks beyond the end of a line
PATTERNS = (
    # --password=x, password: x, PGPASSWORD=x, api_key="x", --db-password x
    # (a single blank only after an option: prose such as "Failed password for root" must stay)
    (re.compile(r"""(?i)((?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|credentials?)[\w.-]{0,64}["']?[ \t]*=[ \t]*)"""
                r"""("[^"\n]*"|'[^'\n]*'|[^\s,;&"']+)"""), r"\1" + HIDDEN),
    (re.compile(r"""(?i)((?<![\w.-])--?[\w.-]{0,64}(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key)[\w.-]{0,64}"""
                r"""[ \t\0]+)([^\s-]\S*)"""), r"\1" + HIDDEN),
    # scheme://user:password@host
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+(@)"), r"\1" + HIDDEN + r"\2"),
    # crypt(3) hashes: $6$salt$hash, $y$j9T$...
    (re.compile(r"\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1)\$[./0-9A-Za-z,=$-]{8,}"), HIDDEN),
)


def redact(text):
    """The text with passwords, tokens, password hashes and private keys replaced by ``<redacted>``."""
    if "PRIVATE KEY-----" in text:
        text = PRIVATE_KEY.sub(HIDDEN, text)
    lowered = text.lower()
    if not any(hint in lowered for hint in HINTS):
        return text
    return "\n".join(redact_line(line) for line in text.split("\n"))


def redact_line(line):
    lowered = line.lower()
    if any(hint in lowered for hint in HINTS):
        for pattern, replacement in PATTERNS:
            line = pattern.sub(replacement, line)
    return line
