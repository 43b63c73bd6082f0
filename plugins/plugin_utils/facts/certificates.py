# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: what servers on the host are configured with, and what its TLS ports show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from ..absent import Known, NotHere, Unknown
from ..archive import Capture


@dataclass(frozen=True)
class Certificate:
    """``where``: path or "port 443"; ``key``: "RSA 2048", "EC 256", "Ed25519"; ``signature``: hash of its signature, e.g. sha256."""

    where: str
    subject: str
    issuer: str
    begins_at: datetime
    ends_at: datetime
    serial: str
    key: str
    key_bits: int | None
    signature: str
    self_signed: bool


@dataclass(frozen=True)
class Unseen:
    """A certificate that could not be read: a configured file that is missing or closed, a port that refused the handshake."""

    where: str
    detail: str


@dataclass(frozen=True)
class CertificatesFacts:
    """``looked_for`` may be empty; ``certificates`` is the same, or NotHere if there is none."""

    looked_for: Known[tuple[Certificate | Unseen, ...]]
    certificates: Known[tuple[Certificate | Unseen, ...]]


def parse(capture: Capture) -> CertificatesFacts:
    found = _certificates(capture)
    return CertificatesFacts(found, found if found != () else NotHere("no server on this host is configured with a certificate"))


# # 3 files, 0 left out, 1 ports
def _certificates(capture: Capture) -> Known[tuple[Certificate | Unseen, ...]]:
    """The closing count must be there and fit: a list that lacks certificates must not pass for all of them."""
    closing = capture.known("certificates looked for")
    if isinstance(closing, Unknown):
        return closing
    count = re.fullmatch(r"# (\d+) files, (\d+) left out, (\d+) ports\n?", closing)
    entries = [*capture.matching("certificate /*"), *capture.matching("certificate port *")]
    if count is None or int(count[1]) + int(count[3]) != len(entries):
        return Unknown("the list of certificates is cut off")
    found: list[Certificate | Unseen] = []
    for entry in entries:
        where, text = entry.key.removeprefix("certificate "), entry.text or ""
        if text.startswith("# no TLS"):
            continue
        found.append(Unseen(where, text[2:].strip()) if text.startswith("# ") else parse_certificate(where, text))
    if int(count[2]):
        found.append(Unseen("files", f"{count[2]} more files were left out"))
    return tuple(found)


# -----BEGIN CERTIFICATE-----
# MIIBtjCCAVugAwIBAgIUQ...
# -----END CERTIFICATE-----
def parse_certificate(where: str, text: str) -> Certificate | Unseen:
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        hash_algorithm = certificate.signature_hash_algorithm
        key, bits = _key(certificate)
        return Certificate(
            where, certificate.subject.rfc4514_string() or "(no name)", certificate.issuer.rfc4514_string() or "(no name)",
            certificate.not_valid_before_utc, certificate.not_valid_after_utc, f"{certificate.serial_number:x}", key, bits,
            hash_algorithm.name if hash_algorithm is not None else "none", certificate.subject == certificate.issuer,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        return Unseen(where, f"is not a certificate: {error}"[:200])


def _key(certificate: x509.Certificate) -> tuple[str, int | None]:
    """Kind and size of the public key, in bits."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}", key.key_size
    return type(key).__name__.replace("PublicKey", "").lstrip("_"), None
