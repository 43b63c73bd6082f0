# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..facts.certificates import Certificate, Unseen
from ..findings import DAY, Below, ByClass, Domain, Finding, Rule, Severity

Seen = tuple[Certificate | Unseen, ...]
WEAK_HASHES = ("md2", "md4", "md5", "sha1")
EVIDENCE = ("certificate *", "certificates looked for")
NIST = "NIST SP 800-57: 112 bits of strength (RSA 2048, EC 224)"


def unseen(item: Unseen) -> Finding:
    return Finding(Severity.UNKNOWN, item.where, "this certificate could not be looked at: {detail}", {"detail": item.detail})


def seen_of(certificates: Seen) -> list[Certificate]:
    return [item for item in certificates if isinstance(item, Certificate)]


def check_expiry(levels: Mapping[str, Any], certificates: Seen, wanted: tuple[str, ...], taken_at: datetime) -> Iterator[Finding]:
    for path in sorted(set(wanted) - {item.where for item in certificates}):
        yield Finding(Severity.UNKNOWN, path, "the inventory names it, but no server's configuration does: it was not looked at")
    if not certificates and not wanted:
        yield Finding(Severity.OK, "certificates", "no server on this host is configured with a certificate")
    for item in certificates:
        if isinstance(item, Unseen):
            yield unseen(item)
            continue
        left = (item.ends_at - taken_at).total_seconds()
        values = {"left_seconds": left, "ends_at": item.ends_at, "subject": item.subject, "issuer": item.issuer, "serial": item.serial}
        if item.begins_at > taken_at:
            yield Finding(Severity.WARNING, item.where, "the certificate of {subject} is not valid before {begins_at}",
                          {**values, "begins_at": item.begins_at})
        elif left <= 0:
            yield Finding(levels["left_seconds"].grade(left), item.where, "the certificate of {subject} ended at {ends_at}", values)
        else:
            yield Finding(levels["left_seconds"].grade(left), item.where, "the certificate of {subject} is valid until {ends_at}", values)


CERTIFICATE_EXPIRY = Rule(
    id="certificate_expiry",
    title="No certificate ends soon",
    domain=Domain.PLATFORM,
    why="From its last minute on, clients refuse the connection.",
    fix="Renew it and reload the service; find out why it was not renewed by itself.",
    needs=("certificates.looked_for", "settings.certificate_files", "capture.taken_at"),
    evidence=EVIDENCE,
    levels={"left_seconds": Below(warning=30 * DAY, critical=7 * DAY,
                                  source="our judgement; Linuxfabrik monitoring-plugins: 14 d, 5 d; ACME clients renew at 30 d")},
    impact=4,
    check=check_expiry,
)


def check_weak(levels: Mapping[str, Any], certificates: Seen) -> Iterator[Finding]:
    """Only of what could be looked at: certificate_expiry tells of the others."""
    if not seen_of(certificates):
        yield from (unseen(item) for item in certificates if isinstance(item, Unseen))
    for item in seen_of(certificates):
        values = {"key": item.key, "key_bits": item.key_bits, "class": item.key.split()[0].lower(), "signature": item.signature}
        # The signature of a self-signed certificate proves nothing to anybody, so that its weakness takes nothing away
        if item.signature in WEAK_HASHES and not item.self_signed:
            yield Finding(Severity.WARNING, item.where, "is signed with {signature}, which can be forged", values)
        elif item.key_bits is not None:
            severity = levels["key_bits"].of(values["class"]).grade(item.key_bits)
            yield Finding(severity, item.where, "has the key {key} and is signed with {signature}", values)
        else:
            yield Finding(Severity.OK, item.where, "has the key {key} and is signed with {signature}", values)


CERTIFICATE_WEAK = Rule(
    id="certificate_weak",
    title="Keys and signatures of certificates are strong",
    domain=Domain.PLATFORM,
    why="Short keys and forgeable signatures let others pose as this server; current clients refuse them.",
    fix="Have a new certificate made: RSA 2048 or longer, or EC 256, signed with SHA-256.",
    needs=("certificates.certificates",),
    evidence=EVIDENCE,
    levels={"key_bits": ByClass({"ec": Below(warning=223, critical=159, source=NIST)}, Below(warning=2047, critical=1023, source=NIST))},
    impact=3,
    check=check_weak,
)


def check_self_signed(_levels: Mapping[str, Any], certificates: Seen) -> Iterator[Finding]:
    """Only of what could be looked at: certificate_expiry tells of the others."""
    if not seen_of(certificates):
        yield from (unseen(item) for item in certificates if isinstance(item, Unseen))
    for item in seen_of(certificates):
        if item.self_signed:
            yield Finding(Severity.INFO, item.where, "the certificate of {subject} is self-signed", {"subject": item.subject})
        else:
            yield Finding(Severity.OK, item.where, "the certificate of {subject} was issued by {issuer}",
                          {"subject": item.subject, "issuer": item.issuer})


CERTIFICATE_SELF_SIGNED = Rule(
    id="certificate_self_signed",
    title="Certificates come from an authority",
    domain=Domain.PLATFORM,
    why="Users who learn to click a warning away will click away the one of an attack too.",
    fix="Where people or other systems connect, use a certificate of your own authority or a public one.",
    needs=("certificates.certificates",),
    evidence=EVIDENCE,
    impact=1,
    check=check_self_signed,
)

RULES = (CERTIFICATE_EXPIRY, CERTIFICATE_WEAK, CERTIFICATE_SELF_SIGNED)
