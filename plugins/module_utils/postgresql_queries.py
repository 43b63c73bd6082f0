# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a PostgreSQL instance as a whole: (name, from major version, before major version, SQL).

Only catalogues and statistics are read: no table of a user, no lock above AccessShare. The names of the columns are the facts'.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# Settings that the rules judge, or that explain a finding; of the rest only those that somebody set. Names with a dot are an
# application's own and may hold anything.
SETTINGS = (
    "archive_command", "archive_library", "archive_mode", "archive_timeout", "autovacuum",
    "autovacuum_freeze_max_age", "autovacuum_max_workers",
    "autovacuum_multixact_freeze_max_age", "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit",
    "checkpoint_completion_target", "checkpoint_timeout", "data_checksums", "data_directory",
    "effective_cache_size", "effective_io_concurrency", "fsync", "full_page_writes", "hba_file", "hot_standby",
    "huge_pages", "huge_pages_status",
    "idle_in_transaction_session_timeout", "listen_addresses", "log_autovacuum_min_duration", "log_checkpoints", "log_destination",
    "log_directory", "log_line_prefix", "log_lock_waits", "log_min_duration_statement", "log_min_messages", "log_temp_files",
    "logging_collector", "maintenance_work_mem", "max_connections", "max_replication_slots", "max_slot_wal_keep_size", "max_wal_senders",
    "max_wal_size", "max_worker_processes", "min_wal_size", "password_encryption", "primary_conninfo", "random_page_cost",
    "restore_command", "shared_buffers", "shared_memory_size_in_huge_pages",
    "ssl", "statement_timeout", "superuser_reserved_connections", "synchronous_commit", "synchronous_standby_names",
    "track_activities", "track_counts", "track_io_timing", "vacuum_cost_delay", "vacuum_cost_limit",
    "wal_compression", "wal_level", "work_mem", "zero_damaged_pages",
    "ignore_checksum_failure", "ignore_system_indexes", "shared_preload_libraries",
)
# Of these no more than the programs named in them leaves the host
COMMANDS = (
    "archive_command", "restore_command", "primary_conninfo", "recovery_end_command", "archive_cleanup_command", "ssl_passphrase_command",
)
PROGRAMS = "pgbackrest|barman|wal-g|wal-e|pg_probackup|pg_rman|rsync|scp|cp|test|false|true"

SERVER = """
SELECT current_setting('server_version_num')::int AS version_number, current_setting('server_version') AS version,
       pg_is_in_recovery() AS in_recovery, extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8 AS uptime_seconds,
       (pg_control_checkpoint()).timeline_id AS timeline, (pg_control_system()).system_identifier::text AS system_identifier,
       pg_has_role('pg_monitor', 'USAGE') AS may_monitor, current_setting('is_superuser') = 'on' AS is_superuser
"""

SETTINGS_SET = """
SELECT name, CASE WHEN name IN ('%s') THEN CASE WHEN setting IN ('', '(disabled)') THEN setting
                  ELSE coalesce(substring(setting FROM '(%s)'), 'another program') END
             ELSE left(setting, 500) END AS setting,
       coalesce(unit, '') AS unit, source, coalesce(sourcefile, '') AS file, pending_restart
FROM pg_settings
WHERE (name IN ('%s') OR source NOT IN ('default', 'override', 'client', 'session') OR pending_restart)
  AND (name NOT LIKE '%%.%%' OR name LIKE 'pg_stat_statements.%%' OR name LIKE 'auto_explain.%%')
ORDER BY name
""" % ("', '".join(COMMANDS), PROGRAMS, "', '".join(SETTINGS))

CONNECTIONS = """
SELECT count(*) FILTER (WHERE backend_type = 'client backend') AS used_count,
       count(*) FILTER (WHERE backend_type = 'client backend' AND state = 'active') AS active_count,
       count(*) FILTER (WHERE backend_type = 'client backend' AND state = 'idle') AS idle_count,
       count(*) FILTER (WHERE backend_type = 'client backend' AND state LIKE 'idle in transaction%') AS idle_in_transaction_count,
       count(*) FILTER (WHERE backend_type = 'autovacuum worker') AS autovacuum_count,
       count(*) FILTER (WHERE backend_type IN ('client backend', 'walsender') AND client_addr IS NOT NULL
                        AND NOT client_addr <<= '127.0.0.0/8' AND client_addr <> '::1' AND NOT s.ssl) AS plain_remote_count,
       current_setting('max_connections')::int AS max_count, current_setting('superuser_reserved_connections')::int AS reserved_count
FROM pg_stat_activity LEFT JOIN pg_stat_ssl s USING (pid)
WHERE pid <> pg_backend_pid() AND application_name <> 'caretaker'
"""

ACTIVITY = """
SELECT pid, coalesce(datname, '') AS database, coalesce(usename, '') AS role, left(application_name, 60) AS application,
       coalesce(backend_type, '') AS kind, coalesce(state, '') AS state, coalesce(wait_event_type, '') AS wait,
       extract(epoch FROM clock_timestamp() - xact_start)::float8 AS transaction_seconds,
       extract(epoch FROM clock_timestamp() - query_start)::float8 AS query_seconds,
       extract(epoch FROM clock_timestamp() - state_change)::float8 AS state_seconds,
       age(backend_xmin) AS xmin_age, left(query, 1000) AS query
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND application_name <> 'caretaker' AND backend_type IN ('client backend', 'background worker')
  AND xact_start < clock_timestamp() - interval '10 s'
ORDER BY xact_start
"""

BLOCKED = """
SELECT w.pid, pg_blocking_pids(w.pid) AS blockers, coalesce(w.datname, '') AS database, coalesce(w.usename, '') AS role,
       extract(epoch FROM clock_timestamp() - %s)::float8 AS waiting_seconds, left(w.query, 1000) AS query,
       coalesce((SELECT b.state FROM pg_stat_activity b WHERE b.pid = (pg_blocking_pids(w.pid))[1]), '') AS blocker_state
FROM (SELECT * FROM pg_stat_activity WHERE wait_event_type = 'Lock' ORDER BY query_start LIMIT 50) w
"""
WAIT_START = "coalesce((SELECT min(l.waitstart) FROM pg_locks l WHERE l.pid = w.pid AND NOT l.granted), w.query_start)"

DATABASES = """
SELECT d.datname AS name, age(d.datfrozenxid) AS xid_age, mxid_age(d.datminmxid) AS mxid_age, d.datallowconn AS allows_connections,
       coalesce(s.xact_commit, 0) AS commits, coalesce(s.xact_rollback, 0) AS rollbacks, coalesce(s.blks_read, 0) AS blocks_read,
       coalesce(s.blks_hit, 0) AS blocks_hit, coalesce(s.temp_files, 0) AS temp_files, coalesce(s.temp_bytes, 0) AS temp_bytes,
       coalesce(s.deadlocks, 0) AS deadlocks, coalesce(s.conflicts, 0) AS conflicts, %s AS checksum_failures, %s AS collation_changed,
       extract(epoch FROM clock_timestamp() - s.stats_reset)::float8 AS counted_seconds
FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid
ORDER BY age(d.datfrozenxid) DESC
"""
CHECKSUM_FAILURES = "coalesce(s.checksum_failures, 0)"
COLLATION = "coalesce(d.datcollversion <> pg_database_collation_actual_version(d.oid), false)"

HERE = ("CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn()) ELSE pg_current_wal_lsn() END")

REPLICAS = """
SELECT pid, application_name AS name, coalesce(host(client_addr), 'local') AS address, coalesce(state, '') AS state,
       coalesce(sync_state, '') AS sync_state, pg_wal_lsn_diff({here}, sent_lsn)::float8 AS send_lag_bytes,
       pg_wal_lsn_diff({here}, flush_lsn)::float8 AS flush_lag_bytes, pg_wal_lsn_diff({here}, replay_lsn)::float8 AS replay_lag_bytes,
       extract(epoch FROM replay_lag)::float8 AS replay_lag_seconds
FROM pg_stat_replication ORDER BY pid
""".format(here=HERE)

STANDBY = """
SELECT (SELECT status FROM pg_stat_wal_receiver) AS receiver_status,
       (SELECT extract(epoch FROM clock_timestamp() - last_msg_receipt_time)::float8 FROM pg_stat_wal_receiver) AS heard_seconds,
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8 AS replay_lag_bytes,
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS replayed_seconds,
       pg_is_wal_replay_paused() AS paused,
       (SELECT sum(confl_tablespace + confl_lock + confl_snapshot + confl_bufferpin + confl_deadlock)::bigint
        FROM pg_stat_database_conflicts) AS conflicts
WHERE pg_is_in_recovery()
"""

SLOTS = """
SELECT slot_name AS name, slot_type AS kind, coalesce(database, '') AS database, active,
       pg_wal_lsn_diff({here}, restart_lsn)::float8 AS retained_bytes, age(xmin) AS xmin_age, age(catalog_xmin) AS catalog_xmin_age,
       {status} AS wal_status, {invalid} AS invalid_because, {inactive} AS inactive_seconds
FROM pg_replication_slots WHERE NOT temporary ORDER BY 5 DESC NULLS LAST
"""


def slots(status="NULL::text", invalid="NULL::text", inactive="NULL::float8"):
    return SLOTS.format(here=HERE, status=status, invalid=invalid, inactive=inactive)


ARCHIVER = """
SELECT archived_count, failed_count, extract(epoch FROM clock_timestamp() - last_archived_time)::float8 AS archived_seconds,
       extract(epoch FROM clock_timestamp() - last_failed_time)::float8 AS failed_seconds,
       (SELECT count(*) FROM %s WHERE name LIKE '%%.ready') AS ready_count
FROM pg_stat_archiver
"""

CHECKPOINTS_OLD = """
SELECT checkpoints_timed AS timed, checkpoints_req AS requested, checkpoint_write_time / 1000 AS write_seconds,
       checkpoint_sync_time / 1000 AS sync_seconds, buffers_checkpoint, buffers_clean, buffers_backend, maxwritten_clean
FROM pg_stat_bgwriter
"""
CHECKPOINTS = """
SELECT num_timed AS timed, num_requested AS requested, write_time / 1000 AS write_seconds, sync_time / 1000 AS sync_seconds,
       buffers_written AS buffers_checkpoint, b.buffers_clean, NULL::bigint AS buffers_backend, b.maxwritten_clean
FROM pg_stat_checkpointer, pg_stat_bgwriter b
"""

PREPARED = """
SELECT database, owner AS role, extract(epoch FROM clock_timestamp() - prepared)::float8 AS age_seconds
FROM pg_prepared_xacts ORDER BY prepared
"""

ROLES = """
SELECT rolname AS name, rolsuper AS is_superuser, rolcanlogin AS can_login, rolreplication AS can_replicate,
       extract(epoch FROM rolvaliduntil - clock_timestamp())::float8 AS valid_seconds
FROM pg_roles WHERE rolname !~ '^pg_' AND coalesce(rolvaliduntil, 'infinity') <> '-infinity' ORDER BY rolsuper DESC, rolname
"""

# Only what kind of hash it is leaves the host, and whether it is that of no password, the role's name or the most common ones
PASSWORDS = """
SELECT rolname AS name, rolsuper AS is_superuser,
       CASE WHEN rolpassword IS NULL THEN 'none' WHEN rolpassword LIKE 'md5%' THEN 'md5'
            WHEN rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram'
            ELSE 'plain' END AS kind,
       coalesce(rolpassword IN (SELECT 'md5' || md5(guess || rolname)
                                FROM unnest(ARRAY['', rolname, 'postgres', 'password', '123456', 'admin', 'changeme']) guess),
                false) AS is_guessed
FROM pg_authid WHERE rolcanlogin ORDER BY rolsuper DESC, rolname
"""

# Not the options: those of LDAP and RADIUS hold passwords
ACCESS = """
SELECT line_number, coalesce(type, '') AS type, coalesce(array_to_string(database, ','), '') AS database,
       coalesce(array_to_string(user_name, ','), '') AS role, coalesce(address, '') AS address, coalesce(netmask, '') AS netmask,
       coalesce(auth_method, '') AS method, coalesce(error, '') AS error
FROM pg_hba_file_rules ORDER BY line_number
"""

OVERRIDES = """
SELECT coalesce(d.datname, '') AS database, coalesce(r.rolname, '') AS role, split_part(c, '=', 1) AS name,
       CASE WHEN split_part(c, '=', 1) IN ('synchronous_commit', 'fsync', 'zero_damaged_pages', 'row_security', 'session_replication_role')
            THEN split_part(c, '=', 2) ELSE '' END AS setting
FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
WHERE split_part(c, '=', 1) NOT LIKE '%.%'
"""

QUERIES = (
    ("server", 0, None, SERVER),
    ("settings", 0, None, SETTINGS_SET),
    ("connections", 0, None, CONNECTIONS),
    ("activity", 0, None, ACTIVITY),
    ("blocked", 0, 14, BLOCKED % "w.query_start"),
    ("blocked", 14, None, BLOCKED % WAIT_START),
    ("databases", 0, 12, DATABASES % ("0", "false")),
    ("databases", 12, 15, DATABASES % (CHECKSUM_FAILURES, "false")),
    ("databases", 15, None, DATABASES % (CHECKSUM_FAILURES, COLLATION)),
    ("replicas", 0, None, REPLICAS),
    ("standby", 0, None, STANDBY),
    ("slots", 0, 13, slots()),
    ("slots", 13, 16, slots("wal_status")),
    ("slots", 16, 17, slots("wal_status", "CASE WHEN conflicting THEN 'conflict with recovery' END")),
    ("slots", 17, None, slots("wal_status", "invalidation_reason", "extract(epoch FROM clock_timestamp() - inactive_since)::float8")),
    ("archiver", 0, 12, ARCHIVER % "(SELECT pg_ls_dir('pg_wal/archive_status') AS name) f"),
    ("archiver", 12, None, ARCHIVER % "pg_ls_archive_statusdir()"),
    ("checkpoints", 0, 17, CHECKPOINTS_OLD),
    ("checkpoints", 17, None, CHECKPOINTS),
    ("prepared", 0, None, PREPARED),
    ("roles", 0, None, ROLES),
    ("passwords", 0, None, PASSWORDS),
    ("access", 0, None, ACCESS),
    ("overrides", 0, None, OVERRIDES),
)
