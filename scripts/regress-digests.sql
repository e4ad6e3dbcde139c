-- A line for each table, materialized view, sequence and large object: what is in it, whatever the order of rows and columns.
SET search_path TO '';
SET extra_float_digits TO 3;
SET DateStyle TO ISO;
SET IntervalStyle TO postgres;
SET bytea_output TO hex;
SET TimeZone TO UTC;
SELECT format('SELECT %L, %L, count(*), md5(string_agg(d, '''' ORDER BY d)) FROM (SELECT md5(ROW(%s)::text) AS d FROM ONLY %s t) r',
    CASE relkind WHEN 'm' THEN 'view' ELSE 'table' END, c.oid::regclass, (SELECT string_agg('t.' || quote_ident(attname), ', ' ORDER BY attname COLLATE "C")
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE relkind IN ('r', 'm') AND relispopulated AND relpersistence <> 't'
    AND nspname !~ '^pg_' AND nspname <> 'information_schema'
ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
SELECT format('SELECT ''sequence'', %L, last_value, is_called FROM %s', c.oid::regclass, c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind = 'S' AND relpersistence <> 't'
ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
SELECT 'large object', oid, lomowner::regrole, lomacl, md5(lo_get(oid)), obj_description(oid, 'pg_largeobject')
FROM pg_largeobject_metadata ORDER BY oid;
