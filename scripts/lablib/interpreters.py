# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python interpreters beside the hosts' own: Debian's of other releases, and those of this machine's pyenv.

A Debian interpreter is unpacked with all the libraries it needs, the C library too, and told to use only those; so it runs on
any release, and what it starts is unaffected.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from .image import KEYRING
from .state import HOME, locked
from .system import LabError, install_missing, run, say

# Which release has it; 3.6, 3.8 and 3.12 are in none that the mirrors still carry
DEBIAN = {"2.7": "bullseye", "3.9": "bullseye", "3.13": "trixie"}
FOLDER = HOME / "pythons"
MIRROR = "http://deb.debian.org/debian"
PROGRAMS = {"patchelf": "patchelf", "dpkg-deb": "dpkg"}


def ready() -> dict[str, Path]:
    """{series: folder}, such as {"3.13": Path(".../trixie-3.13")}, whose program is bin/python; Debian's are fetched where missing."""
    found = pyenv()
    for series, suite in DEBIAN.items():
        try:
            found[series] = _debian(series, suite)
        except LabError as error:
            if series not in found:
                raise
            say(f"Python {series} is pyenv's, for Debian's can't be had: {error}")
    return found


def pyenv() -> dict[str, Path]:
    """What this machine's pyenv has installed, the newest of each series; nothing without pyenv."""
    if shutil.which("pyenv") is None:
        return {}
    return newest(sorted(Path(run("pyenv", "root").strip(), "versions").glob("*")))


def newest(folders: list[Path]) -> dict[str, Path]:
    """{series: folder} of those named by a version: ``3.8.18`` for 3.8; other names (``pypy3.9-7.3.9``, ``3.14-dev``) are left out."""
    versions = {tuple(map(int, path.name.split("."))): path for path in folders if re.fullmatch(r"\d+\.\d+\.\d+", path.name)}
    return {f"{version[0]}.{version[1]}": versions[version] for version in sorted(versions)}


def _debian(series: str, suite: str) -> Path:
    tree = FOLDER / f"{suite}-{series}"
    with locked("pythons"):
        if not tree.is_dir():
            install_missing(PROGRAMS if KEYRING.exists() else {**PROGRAMS, str(KEYRING): "debian-archive-keyring"})
            say(f"Fetching Python {series} of Debian {suite} once (20 s) ...")
            FOLDER.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=FOLDER) as temporary:
                part = Path(temporary)
                part.chmod(0o755)               # apt fetches as a user of its own
                _unpack(f"python{series}", suite, part)
                _use_own_libraries(part / "tree", tree, series)
                (part / "tree").rename(tree)
    return tree


def _unpack(package: str, suite: str, folder: Path) -> None:
    """Unpack a package and all it depends on to folder/tree, as if nothing were installed; apt checks Debian's signature."""
    for name in ("lists/partial", "cache/archives/partial", "tree"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    mirror = os.environ.get("CARETAKER_LAB_MIRROR") or MIRROR
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n")
    places = {
        "Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": folder / "lists", "Dir::State::status": folder / "status", "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
    }
    apt = ("apt-get", "-qq", *(word for name, value in places.items() for word in ("-o", f"{name}={value}")))
    run(*apt, "update")
    run(*apt, "install", "--download-only", "--no-install-recommends", package)
    for archive in sorted((folder / "cache/archives").glob("*.deb")):
        run("dpkg-deb", "--extract", str(archive), str(folder / "tree"))


def _use_own_libraries(part: Path, tree: Path, series: str) -> None:
    """Have the interpreter below ``part`` look for its loader and libraries below ``tree``, where it is going to lie."""
    def final(path: Path) -> str:
        return str(tree / path.relative_to(part))

    program = part / f"usr/bin/python{series}"
    folders = sorted({path.parent for path in part.glob("**/*-linux-gnu*/lib*.so.*")})
    loader = next(part.glob("**/*-linux-gnu*/ld-*.so*"))
    # RPATH (not RUNPATH) counts for the libraries of libraries too
    run("patchelf", "--set-interpreter", final(loader), "--force-rpath", "--set-rpath", ":".join(map(final, folders)), str(program))
    (part / "bin").mkdir(exist_ok=True)
    (part / "bin/python").symlink_to(f"../usr/bin/{program.name}")
