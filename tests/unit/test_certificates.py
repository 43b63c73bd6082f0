# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from plugins.module_utils.subjects import certificates as subject
from plugins.plugin_utils.absent import Unknown
from plugins.plugin_utils.archive import Capture, Entry
from plugins.plugin_utils.facts.certificates import Certificate, Unseen, parse, parse_certificate
from plugins.plugin_utils.findings import Severity
from plugins.plugin_utils.rules import certificates

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
PEM = (Path(__file__).parents[1] / "fixtures/certificates/sound/notes/certificate port 443").read_text()
SOUND = Certificate("port 443", "CN=a", "CN=b", NOW - timedelta(days=1), NOW + timedelta(days=90), "1", "RSA 2048", 2048, "sha256", False)


@pytest.mark.parametrize(("days", "severity"), [
    (30.01, Severity.OK), (30, Severity.WARNING), (7.01, Severity.WARNING), (7, Severity.CRITICAL), (0, Severity.CRITICAL),
    (-1, Severity.CRITICAL),
])
def test_expiry(days: float, severity: Severity) -> None:
    item = replace(SOUND, ends_at=NOW + timedelta(days=days))
    found = list(certificates.check_expiry(certificates.CERTIFICATE_EXPIRY.levels, (item,), (), NOW))
    assert [finding.severity for finding in found] == [severity]


def test_not_valid_yet() -> None:
    item = replace(SOUND, begins_at=NOW + timedelta(seconds=1))
    found = list(certificates.check_expiry(certificates.CERTIFICATE_EXPIRY.levels, (item,), (), NOW))
    assert [finding.severity for finding in found] == [Severity.WARNING]


@pytest.mark.parametrize(("key", "bits", "signature", "self_signed", "severity"), [
    ("RSA 2048", 2048, "sha256", False, Severity.OK), ("RSA 2047", 2047, "sha256", False, Severity.WARNING),
    ("RSA 1024", 1024, "sha256", False, Severity.WARNING), ("RSA 1023", 1023, "sha256", False, Severity.CRITICAL),
    ("EC 224", 224, "sha256", False, Severity.OK), ("EC 223", 223, "sha256", False, Severity.WARNING),
    ("EC 160", 160, "sha256", False, Severity.WARNING), ("EC 159", 159, "sha256", False, Severity.CRITICAL),
    ("Ed25519", None, "none", False, Severity.OK), ("RSA 2048", 2048, "sha1", False, Severity.WARNING),
    ("RSA 2048", 2048, "sha1", True, Severity.OK),
])
def test_strength(key: str, bits: int | None, signature: str, self_signed: bool, severity: Severity) -> None:
    item = replace(SOUND, key=key, key_bits=bits, signature=signature, self_signed=self_signed)
    found = list(certificates.check_weak(certificates.CERTIFICATE_WEAK.levels, (item,)))
    assert [finding.severity for finding in found] == [severity]


def test_a_file_that_could_not_be_read_is_unknown_beside_the_others() -> None:
    items = (SOUND, Unseen("/etc/ssl/private/gone.pem", "can't be read: No such file or directory"))
    found = list(certificates.check_expiry(certificates.CERTIFICATE_EXPIRY.levels, items, (), NOW))
    assert [(item.object, item.severity) for item in found] == [
        ("port 443", Severity.OK), ("/etc/ssl/private/gone.pem", Severity.UNKNOWN)]
    assert [item.object for item in certificates.check_weak(certificates.CERTIFICATE_WEAK.levels, items)] == ["port 443"]


def test_a_file_that_only_the_inventory_names_is_unknown() -> None:
    found = list(certificates.check_expiry(certificates.CERTIFICATE_EXPIRY.levels, (SOUND,), ("/opt/app/tls.pem",), NOW))
    assert {item.object: item.severity for item in found} == {"port 443": Severity.OK, "/opt/app/tls.pem": Severity.UNKNOWN}


@pytest.mark.parametrize("text", ["", "\x00\ufffd", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", PEM[:50], PEM[:-40], PEM[60:]])
def test_what_is_no_whole_certificate_is_unseen(text: str) -> None:
    assert isinstance(parse_certificate("port 443", text), Unseen)


@pytest.mark.parametrize("closing", ["", "# 1 files, 0 left", "# 0 files, 0 left out, 2 ports\n"])
def test_a_list_without_its_count_is_unknown(closing: str) -> None:
    entries = (Entry("c", "note", "certificate port 443", PEM), Entry("c", "note", "certificates looked for", closing))
    assert isinstance(parse(Capture("web1", "raw", NOW, entries)).looked_for, Unknown)


def test_files_left_out_are_told() -> None:
    entries = (Entry("c", "note", "certificate /etc/a.pem", PEM), Entry("c", "note", "certificates looked for", "# 1 files, 3 left out, 0 ports\n"))
    found = parse(Capture("web1", "raw", NOW, entries)).looked_for
    assert isinstance(found, tuple)
    assert [type(item) for item in found] == [Certificate, Unseen]


def test_only_the_certificate_leaves_a_file_that_holds_a_private_key(tmp_path: Path) -> None:
    key = "-----BEGIN " + "PRIVATE KEY-----\nc2VjcmV0\n-----END " + "PRIVATE KEY-----\n"
    (tmp_path / "both.pem").write_text(key + PEM + key)
    (tmp_path / "key.pem").write_text(key)
    assert subject.read_certificate(str(tmp_path / "both.pem")) == PEM
    assert subject.read_certificate(str(tmp_path / "key.pem")) == "# holds no certificate\n"
    assert subject.read_certificate(str(tmp_path / "gone.pem")).startswith("# can't be read: No such file")


@pytest.mark.parametrize(("server", "line", "path"), [
    ("nginx", "    ssl_certificate /etc/ssl/a.pem;\n", "/etc/ssl/a.pem"), ("nginx", "  ssl_certificate_key /etc/ssl/a.key;\n", None),
    ("nginx", "# ssl_certificate /etc/ssl/a.pem;\n", None), ("httpd", 'SSLCertificateFile "/etc/ssl/b.crt"\n', "/etc/ssl/b.crt"),
    ("haproxy", "  bind :443 ssl crt /etc/haproxy/certs alpn h2\n", "/etc/haproxy/certs"),
    ("postfix", "smtpd_tls_cert_file = /etc/ssl/m.pem\n", "/etc/ssl/m.pem"), ("dovecot", "ssl_cert = </etc/dovecot/d.pem\n", "/etc/dovecot/d.pem"),
    ("postgresql", "ssl_cert_file = 'server.crt'  # path\n", "server.crt"), ("postgresql", "#ssl_cert_file = 'server.crt'\n", None),
    ("my.cnf", "ssl-cert=/etc/mysql/s.pem\n", "/etc/mysql/s.pem"), ("my.cnf", "ssl-key=/etc/mysql/s.key\n", None),
])
def test_settings_that_name_a_certificate(server: str, line: str, path: str | None) -> None:
    setting = next(item for files, item, _switch in subject.CONFIGURATIONS if server in files[0])
    assert re.findall(setting, line, re.MULTILINE) == ([path] if path else [])


@pytest.mark.parametrize(("family", "address", "reached"), [
    (socket.AF_INET, "00000000", ["127.0.0.1"]), (socket.AF_INET6, "0" * 32, ["127.0.0.1", "::1"]),
])
def test_where_a_listening_port_is_reached(family: int, address: str, reached: list[str]) -> None:
    assert subject.reachable(family, address) == reached


def test_listening_ports_by_ss() -> None:
    answer = """State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
LISTEN 0      128          0.0.0.0:443        0.0.0.0:*
LISTEN 0      128             [::]:8443          [::]:*
LISTEN 0      128                *:636              *:*
LISTEN 0      128    127.0.0.53%lo:993        0.0.0.0:*
LISTEN 0      128               :::995             :::*
"""
    both = ["127.0.0.1", "::1"]
    host = SimpleNamespace(command=lambda argv: answer)
    assert subject.listening(host) == {443: ["127.0.0.1"], 8443: both, 636: both, 993: ["127.0.0.53"], 995: both}
