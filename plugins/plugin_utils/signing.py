# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures by SSH keys, as OpenSSH makes and checks them (``ssh-keygen -Y``, since OpenSSH 8.2)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

SECONDS = 60                            # somebody may have to type a passphrase or touch a token


class BadSignature(Exception):
    """A signature that can't be made or is not right; the text says why."""


def make_key(path: Path, comment: str) -> None:
    """A new Ed25519 key without a passphrase at ``path`` (mode 0600), and its public half at ``path``.pub. Raises BadSignature."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _run(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], b"", f"no key can be made at {path}")


def sign(key: Path, namespace: str, data: bytes) -> str:
    """The armoured signature; ``key`` is a private key, or a public one whose private half an agent holds. Raises BadSignature."""
    return _run(["-q", "-Y", "sign", "-f", str(key), "-n", namespace], data, f"{key} can't sign").decode("ascii")


def check(signers: str, identity: str, namespace: str, signature: str, data: bytes) -> None:
    """Raise BadSignature unless ``identity`` signed the data with a key that ``signers`` (allowed_signers lines) gives it."""
    with tempfile.TemporaryDirectory() as folder:
        allowed, signed = Path(folder, "allowed"), Path(folder, "signature")
        allowed.write_text(signers)
        signed.write_text(signature)
        _run(["-q", "-Y", "verify", "-f", str(allowed), "-I", identity, "-n", namespace, "-s", str(signed)], data,
             f"the signature of {identity} is not valid")


def _run(words: list[str], data: bytes, problem: str) -> bytes:
    try:
        done = subprocess.run(["ssh-keygen", *words], input=data, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadSignature(f"{problem}: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise BadSignature(f"{problem}: {said[-1] if said else 'ssh-keygen says no word'}")
    return done.stdout
