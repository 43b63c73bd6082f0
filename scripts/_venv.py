# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the calling script in the project's own virtual environment; make that first where it is missing or out of date.

Every script begins with ``from _venv import enter`` and ``enter()``. Standard library only, and no syntax newer than
Python 3.6, so that an old interpreter gets a clear message (or finds a newer one) instead of a SyntaxError.
"""

import fcntl
import hashlib
import importlib.util
import json
import locale
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.path.abspath(os.environ.get("CARETAKER_VENV") or str(ROOT / ".venv")))
# What is installed, written last: {"place":, "python":, "requirements.txt": its sha256, ...}. No mark: begin again.
MARK = VENV / "caretaker.json"
RUNTIME = ("requirements.txt",)
DEVELOPMENT = ("requirements.txt", "requirements-dev.txt")
OLDEST = (3, 11)
# ansible-core of requirements.txt runs on these
NEWER_PYTHONS = ("python3.13", "python3.12", "python3.11")


def enter(development=False):
    """Return inside the virtual environment, with the variables that Ansible needs set; may replace the process."""
    try:
        wanted = _wanted(DEVELOPMENT if development else RUNTIME)
        if sys.version_info < OLDEST:
            _run_again(_newer_python())
        if not _is_ready(wanted):
            with _only_one():
                if not _is_ready(wanted):        # another run may have made it while this one waited
                    _install(wanted)
    except OSError as error:
        sys.exit(f"{error.filename or VENV}: {error.strerror}\nThe virtual environment {VENV} can't be made there. "
                 "Set CARETAKER_VENV to a folder that you may write.")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next run begins again.")
    if Path(sys.prefix).resolve() != VENV.resolve():
        _run_again(str(VENV / "bin" / "python"))
    _link_collection()
    _set_environment()


def _wanted(names):
    return {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in names}


def _mark():
    try:
        return json.loads(MARK.read_text())
    except (OSError, ValueError):
        return {}


def _whereabouts():
    """Changes of these make an environment useless: its scripts hold its path, its libraries fit one interpreter."""
    return {"place": str(VENV), "python": os.path.realpath(str(VENV / "bin" / "python"))}


def _is_sound(mark):
    return _has(mark, _whereabouts()) and os.path.exists(mark["python"])


def _is_ready(wanted):
    mark = _mark()
    return _is_sound(mark) and _has(mark, wanted)


def _has(mark, wanted):
    return all(mark.get(name) == value for name, value in wanted.items())


def _newer_python():
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        # A version manager may put a name on PATH that it refuses to run
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    sys.exit("Caretaker needs Python {}.{} or newer on this machine; {} is {}.{}, and none of {} is on PATH.".format(
        OLDEST[0], OLDEST[1], sys.executable, sys.version_info[0], sys.version_info[1], ", ".join(NEWER_PYTHONS)))


def _run_again(python):
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(python, [python, os.path.abspath(sys.argv[0])] + sys.argv[1:])


@contextmanager
def _only_one():
    """Hold the lock beside the environment, so that of two first runs one installs and the other waits."""
    VENV.parent.mkdir(parents=True, exist_ok=True)
    with open(str(VENV) + ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"Waiting for another run that is installing into {VENV} ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(wanted):
    """Make the environment, or bring it up to date in place; mark it last, so that an interrupted one is made anew."""
    mark = _mark()
    sound = _is_sound(mark)
    if MARK.exists():
        MARK.unlink()
    if not sound:
        _say(f"Making the virtual environment {VENV} ...")
        _make_environment()
    names = [name for name in DEVELOPMENT if name in wanted or (sound and name in mark)]
    _say("Installing {} ...".format(" and ".join(names)))
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for name in names:
        command += ["-r", str(ROOT / name)]
    if subprocess.call(command) != 0:
        sys.exit("pip could not install {} (its message is above). It needs the package index: check the network, the "
                 "proxy (HTTPS_PROXY) or the mirror (PIP_INDEX_URL), then run this again.".format(" and ".join(names)))
    part = MARK.with_suffix(".part")
    part.write_text(json.dumps(dict(_wanted(names), **_whereabouts()), indent=1) + "\n")
    part.replace(MARK)


def _make_environment():
    if VENV.is_symlink():           # making it anew would empty another checkout's environment through the link
        sys.exit(f"{VENV} is a link to {os.path.realpath(str(VENV))}, which was made for another place. Remove the link; this run makes "
                 "an environment of its own then.")
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        _install_venv_package()
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)]) != 0:
        sys.exit(f"{sys.executable} -m venv {VENV} failed (its message is above).")


def _install_venv_package():
    """Debian and Ubuntu ship Python without venv and pip."""
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"{sys.executable} lacks the modules venv and ensurepip. "
                 f"On Debian and Ubuntu: apt-get install {package}")
    _say(f"Installing the Debian package {package} ...")
    quiet = dict(stdout=subprocess.DEVNULL, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    subprocess.call(["apt-get", "update", "-qq"], **quiet)
    if subprocess.call(["apt-get", "install", "-qq", "--no-install-recommends", package], **quiet) != 0:
        sys.exit(f"apt-get could not install {package} (its message is above); Caretaker's environment needs it.")


def _link_collection():
    """Ansible finds the checkout as caretaker.infra below <environment>/collections."""
    link = VENV / "collections" / "ansible_collections" / "caretaker" / "infra"
    if link.is_symlink() and os.readlink(str(link)) == str(ROOT):
        return
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        part = link.with_name(f"infra.{os.getpid()}")
        part.symlink_to(ROOT)
        part.replace(link)
    except OSError as error:
        sys.exit(f"{link}: {error.strerror}. The collection can't be linked there. "
                 "Set CARETAKER_VENV to a folder that you may write.")


def _set_environment():
    os.environ["PATH"] = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    os.environ["VIRTUAL_ENV"] = str(VENV)
    os.environ.setdefault("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg"))
    others = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or "~/.ansible/collections:/usr/share/ansible/collections"
    mine = str(VENV / "collections")
    if mine not in others.split(":"):
        os.environ["ANSIBLE_COLLECTIONS_PATH"] = mine + ":" + others
    if not _is_utf8():
        os.environ["LC_ALL"] = "C.UTF-8"


def _is_utf8():
    """Ansible refuses any other locale, and one that SSH brought along but is not installed here."""
    try:
        locale.setlocale(locale.LC_ALL, "")
        return locale.getlocale()[1] == "UTF-8"
    except (locale.Error, ValueError):
        return False


def _say(text):
    print(text, file=sys.stderr, flush=True)
