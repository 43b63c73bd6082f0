# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlays over an image, and their removal."""

from __future__ import annotations

from pathlib import Path

from .system import run


def overlay(image: Path, folder: Path) -> Path:
    """Mount folder/upper over the image at folder/root."""
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o755)
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={image},upperdir={folder}/upper,workdir={folder}/work", f"{folder}/root")
    return folder / "root"


def remove_below(folder: Path) -> None:
    """Unmount everything at or below the folder, the last mounted first."""
    for target in reversed(_targets()):
        if target == folder or folder in target.parents:
            run("umount", "--lazy", str(target))


def _targets() -> list[Path]:
    """Mount points in the order they were mounted; the kernel writes a blank in a path as ``\\040``."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(line.split(" ")[4].encode().decode("unicode_escape")) for line in lines]
