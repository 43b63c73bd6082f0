# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cached root file systems that hosts are laid over. They are never written to once they are complete."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from .recipe import RECIPES, SUITE
from .state import HOME, locked
from .system import install_missing, run, say

# Distributions other than Debian lack the keys; the folder of scripts stands for the program there
NEEDED = {"debootstrap": "debootstrap"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def ready(kind: str) -> Path:
    """The folder of the image for a kind of host; made first where it is missing (1 to 5 minutes)."""
    key = hashlib.sha256(repr((SUITE, RECIPES[kind])).encode()).hexdigest()[:12]
    image = HOME / "images" / f"{kind}-{key}"
    with locked(f"image-{kind}"):
        if not image.is_dir():
            _build(kind, image)
            _remove_old(kind, image)
    return image


def _build(kind: str, image: Path) -> None:
    packages, files, setup = RECIPES[kind]
    install_missing(NEEDED if KEYRING.exists() else {**NEEDED, str(KEYRING): "debian-archive-keyring"})
    part = image.with_name(image.name + ".part")
    if part.exists():                                   # an interrupted build
        shutil.rmtree(part)
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    cache = HOME / "packages"
    cache.mkdir(exist_ok=True)
    log = f"{image}.log"
    say(f"Making the {kind} image once (1 to 5 minutes; {log} tells how far it is) ...")
    mirror = os.environ.get("CARETAKER_LAB_MIRROR")
    run("debootstrap", "--variant=minbase", f"--include={','.join(packages)}", f"--cache-dir={cache}", f"--keyring={KEYRING}",
        SUITE, str(part), *([mirror] if mirror else []), log=log)
    for name, text in files.items():
        path = part / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run("chroot", str(part), "sh", "-c", setup, log=log)
    part.rename(image)


def _remove_old(kind: str, image: Path) -> None:
    """Remove the images of earlier recipes, unless a host is laid over one."""
    mounted = Path("/proc/self/mountinfo").read_text()
    for old in (HOME / "images").glob(f"{kind}-*"):
        if not old.name.startswith(image.name) and str(old) not in mounted:
            if old.is_dir():
                shutil.rmtree(old)
            else:
                old.unlink()
