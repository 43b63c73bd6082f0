# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test keeps its caches below the home folder and hides pip's environment variables from pip, so it gets a home
of its own inside the virtual environment, with pip's settings written out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = Path(sys.prefix) / "ansible-test"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

# Instead of the installer that ansible-test would download: the pip that every Python brings, then the version asked
# for. The name is that of ansible-test's cache for the pip version it wants.
GET_PIP = HOME / ".ansible" / "test" / "cache" / "get_pip_24_2.py"
GET_PIP_TEXT = """\
import subprocess
import sys

if __name__ == "__main__":
    wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
    subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
    subprocess.check_call([sys.executable, "-m", "pip", "install"] + wanted)
"""


def pip_settings() -> str:
    """All of pip's settings, from wherever they come, as one pip.conf."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True,
    )
    # :env:.index-url='https://...'   or   global.index-url='https://...'
    settings = {}
    for line in sorted(listing.stdout.splitlines(), reverse=True):        # ":env:", sorted last, wins
        name, value = line.split("=", 1)
        settings[name.rpartition(".")[2]] = value.strip("'\"").replace("\\n", "\n ")
    if proxy := os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        settings["proxy"] = proxy
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())


def install_libraries(check: Callable[..., str]) -> None:
    """Give the environment in which ansible-test imports plugins the libraries that they run with."""
    libraries = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    without_ansible = [line for line in libraries if not line.startswith("ansible-core")]
    found = list(HOME.glob(".ansible/test/venv/sanity.import.plugin/*/*/bin/python"))
    assert found, "ansible-test keeps its environment for importing plugins elsewhere now"
    for python in found:
        check("pip", "--python", python, "install", "--quiet", *without_ansible)
        # Where listing the machine's fonts takes matplotlib over 5 s it says so, and any output of an import is a finding.
        check(str(python), "-c", "from matplotlib import font_manager", env={"HOME": str(HOME)})


def test_sanity(check: Callable[..., str], collection: Path) -> None:
    """Judges what the collection ships (galaxy.yml), without ignore files."""
    GET_PIP.parent.mkdir(parents=True, exist_ok=True)
    GET_PIP.write_text(GET_PIP_TEXT)
    pip_conf = HOME / ".config" / "pip" / "pip.conf"
    pip_conf.parent.mkdir(parents=True, exist_ok=True)
    pip_conf.write_text(pip_settings())
    pip_conf.chmod(0o600)                                                  # an index URL may hold a password
    check("shellcheck", "--version")                                       # ansible-test would only warn
    sanity = ("ansible-test", "sanity", "--local", "--python", PYTHON, "--color", "no")
    env = {"HOME": str(HOME)}
    check(*sanity, "--test", "import", "--prime-venvs", cwd=collection, env=env)
    install_libraries(check)
    check(*sanity, cwd=collection, env=env)
