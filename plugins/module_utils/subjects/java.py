# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Java: each JVM's options, counters (from the file it keeps them in), memory and files, and the states of its threads.

The only thing that a JVM is asked is ``jcmd PID Thread.print``, by the jcmd of its own JDK, as its own account; of the answer just
numbers are kept. Never more: a heap dump or histogram would stop it for seconds.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re
import time

from ..host import as_user
from ..hsperf import counters
from ..process_files import age, instance_name, limit_of_files, memory_limit, open_files, text_of
from ..servers import running

MAX_JVMS = 24
MAX_ASKED = 8
ASK_SECONDS = 6
ALL_SECONDS = 20        # for the JVMs that do not answer, together
# The client itself: small, quick, without files of its own; it gives up, and clears up, before it would be killed
CLIENT = ["-J-XX:-UsePerfData", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-J-Xmx64m", "-J-Dsun.tools.attach.attachTimeout=3000"]
NO_ATTACH = ("-XX:+DisableAttachMechanism", "-Xrs", "-XX:+ReduceSignalUsage")
# Properties whose values are no secrets; of all others just the name is kept
PROPERTIES = re.compile(r"^-D(catalina\.(base|home)|java\.io\.tmpdir|com\.sun\.management\.jmxremote"
                        r"(\.(port|rmi\.port|authenticate|ssl|host|local\.only))?)(=|$)")
TAKES_A_WORD = ("-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules", "--add-opens", "--add-exports", "--add-reads")


def capture(host):
    host.file("/proc/meminfo")
    found, taken = [], set()
    started = time.time()
    for process in running(["java", "jsvc"], workers=False)[:MAX_JVMS]:
        options, main = safe_options(process["argv"])
        name = instance_name(name_of(options, main), dict(process, container=""), taken)
        found.append({"instance": name, "pid": process["pid"], "container": process["container"]})
        host.record("options", name, json.dumps({"options": options, "main": main}), kind="note")
        host.record("process", name, json.dumps(look(process)), kind="note")
        record_counters(host, name, process)
        if len(found) <= MAX_ASKED and time.time() - started < ALL_SECONDS:
            record_threads(host, name, process, options)
        else:
            host.record("threads", name, error="failed", stderr="only %d JVMs of a host are asked for their threads, within %d s" % (
                MAX_ASKED, ALL_SECONDS))
    host.note("java instances", json.dumps({"instances": found, "installed": False, "enabled": None}))


def safe_options(argv):
    """(options of the JVM without secrets, main class or jar): the program's own arguments stay here."""
    options = []
    words = iter(argv[1:])
    for word in words:
        if word in TAKES_A_WORD:
            next(words, None)
        elif word == "-jar":
            return options, os.path.basename(next(words, ""))
        elif word in ("-m", "--module"):
            return options, next(words, "").rpartition("/")[2]
        elif not word.startswith(("-", "@")):
            return options, word
        elif word.startswith("-"):
            options.append(without_secrets(word))
    return options, ""


def without_secrets(word):
    """An option as it may be told: properties, agents and commands by their names only."""
    if word.startswith("-XX:On") or (word.startswith("-D") and not PROPERTIES.match(word)):
        return word.partition("=")[0]
    if word.startswith(("-javaagent", "-agentlib", "-agentpath")) and not word.startswith("-agentlib:jdwp"):
        return word.partition(":")[0]
    return word if word.startswith(("-X", "-D", "-agentlib:jdwp")) else word.partition("=")[0]


def name_of(options, main):
    """Tomcat's base folder, else the jar without its version, else the main class without its package."""
    base = next((word.partition("=")[2] for word in options if word.startswith("-Dcatalina.base=")), "")
    if base:
        return os.path.basename(base.rstrip("/")) or "tomcat"
    if main.endswith(".jar"):
        return re.sub(r"[-_.]v?\d.*$", "", main[:-4]) or main
    return main.rpartition(".")[2] or "java"


def look(process):
    pid = process["pid"]
    opened = open_files(pid) or {}
    status = dict(line.split(":\t", 1) for line in text_of("/proc/%d/status" % pid).splitlines() if ":\t" in line)
    return {"exe": process["exe"], "user": process["user"], "seconds": age(pid), "files": opened.get("files"),
            "files_limit": limit_of_files(pid), "resident_kib": int(status.get("VmRSS", "0 kB").split()[0]),
            "memory_limit": memory_limit(pid), "dumps": dumps(pid)}


def dumps(pid):
    """What a crash leaves in the working directory: [[name, bytes, seconds ago]], or None where it can't be seen."""
    folder = "/proc/%d/cwd/" % pid
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    found = []
    for name in sorted(name for name in names if re.match(r"(hs_err_pid\d+\.log|.*\.hprof|core(\.\d+)?|javacore.*\.txt)$", name))[:20]:
        try:
            status = os.stat(folder + name)
        except OSError:
            continue
        found.append([name, status.st_size, round(time.time() - status.st_mtime)])
    return found


def record_counters(host, name, process):
    """From the file below the JVM's own root, which may be a container's; its pid there is the last of NSpid."""
    pid = process["pid"]
    inner = re.search(r"(?m)^NSpid:.*?(\d+)$", text_of("/proc/%d/status" % pid))
    paths = host.glob("/proc/%d/root/tmp/hsperfdata_*/%s" % (pid, inner.group(1) if inner else pid))
    if not paths:
        seen = os.access("/proc/%d/root/" % pid, os.R_OK)
        host.record("counters", name, error="failed", stderr="the JVM keeps no performance data (-XX:-UsePerfData, or not HotSpot)"
                    if seen else "needs root, or to run as %s" % (process["user"] or process["uid"]))
        return
    try:
        with open(paths[0], "rb") as stream:
            found = counters(stream.read(1048576))
    except (OSError, IOError, ValueError) as error:
        host.record("counters", name, error="failed", stderr=str(error))
        return
    host.record("counters", name, json.dumps(found, sort_keys=True))


def record_threads(host, name, process, options):
    problem = reason_not_to_ask(host, process, options)
    jcmd = None if problem else tool_of(process["exe"])
    if problem is None and jcmd is None:
        problem = "there is no jcmd beside %s; install the JDK of the same version (such as openjdk-17-jdk-headless)" % process["exe"]
    if problem:
        host.record("threads", name, error="failed", stderr=problem)
        return
    # They meet in /tmp: a service with a /tmp of its own (PrivateTmp) is asked from within its view of the files
    inside = ["nsenter", "--target", str(process["pid"]), "--mount", "--"] if apart(process) else []
    argv = inside + as_user(process["user"], host.is_root) + [jcmd] + CLIENT + [str(process["pid"]), "Thread.print"]
    answer = host.ask(argv, timeout=ASK_SECONDS)
    if "error" in answer or answer["rc"] != 0:
        said = (answer["stderr"] or answer.get("text") or "").strip().splitlines()
        host.record("threads", name, error=answer.get("error", "failed"), stderr=said[-1][:200] if said else "jcmd said nothing")
        return
    host.record("threads", name, json.dumps(count_threads(answer["text"]), sort_keys=True))


def apart(process):
    """Whether the process sees other files than we do."""
    return os.readlink("/proc/%d/ns/mnt" % process["pid"]) != os.readlink("/proc/self/ns/mnt")


def reason_not_to_ask(host, process, options):
    """To ask, a signal is sent (SIGQUIT), which ends a JVM that does not wait for it, and fills the log of one that we do not meet."""
    if process["container"]:
        return "it runs in a container (%s); its threads can't be asked for from outside" % process["container"]
    if process["user"] == "" or not (host.is_root or process["uid"] == os.geteuid()):
        return "needs root, or to run as %s" % (process["user"] or process["uid"])
    if apart(process) and not host.is_root:
        return "it has a /tmp of its own; needs root"
    if os.readlink("/proc/%d/root" % process["pid"]) != "/":
        return "it runs in a root folder of its own"
    if any(word in options for word in NO_ATTACH):
        return "it was started with an option that forbids to ask it (%s)" % ", ".join(NO_ATTACH)
    status = text_of("/proc/%d/status" % process["pid"])
    if re.search(r"(?m)^State:\s+[TtZX]", status):
        return "it was stopped, and does not run on"
    caught = re.search(r"(?m)^SigCgt:\s*([0-9a-f]+)$", status)
    if caught is None or not int(caught.group(1), 16) & 1 << 2:
        return "it does not wait for the signal by which it would be asked (SIGQUIT)"
    return None


def tool_of(exe):
    """The jcmd of the same JDK; the java of a JDK 8 lies in its jre/bin."""
    folder = os.path.dirname(exe)
    for path in (folder + "/jcmd", os.path.dirname(os.path.dirname(folder)) + "/bin/jcmd"):
        if os.access(path, os.X_OK):
            return path
    return None


def count_threads(text):
    """Numbers of a thread dump. A pool's thread that waits in its queue is idle, any other is busy.

    "http-nio-8080-exec-3" #31 daemon prio=5 os_prio=0 cpu=1.07ms elapsed=8.02s tid=0x... nid=0x1d waiting on condition  [0x...]
       java.lang.Thread.State: WAITING (parking)
            at org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:146)
    """
    states, pools = {}, {}
    blocks = re.split(r"\n(?=\")", text)
    for block in blocks[1:]:
        state = re.search(r"java\.lang\.Thread\.State: (\w+)", block)
        if state is None:
            continue                    # a thread of the JVM itself
        states[state.group(1)] = states.get(state.group(1), 0) + 1
        pool = re.match(r'"(.+)-exec-\d+"', block)
        if pool is not None:
            counts = pools.setdefault(pool.group(1), {"threads": 0, "busy": 0})
            counts["threads"] += 1
            counts["busy"] += "TaskQueue." not in block and "LinkedBlockingQueue." not in block
    found = re.search(r"Found (\d+) deadlock", text)
    return {"states": states, "pools": pools, "deadlocks": int(found.group(1)) if found else text.count("Java-level deadlock:"),
            "complete": "JNI global ref" in text}
