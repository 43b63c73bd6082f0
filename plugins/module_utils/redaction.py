# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep secrets on the target: every text is passed through ``redact`` before it is recorded."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

HIDDEN = "<redacted>"
# A cheap test first: most texts hold none of these words, and the patterns below need not run over them.
HINT = re.compile(r"(?i)pass|pwd|secret|token|api.?key|credential|private key|://[^\s/@]*:[^\s/@]*@|\$[0-9a-z]{1,3}\$")
PATTERNS = (
    # --password=x, password: x, PGPASSWORD=x, api_key="x", --db-password x
    # (a single blank only after an option: prose such as "Failed password for root" must stay)
    (re.compile(r"""(?i)([\w.-]*(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|credentials?)[\w.-]*["']?[ \t]*=[ \t]*)"""
                r"""("[^"\n]*"|'[^'\n]*'|[^\s,;&"']+)"""), r"\1" + HIDDEN),
    (re.compile(r"""(?i)(--?[\w.-]*(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key)[\w.-]*[ \t\0]+)([^\s-]\S*)"""),
     r"\1" + HIDDEN),
    # scheme://user:password@host
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+(@)"), r"\1" + HIDDEN + r"\2"),
    # crypt(3) hashes: $6$salt$hash, $y$j9T$...
    (re.compile(r"\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1)\$[./0-9A-Za-z,=$-]{8,}"), HIDDEN),
    (re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"), HIDDEN),
)


def redact(text):
    """The text with passwords, tokens, password hashes and private keys replaced by ``<redacted>``."""
    if not HINT.search(text):
        return text
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text
