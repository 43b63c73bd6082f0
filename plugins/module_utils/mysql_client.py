# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a MySQL, MariaDB or Percona server, and how one client's output is divided into the answers.

All is read-only, gives up within seconds, and waits for nobody's lock. Nothing of the business leaves: no rows of its tables, no
values in SQL texts, no passwords or their hashes.
"""

# ruff: noqa: S608 - the queries are built from constants only

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from .sql_text import normalised, unquoted

# Each server knows one of the two time limits, and refuses the other; so --force and the errors of these lines don't count.
SESSION = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION sql_mode = ''",
    "SET SESSION time_zone = 'SYSTEM'",             # that of information_schema.innodb_trx
    "SET SESSION lock_wait_timeout = 2",
    "SET SESSION group_concat_max_len = 65536",
    "SET SESSION max_execution_time = 5000",        # MySQL, ms
    "SET SESSION max_statement_time = 5",           # MariaDB, s
)
SYSTEM = "('mysql', 'sys', 'information_schema', 'performance_schema')"
# Variables that may hold a secret, SQL, or lines without end
UNASKED = ("('init_connect', 'init_slave', 'init_replica', 'init_file', 'report_password', 'wsrep_sst_auth', 'wsrep_provider_options', "
           "'ft_boolean_syntax', 'optimizer_switch')")
# performance_schema.variables_info shows them as this session has them
OURS = ("('sql_mode', 'time_zone', 'lock_wait_timeout', 'group_concat_max_len', 'max_execution_time', 'transaction_read_only', "
        "'foreign_key_checks', 'autocommit', 'character_set_client', 'character_set_connection', 'character_set_results', "
        "'collation_connection')")
MAX_TABLES = 5000

# {answer: the ways to get it, the newest first}; the first that the server takes is the answer
QUERIES = (
    ("status", ("SHOW GLOBAL STATUS WHERE LEFT(Variable_name, 4) <> 'Com_' AND Variable_name NOT LIKE '%public_key' "
                "AND LEFT(Variable_name, 7) NOT IN ('rocksdb', 'Tokudb_')",)),
    ("variables", ("SHOW GLOBAL VARIABLES WHERE Variable_name NOT IN " + UNASKED,)),
    ("replicas", ("SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS")),
    ("innodb", ("SHOW ENGINE INNODB STATUS",)),
    ("processes", tuple(
        "SELECT user, command, state, COUNT(*) AS sessions, MAX(time) AS longest_seconds FROM %s.processlist "
        "WHERE id <> CONNECTION_ID() GROUP BY user, command, state ORDER BY longest_seconds DESC LIMIT 300" % schema
        for schema in ("performance_schema", "information_schema"))),
    ("transactions", (
        "SELECT t.trx_mysql_thread_id AS thread, t.trx_state AS state, TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS open_seconds, "
        "TIMESTAMPDIFF(SECOND, t.trx_wait_started, NOW()) AS waiting_seconds, t.trx_rows_modified AS modified, p.user, p.command "
        "FROM information_schema.innodb_trx t LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id "
        "ORDER BY t.trx_started LIMIT 200",)),
    ("metrics", ("SELECT name, count FROM information_schema.innodb_metrics WHERE name IN ('lock_deadlocks', 'trx_rseg_history_len')",)),
    ("accounts", (
        "SELECT g.user AS user, g.host AS host, COALESCE(JSON_VALUE(g.priv, '$.plugin'), '') AS plugin, "
        "COALESCE(JSON_VALUE(g.priv, '$.authentication_string'), '') <> '' AS protected, "
        "COALESCE(JSON_VALUE(g.priv, '$.account_locked'), '0') IN ('1', 'true') AS locked, "
        "JSON_VALUE(g.priv, '$.access') & 32768 <> 0 AS super, COALESCE(JSON_VALUE(g.priv, '$.is_role'), '0') IN ('1', 'true') AS is_role, "
        "COALESCE(JSON_VALUE(g.priv, '$.ssl_type'), '0') AS ssl_type, "
        "COALESCE(JSON_EXTRACT(g.priv, '$.auth_or[*].plugin'), '') AS other_plugins FROM mysql.global_priv g",
        "SELECT user, host, plugin, authentication_string <> '' AS protected, account_locked = 'Y' AS locked, super_priv = 'Y' AS super, "
        "0 AS is_role, ssl_type, '' AS other_plugins FROM mysql.user",
        "SELECT user, host, plugin, CONCAT(password, authentication_string) <> '' AS protected, 0 AS locked, super_priv = 'Y' AS super, "
        "is_role = 'Y' AS is_role, ssl_type, '' AS other_plugins FROM mysql.user")),
    ("grants", ("SHOW GRANTS",)),
    ("open_schemas", ("SELECT db, host FROM mysql.db WHERE user = ''",)),
    ("tables", (
        "SELECT table_schema AS db, table_name AS name, engine, data_length + index_length AS size, data_free AS free, "
        "auto_increment AS next FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
        "AND table_schema NOT IN %s ORDER BY size DESC LIMIT %d" % (SYSTEM, MAX_TABLES),)),
    ("numbered", (
        "SELECT table_schema AS db, table_name AS name, column_name AS col, column_type AS type FROM information_schema.columns "
        "WHERE extra LIKE '%%auto_increment%%' AND table_schema NOT IN %s LIMIT %d" % (SYSTEM, MAX_TABLES),)),
    ("keyless", tuple(
        "SELECT t.name FROM information_schema.%s i JOIN information_schema.%s t ON t.table_id = i.table_id "
        "WHERE i.name = 'GEN_CLUST_INDEX' LIMIT 1000" % names
        for names in (("innodb_indexes", "innodb_tables"), ("innodb_sys_indexes", "innodb_sys_tables")))),
    # sys.schema_redundant_indexes tells the same, but takes 19 s for 2,000 tables
    ("indexes", (
        "SELECT table_schema AS db, table_name AS name, index_name AS idx, MAX(non_unique) AS repeats, GROUP_CONCAT(CONCAT(COALESCE("
        "column_name, '?'), IF(sub_part IS NULL, '', CONCAT('(', sub_part, ')'))) ORDER BY seq_in_index) AS cols "
        "FROM information_schema.statistics WHERE table_schema NOT IN %s AND index_type = 'BTREE' "
        "GROUP BY table_schema, table_name, index_name LIMIT %d" % (SYSTEM, 4 * MAX_TABLES),)),
    ("unused", ("SELECT object_schema AS db, object_name AS name, index_name AS idx FROM sys.schema_unused_indexes "
                "WHERE object_schema NOT IN %s LIMIT 300" % SYSTEM,)),
    # All of performance_schema is empty where it is off
    ("statements", (
        "SELECT COALESCE(s.schema_name, '') AS db, s.digest AS query_id, s.count_star AS calls, s.sum_timer_wait / 1e12 AS seconds, "
        "s.sum_timer_wait / a.total AS share, LEFT(s.digest_text, 2000) AS query "
        "FROM performance_schema.events_statements_summary_by_digest s, (SELECT SUM(sum_timer_wait) AS total "
        "FROM performance_schema.events_statements_summary_by_digest) a "
        "WHERE s.digest_text IS NOT NULL AND a.total > 0 ORDER BY s.sum_timer_wait DESC LIMIT 10",)),
    ("table_waits", (
        "SELECT object_schema AS db, object_name AS name, sum_timer_wait / 1e12 AS seconds "
        "FROM performance_schema.table_io_waits_summary_by_table WHERE object_type = 'TABLE' AND sum_timer_wait > 0 "
        "AND object_schema NOT IN %s ORDER BY sum_timer_wait DESC LIMIT 5" % SYSTEM,)),
    ("events", ("SELECT status, COUNT(*) AS events FROM information_schema.events GROUP BY status",)),
    ("changed", (
        "SELECT LOWER(variable_name) AS name FROM information_schema.system_variables WHERE global_value_origin = 'SQL'",
        "SELECT i.variable_name AS name FROM performance_schema.variables_info i LEFT JOIN performance_schema.persisted_variables p "
        "ON p.variable_name = i.variable_name WHERE i.variable_source = 'DYNAMIC' AND p.variable_name IS NULL "
        "AND i.variable_name NOT IN " + OURS,
        "SELECT variable_name AS name FROM performance_schema.variables_info WHERE variable_source = 'DYNAMIC' "
        "AND variable_name NOT IN " + OURS)),
    # Since MariaDB 10.5 (before without files) and MySQL 8.0
    ("origins", (
        "SELECT LOWER(variable_name) AS name, global_value_origin AS origin, COALESCE(global_value_path, '') AS path "
        "FROM information_schema.system_variables WHERE global_value_origin <> 'COMPILE-TIME'",
        "SELECT LOWER(variable_name) AS name, global_value_origin AS origin, '' AS path "
        "FROM information_schema.system_variables WHERE global_value_origin <> 'COMPILE-TIME'",
        "SELECT variable_name AS name, variable_source AS origin, COALESCE(variable_path, '') AS path "
        "FROM performance_schema.variables_info WHERE variable_source <> 'COMPILED' AND variable_name NOT IN " + OURS)),
    ("backups", tuple(
        "SELECT '%s' AS tool, TIMESTAMPDIFF(SECOND, MAX(end_time), NOW()) AS age_seconds FROM %s" % names
        for names in (("mariadb-backup", "mysql.mariadb_backup_history"), ("xtrabackup", "PERCONA_SCHEMA.xtrabackup_history"),
                      ("mysqlbackup", "mysql.backup_history")))),
)
# ERROR 1146 (42S02) at line 12: Table 'sys.x' doesn't exist
ERROR = re.compile(r"(?m)^ERROR (\d+)(?: \(\w+\))?(?: at line (\d+))?: (.*)$")
DENIED = frozenset((1044, 1045, 1142, 1143, 1227, 1290, 1370, 1698, 1449, 1356))
# An unknown table, column, variable or statement: what this version does not have
UNKNOWN = frozenset((1049, 1051, 1054, 1064, 1065, 1109, 1146, 1193, 1286, 1305))
LATE = frozenset((1205, 1317, 1969, 3024))


def script(token):
    """The SQL for one client, and {line number: (answer, way)} for its errors; each way is preceded by a row with the token."""
    lines = list(SESSION)
    places = {}
    for name, ways in QUERIES:
        for number, query in enumerate(ways):
            lines.append("SELECT '%s %s %d'" % (token, name, number))
            lines.append(query)
            places[len(lines)] = (name, number)
    lines.append("SELECT '%s end 0'" % token)
    return "".join(line + ";\n" for line in lines), places


def divide(output, errors, token, places):
    """{answer: {"text"} or {"error", "stderr"}} from what the client printed; an answer that was cut short is not one.

    The text of an answer is a line of names and the rows, tab-separated, and a last line "-- 12 rows" that shows it whole.
    """
    failed = {}
    for code, line, message in ERROR.findall(errors):
        if line and int(line) in places:
            failed[places[int(line)]] = (int(code), message)
    pieces = {}
    order = []
    for piece in output.split(token + " ")[1:]:
        head, _newline, rows = piece.partition("\n")
        name, number = head.split(" ", 1)
        # The client shows the token as the column's name and again as the row: the answer follows the second
        if (name, int(number)) in pieces or name == "end":
            order.append((name, int(number)))
        pieces[(name, int(number))] = rows
    answers = {}
    for name, ways in QUERIES:
        tried = [(name, number) for number in range(len(ways))]
        whole = [way for way in tried if way not in failed and way in order[:-1]]
        if whole:
            answers[name] = {"text": _with_count(PREPARE.get(name, same)(pieces[whole[0]]))}
        elif all(way in failed for way in tried):
            answers[name] = _refusal([failed[way] for way in tried])
        else:
            answers[name] = {"error": "timeout", "stderr": "the client was cut off before it had answered all"}
    return answers


def _refusal(errors):
    """The error that tells most: what was denied or failed rather than what another version would know."""
    code, message = next((error for error in errors if error[0] not in UNKNOWN), errors[-1])
    kind = "denied" if code in DENIED else "not_found" if code in UNKNOWN else "timeout" if code in LATE else "failed"
    return {"error": kind, "stderr": "%d: %s" % (code, message[:300])}


def _with_count(rows):
    return rows + "-- %d rows\n" % max(0, rows.count("\n") - 1)


def same(rows):
    return rows


def without_statements(rows):
    """The rows of a replica's state without the SQL and values that its last error may quote."""
    return "".join("\t".join(unquoted(field) for field in line.split("\t")) + "\n" for line in rows.splitlines())


# The lines that say how InnoDB is; the rest of them hold statements and rows
INNODB = re.compile(r"^(?:=+|END OF INNODB MONITOR OUTPUT|LATEST DETECTED DEADLOCK|LATEST FOREIGN KEY ERROR|SEMAPHORES"
                    r"|FILE I/O|LOG|TRANSACTIONS"
                    r"|\d{4}-\d\d-\d\d.{0,40}|\d{6} [ \d]\d:\d\d:\d\d.{0,40}|.*INNODB MONITOR OUTPUT"
                    r"|(?:History list length|Log sequence number|Log flushed up to|Pages flushed up to|Last checkpoint at) +[\d ]+"
                    r"|--Thread \d+ has waited at .* the semaphore:)$")


def innodb_lines(rows):
    """Of Type, Name, Status in one row, whose line ends are written \\n, the lines of the status that are safe to show."""
    if "\t" not in rows:
        return rows
    status = rows.rstrip("\n").rpartition("\t")[2]
    kept = [line for line in (line.rstrip() for line in status.split("\\n")) if INNODB.match(line)]
    return "Status\n" + "\\n".join(kept) + "\n"


def account_only(rows):
    """SHOW GRANTS: only whether the server answered it; the grants themselves can hold a password's hash."""
    return "answered\nyes\n" if rows else rows


def without_literals(rows):
    """The rows of the statements: the server has taken their values out already, as far as it keeps each text."""
    lines = [line.rpartition("\t") for line in rows.splitlines()]
    return "".join(head + tab + normalised(query) + "\n" for head, tab, query in lines)


PREPARE = {"replicas": without_statements, "innodb": innodb_lines, "grants": account_only, "statements": without_literals}
