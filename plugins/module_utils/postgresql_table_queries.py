# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of each database of a PostgreSQL instance: its catalogue and statistics, never a row of a user's table."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from .psql import questions, statement

DATABASES_AT_MOST = 20
# The busiest first; none on a standby, which has no statistics of its own about what was changed
CHOSEN = """
SELECT d.datname AS name, row_number() OVER (ORDER BY coalesce(s.blks_hit + s.blks_read, 0) DESC, d.datname) AS rank
FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid
WHERE d.datallowconn AND NOT d.datistemplate AND has_database_privilege(d.oid, 'CONNECT') AND NOT pg_is_in_recovery()
"""
OF_USERS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"

DATABASE = """
SELECT current_database() AS name,
       extract(epoch FROM clock_timestamp() - coalesce(s.stats_reset, pg_postmaster_start_time()))::float8 AS counted_seconds,
       (SELECT coalesce(sum(relpages), 0)::float8 * current_setting('block_size')::int FROM pg_class) AS size_bytes
FROM pg_stat_database s WHERE s.datname = current_database()
"""

# By its functions, as the view pg_stat_all_tables adds up the indexes of each table too
TABLES = """
SELECT name, live_count, dead_count, changed_count, autovacuum_off,
       extract(epoch FROM clock_timestamp()
               - greatest(pg_stat_get_last_vacuum_time(oid), pg_stat_get_last_autovacuum_time(oid)))::float8 AS vacuumed_seconds,
       extract(epoch FROM clock_timestamp()
               - greatest(pg_stat_get_last_analyze_time(oid), pg_stat_get_last_autoanalyze_time(oid)))::float8 AS analyzed_seconds
FROM (SELECT c.oid, n.nspname || '.' || c.relname AS name, pg_stat_get_live_tuples(c.oid) AS live_count,
             pg_stat_get_dead_tuples(c.oid) AS dead_count, pg_stat_get_mod_since_analyze(c.oid) AS changed_count,
             coalesce(c.reloptions && ARRAY['autovacuum_enabled=false', 'autovacuum_enabled=off'], false) AS autovacuum_off
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND %s) t
WHERE dead_count >= 10000 OR changed_count >= 10000 OR live_count >= 10000
ORDER BY dead_count DESC, changed_count DESC
"""

# What its cache did not have: rows, indexes and TOAST together
READS = """
SELECT schemaname || '.' || relname AS name, blocks::float8 * current_setting('block_size')::int AS read_bytes
FROM (SELECT schemaname, relname, coalesce(heap_blks_read, 0) + coalesce(idx_blks_read, 0) + coalesce(toast_blks_read, 0)
             + coalesce(tidx_blks_read, 0) AS blocks FROM pg_statio_user_tables) t
WHERE blocks > 0 ORDER BY blocks DESC, name LIMIT 5
"""

# A row takes 24 bytes for its head, 4 for its pointer, and its columns, in steps of 8; a page of 8 KiB 24 for its head. The widths
# are those that ANALYZE found. What lies in TOAST is not counted on either side.
TABLE_SPACE = """
SELECT name, size_bytes, least(size_bytes, rows_count * (28 + 8 * ceil(width / 8)) / (block - 24) * block * 100 / fill) AS needed_bytes
FROM (SELECT n.nspname || '.' || c.relname AS name, c.relpages::float8 * current_setting('block_size')::int AS size_bytes,
             c.reltuples::float8 AS rows_count, current_setting('block_size')::float8 AS block,
             coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100) AS fill,
             (SELECT sum((1 - s.stanullfrac) * s.stawidth) FROM pg_statistic s
              WHERE s.starelid = c.oid AND NOT s.stainherit)::float8 AS width
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND c.relpages >= 1280 AND c.reltuples >= 0 AND %s) t
WHERE width IS NOT NULL ORDER BY 2 - 3 DESC
"""

# An entry of a B-tree takes 8 bytes for its head, 4 for its pointer and its key; its pages are built 90 % full. Since PostgreSQL 13
# equal keys are kept once, which makes an index smaller than this.
INDEX_SPACE = """
SELECT name, size_bytes, least(size_bytes, rows_count * (12 + 8 * ceil(width / 8)) / (block - 40) * block * 100 / fill) AS needed_bytes
FROM (SELECT n.nspname || '.' || c.relname AS name, c.relpages::float8 * current_setting('block_size')::int AS size_bytes,
             c.reltuples::float8 AS rows_count, current_setting('block_size')::float8 AS block,
             coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 90) AS fill,
             (SELECT CASE WHEN count(*) = i.indnatts THEN sum(s.stawidth) END FROM pg_statistic s
              WHERE s.starelid = i.indrelid AND NOT s.stainherit AND s.staattnum = ANY(i.indkey))::float8 AS width
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
           JOIN pg_am a ON a.oid = c.relam
      WHERE c.relkind = 'i' AND a.amname = 'btree' AND c.relpages >= 1280 AND c.reltuples >= 0 AND i.indexprs IS NULL AND %s) t
WHERE width IS NOT NULL ORDER BY 2 - 3 DESC
"""

# What holds a database's age up; a table's TOAST is frozen together with it, but has an age of its own
AGES = """
SELECT name, xid_age, mxid_age FROM (
       SELECT n.nspname || '.' || c.relname AS name, greatest(age(c.relfrozenxid), age(t.relfrozenxid))::bigint AS xid_age,
              greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid))::bigint AS mxid_age
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
       WHERE c.relkind IN ('r', 'm') AND c.relfrozenxid <> '0') q
ORDER BY greatest(xid_age, mxid_age) DESC, name LIMIT 5
"""

INVALID = """
SELECT n.nspname || '.' || c.relname AS name, i.indrelid::regclass::text AS table_name
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'i' AND NOT (i.indisvalid AND i.indisready) %s ORDER BY 1
"""
NOT_IN_WORK = "AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)"

UNUSED = """
SELECT n.nspname || '.' || c.relname AS name, i.indrelid::regclass::text AS table_name,
       c.relpages::float8 * current_setting('block_size')::int AS size_bytes
FROM pg_stat_all_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid JOIN pg_class c ON c.oid = s.indexrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE s.idx_scan = 0 AND c.relpages >= 128 AND i.indisvalid AND NOT i.indisunique AND NOT i.indisprimary AND NOT i.indisexclusion AND %s
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = i.indrelid AND k.conkey[1] = i.indkey[0])
ORDER BY c.relpages DESC
"""

DUPLICATES = """
SELECT string_agg(n.nspname || '.' || c.relname, ', ' ORDER BY c.relname) AS name, i.indrelid::regclass::text AS table_name,
       (sum(c.relpages) - max(c.relpages))::float8 * current_setting('block_size')::int AS size_bytes
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisvalid AND %s
GROUP BY i.indrelid, c.relam, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text, i.indpred::text, i.indexprs::text
HAVING count(*) > 1 ORDER BY 3 DESC
"""

FOREIGN_KEYS = """
SELECT k.conname AS name, k.conrelid::regclass::text AS table_name, c.reltuples::float8 AS rows_count
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND c.reltuples >= 10000 AND NOT EXISTS (
      SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
      AND (i.indkey::int2[])[0:array_length(k.conkey, 1) - 1] @> k.conkey)
ORDER BY c.reltuples DESC
"""

# The column that owns a sequence may hold less than the sequence gives. One that gives a million numbers each second for thirty years
# and has some left is not asked for.
LIMITED = """
SELECT * FROM (
      SELECT n.nspname, c.relname, coalesce(d.refobjid::regclass || '.' || a.attname, '') AS column_name, d.refobjid AS filled,
             has_sequence_privilege(c.oid, 'SELECT') AS readable, s.seqincrement,
             least(s.seqmax, CASE a.atttypid WHEN 'int4'::regtype THEN 2147483647 WHEN 'int2'::regtype THEN 32767 END)::float8
             AS limit_value
      FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
           LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE s.seqincrement > 0 AND NOT s.seqcycle AND n.nspname !~ '^pg_temp') l
WHERE limit_value / seqincrement < 1e15
"""
SEQUENCES_AT_MOST = 1000        # each stays locked until the answer is there, and the server has room for some thousand locks

# By reading each as a table is read: pg_sequence_last_value() takes the lock of one who writes
SEQUENCES = """
SELECT name, column_name, last_value / limit_value AS used_ratio, limit_value
FROM (SELECT nspname || '.' || relname AS name, column_name, limit_value,
             substring(query_to_xml(format('SELECT last_value FROM %%I.%%I WHERE is_called', nspname, relname), false, false, '')::text
                       FROM '<last_value>([0-9]+)<')::float8 AS last_value
      FROM (SELECT * FROM (%s) l WHERE readable ORDER BY pg_stat_get_tuples_inserted(filled) DESC NULLS LAST LIMIT %d) c OFFSET 0) q
WHERE last_value >= 0.3 * limit_value ORDER BY 3 DESC
"""

UNREAD_SEQUENCES = """
SELECT count(*) FILTER (WHERE NOT readable) AS denied_count, greatest(count(*) FILTER (WHERE readable) - %d, 0) AS beyond_count
FROM (%s) l
"""

EXTENSIONS = """
SELECT name, installed_version AS installed, default_version AS available FROM pg_available_extensions
WHERE installed_version IS NOT NULL AND installed_version <> default_version ORDER BY name
"""

# Those of a schema that do not belong to whom most of it belongs to
OWNERS = """
WITH things AS (
       SELECT n.nspname AS schema, c.relname AS name, r.rolname AS owner, r.rolsuper AS owner_is_superuser
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
       WHERE c.relkind IN ('r', 'p', 'S', 'v', 'm') AND %s
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')),
     usual AS (
       SELECT DISTINCT ON (schema) schema, owner, owner_is_superuser FROM things GROUP BY 1, 2, 3 ORDER BY schema, count(*) DESC, owner)
SELECT t.schema || '.' || t.name AS name, t.owner, u.owner AS usual_owner,
       t.owner_is_superuser AND NOT u.owner_is_superuser AS is_superusers
FROM things t JOIN usual u ON u.schema = t.schema AND u.owner <> t.owner ORDER BY 4 DESC, 1
"""

HAS_STATEMENTS = """SELECT count(*) > 0 AND current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' AS has_statements,
       coalesce(max(quote_ident(n.nspname)), 'pg_catalog') AS statements_schema
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements' \\gset
"""
# Those of all databases of the instance, in whichever of them the view is asked
STATEMENTS = """
SELECT left(query, 2000) AS query, calls, (s.{time} / 1000)::float8 AS total_seconds,
       s.{time}::float8 / nullif(sum(s.{time}) OVER (), 0) AS share_ratio, coalesce(s.queryid::text, '') AS query_id,
       coalesce((SELECT d.datname::text FROM pg_database d WHERE d.oid = s.dbid), '') AS database
FROM :statements_schema.pg_stat_statements s ORDER BY s.{time} DESC LIMIT 10
"""

QUERIES = (
    ("database", 0, None, DATABASE),
    ("tables", 0, None, TABLES % OF_USERS),
    ("reads", 0, None, READS),
    ("table_space", 0, None, TABLE_SPACE % OF_USERS),
    ("index_space", 0, None, INDEX_SPACE % OF_USERS),
    ("ages", 0, None, AGES),
    ("invalid", 0, 12, INVALID % ""),
    ("invalid", 12, None, INVALID % NOT_IN_WORK),
    ("unused", 0, None, UNUSED % OF_USERS),
    ("duplicates", 0, None, DUPLICATES % OF_USERS),
    ("foreign_keys", 0, None, FOREIGN_KEYS),
    ("sequences", 0, None, SEQUENCES % (LIMITED, SEQUENCES_AT_MOST)),
    ("unread_sequences", 0, None, UNREAD_SEQUENCES % (SEQUENCES_AT_MOST, LIMITED)),
    ("extensions", 0, None, EXTENSIONS),
    ("owners", 0, None, OWNERS % OF_USERS),
)


CHOICE = "SELECT %s FROM (%s) q \\gset\n"
# A connection string, as \connect takes a name with a = in it for one
TARGET = r"""coalesce('dbname=''' || replace(replace(max(name) FILTER (WHERE rank = %d), '\', '\\'), '''', '\''') || '''', '') AS db%d"""


def script(version):
    """For one psql: which databases there are, then each in turn by connecting to it."""
    ranks = range(1, DATABASES_AT_MOST + 1)
    columns = ["%s, count(*) >= %d AS has%d" % (TARGET % (rank, rank), rank, rank) for rank in ranks]
    parts = [statement("databases", CHOSEN), CHOICE % (", ".join(columns), CHOSEN)]
    parts.extend(of_database(rank, version) for rank in ranks)
    return "".join(parts)


def of_database(rank, version):
    queries = [("%d/%s" % (rank, name), first, beyond, sql) for name, first, beyond, sql in QUERIES]
    statements = statement("%d/statements" % rank, STATEMENTS.format(time="total_exec_time" if version >= 13 else "total_time"))
    return "\\if :has%d\n\\connect -reuse-previous=on :\"db%d\"\nSET jit = off;\n%s%s\\if :has_statements\n%s\\endif\n\\endif\n" % (
        rank, rank, questions(queries, version), HAS_STATEMENTS, statements)
