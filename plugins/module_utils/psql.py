# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask one PostgreSQL many things by one psql: read-only, with time limits, each answer a JSON text."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

MARK = "@@caretaker "
ROWS = 200              # of an answer at most
STATEMENT_SECONDS = 5
# Of the server, for the whole session: nothing is written, no lock is waited for, no plan takes several processes
OPTIONS = (
    "default_transaction_read_only=on", "statement_timeout=%ds" % STATEMENT_SECONDS, "lock_timeout=500ms",
    "idle_in_transaction_session_timeout=10s", "search_path=pg_catalog", "max_parallel_workers_per_gather=0",
    "client_min_messages=error",
)
OPENING = """\\set ON_ERROR_STOP off
\\pset pager off
SET application_name = 'caretaker';
SET jit = off;
"""
# SQLSTATE -> error of the capture
ERRORS = {"57014": "timeout", "55P03": "timeout"}


# All of its rows as one JSON text
AS_JSON = "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT * FROM (%s) q LIMIT %d) t;\n"


def statement(name, sql):
    """One question. Its answer is a JSON list of objects, and SQLSTATE says whether it is all of it."""
    question = AS_JSON % (sql.strip().rstrip(";"), ROWS)
    return "\\echo '%sbegin %s'\n%s\\echo '%send %s' :SQLSTATE :LAST_ERROR_MESSAGE\n" % (MARK, name, question, MARK, name)


def major(version):
    """15 of "15"; PostgreSQL 9.6 is asked as 10 is."""
    return int(version.partition(".")[0] or 0)


def questions(queries, version):
    """The script for those queries, (name, from version, before version, SQL), that this major version knows."""
    return "".join(statement(name, sql) for name, first, beyond, sql in queries if first <= version < (beyond or 10 ** 6))


def ask(host, item, script, timeout=None):
    """Run the script on an instance: first as its own account, then by what the inventory gives. The result of host.ask()."""
    environment = {"PGCONNECT_TIMEOUT": "5", "PGAPPNAME": "caretaker", "PGOPTIONS": " ".join("-c " + option for option in OPTIONS),
                   "PGCLIENTENCODING": "UTF8"}
    argv = [item["psql"] or "psql", "-X", "-A", "-t", "-q", "-w", "-p", item["instance"].partition("-")[0], "-d", "postgres"]
    if item["socket"]:
        argv.extend(["-h", item["socket"]])
    result = host.ask(argv, user=item["user"] or None, stdin=OPENING + script, environment=environment, timeout=timeout)
    credential = host.credential(item["instance"], "postgresql")
    if credential and (result.get("rc") == 2 or result.get("error") in ("denied", "failed")):
        if "user" in credential:
            argv.extend(["-U", credential["user"]])
        environment["PGPASSWORD"] = credential["password"]
        result = host.ask(argv, stdin=OPENING + script, environment=environment, timeout=timeout)
    return result


def why(stderr):
    """The line of psql's words that matters: psql: error: ... FATAL:  sorry, too many clients already"""
    lines = [line for line in stderr.strip().split("\n") if line]
    return next((line for line in lines if "FATAL" in line or "error:" in line), lines[0] if lines else "psql gave no reason")


def answers(text):
    """(name, JSON text, SQLSTATE, message) of each question that psql came to; SQLSTATE "" if it was cut off in it."""
    name, lines = None, []
    for line in text.split("\n"):
        if line.startswith(MARK + "begin "):
            name, lines = line[len(MARK) + 6:].strip(), []
        elif name is not None and line.startswith(MARK + "end " + name):
            words = line[len(MARK) + 4 + len(name):].strip().split(" ", 1)
            yield name, "\n".join(lines), words[0], words[1] if len(words) > 1 else ""
            name = None
        elif name is not None:
            lines.append(line)
    if name is not None:
        yield name, "\n".join(lines), "", "psql ended before it had the whole answer"


def record_answers(host, instance, result, transforms=None):
    """Record whether psql got through, and each answer; ``transforms``: {name: function of its rows} for what must not leave as it is.

    A name like 2/tables belongs to the second database that was looked at, and is recorded for the instance 5432/2.
    """
    if result.get("error") or result.get("rc") != 0:
        host.record("session", instance, error=result.get("error", "failed"), stderr=why(result.get("stderr", "")))
    else:
        host.record("session", instance, json.dumps({"seconds": result["seconds"]}))
    for name, answer, state, message in answers(result.get("text") or ""):
        place, _slash, short = name.rpartition("/")
        entry = "%s/%s" % (instance, place) if place else instance
        complete = answer.strip().startswith("[") and answer.strip().endswith("]")
        if not complete or state not in ("00000", ":SQLSTATE"):     # psql 10 does not know that variable
            host.record(short, entry, error=ERRORS.get(state, "failed"), stderr=" ".join((state, message)).strip() or "no answer")
            continue
        change = (transforms or {}).get(short)
        host.record(short, entry, json.dumps(change(json.loads(answer))) if change else answer)
