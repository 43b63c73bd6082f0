# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters to a real mail server on loopback: plain, over TLS with a password, refused, gone."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from plugins.plugin_utils.mail import BadMail, Letter, Post, parse_post, send
from tests.mailbox import Mailbox, running

LETTER = Letter(("ops@example.com", "boss@example.com"), "2 findings\nBcc: everybody@example.com", "Grüße\n.\n巡检\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def test_a_letter_as_it_arrives() -> None:
    mailbox = Mailbox()
    with running(mailbox) as port:
        send(Post("127.0.0.1", "Caretaker <caretaker@example.com>", port, "none"), LETTER)
    (letter,) = mailbox.letters
    assert letter["To"] == "ops@example.com, boss@example.com"
    assert (letter["Subject"], letter["Bcc"]) == ("2 findings Bcc: everybody@example.com", None)
    assert letter.get_content() == LETTER.text.replace("\n", "\r\n") or letter.get_content() == LETTER.text


def test_over_tls_with_a_password(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def is_right(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"caretaker", b"right"), handled=False)

    mailbox = Mailbox()
    with running(mailbox, tls_context=context, require_starttls=True, authenticator=is_right, auth_required=True) as port:
        post = Post("localhost", "caretaker@example.com", port, "starttls", "caretaker", "right", str(certificate[0]))
        send(post, LETTER)
        with pytest.raises(BadMail, match="refuses: 535") as caught:
            send(replace(post, password="wr0ng"), LETTER)
        assert "wr0ng" not in str(caught.value)
        with pytest.raises(BadMail, match="CERTIFICATE_VERIFY_FAILED"):
            send(replace(post, ca_file=None), LETTER)
        with pytest.raises(BadMail, match="530"):
            send(replace(post, security="none", user=""), LETTER)
    assert len(mailbox.letters) == 1


def test_receivers_that_are_refused() -> None:
    mailbox = Mailbox()
    with running(mailbox) as port:
        post = Post("127.0.0.1", "caretaker@example.com", port, "none")
        with pytest.raises(BadMail, match=r"refuses nobody@example.org \(550 no such user\)$"):
            send(post, replace(LETTER, to=("nobody@example.org",)))
        with pytest.raises(BadMail, match="the others got the letter"):
            send(post, replace(LETTER, to=("nobody@example.org", "ops@example.com")))
    assert len(mailbox.letters) == 1


def test_no_server() -> None:
    with pytest.raises(BadMail, match=r"the mail server 127\.0\.0\.1:9: "):
        send(Post("127.0.0.1", "caretaker@example.com", 9, "none"), LETTER)


def test_a_server_as_the_inventory_names_it() -> None:
    assert parse_post({"server": "m", "from": "a@b", "port": 25, "security": "none"}) == Post("m", "a@b", 25, "none")
    for wrong in ("m", {}, {"server": "m", "from": "a@b\nBcc: c@d"}, {"server": "m", "from": "a@b", "password": 5}, {"server": "m", "from": "a@b", "port": True}):
        with pytest.raises(BadMail, match=r"^caretaker_mail"):
            parse_post(wrong)
