# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from .addresses import is_address

TIMEOUT_SECONDS = 30
PORTS = {"none": 25, "starttls": 587, "tls": 465}


class BadMail(Exception):
    """A letter that could not be sent, or a setting of the server that is wrong; the text names what and why, and no password."""


@dataclass(frozen=True)
class Post:
    """A mail server and who writes. ``security``: one of PORTS; ``port`` None for the usual one."""

    server: str
    sender: str
    port: int | None = None
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None


@dataclass(frozen=True)
class Letter:
    to: tuple[str, ...]
    subject: str
    text: str


def parse_post(value: Any) -> Post:
    """From a mapping as caretaker_mail has it: server, from, and where needed port, security, user, password, ca_file. Raises BadMail."""
    if not isinstance(value, Mapping):
        raise BadMail("caretaker_mail must be a mapping with server and from")
    known = {"server", "from", "port", "security", "user", "password", "ca_file"}
    if strange := sorted(map(str, set(value) - known)):
        raise BadMail(f"caretaker_mail: unknown field {strange[0]!r}; there are {', '.join(sorted(known))}")
    texts = {name: value.get(name) or "" for name in ("server", "from", "security", "user", "password", "ca_file")}
    if wrong := sorted(name for name, text in texts.items() if not isinstance(text, str)):
        raise BadMail(f"caretaker_mail: {wrong[0]} must be a text")
    security, port = texts["security"] or Post.security, value.get("port")
    if not texts["server"]:
        raise BadMail("caretaker_mail: server must name the mail server")
    if not is_address(texts["from"]):
        raise BadMail(f"caretaker_mail: from is {texts['from']!r}, but must be an address like caretaker@example.com")
    if security not in PORTS:
        raise BadMail(f"caretaker_mail: security is {security!r}, but must be one of {', '.join(PORTS)}")
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536):
        raise BadMail(f"caretaker_mail: port is {port!r}, but must be a number from 1 to 65535")
    return Post(texts["server"], texts["from"], port, security, texts["user"], texts["password"], texts["ca_file"] or None)


def message_of(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(letter.to)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid(domain="caretaker.invalid")
    message["Auto-Submitted"] = "auto-generated"        # RFC 3834: answering machines leave it alone
    message.set_content(letter.text)
    return message


def send(post: Post, letter: Letter) -> None:
    """Raises BadMail, also where the server refuses one of several receivers."""
    where = f"the mail server {post.server}:{post.port or PORTS[post.security]}"
    try:
        with _connection(post) as server:
            if post.user:
                server.login(post.user, post.password)
            refused = server.send_message(message_of(letter, post.sender))
    except smtplib.SMTPRecipientsRefused as error:
        raise BadMail(f"{where} refuses {', '.join(_said(error.recipients))}") from None
    except smtplib.SMTPResponseException as error:
        raise BadMail(f"{where} refuses: {error.smtp_code} {_text(error.smtp_error)}") from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise BadMail(f"{where}: {error}") from None
    if refused:
        raise BadMail(f"{where} refuses {', '.join(_said(refused))}; the others got the letter")


def _connection(post: Post) -> smtplib.SMTP:
    port = post.port or PORTS[post.security]
    if post.security == "none":
        return smtplib.SMTP(post.server, port, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context(cafile=post.ca_file)
    if post.security == "tls":
        return smtplib.SMTP_SSL(post.server, port, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(post.server, port, timeout=TIMEOUT_SECONDS)
    server.starttls(context=context)
    return server


def _said(recipients: Mapping[str, tuple[int, bytes]]) -> list[str]:
    return [f"{address} ({code} {_text(reason)})" for address, (code, reason) in recipients.items()]


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
