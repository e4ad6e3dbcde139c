extension GoldenEffects {
    /// Tables and the objects that belong to them.
    static let tables = #"""
        CREATE TABLE s.t (id int PRIMARY KEY)
            → CREATE TABLE | low | create table s.t
        CREATE TABLE IF NOT EXISTS t (id int REFERENCES s.o (id), me int REFERENCES t)
            → CREATE TABLE | low | create table t | reference table s.o SHARE ROW EXCLUSIVE
        CREATE TEMP TABLE x AS SELECT * FROM s.t
            → CREATE TABLE AS | low | create table x | read table s.t ACCESS SHARE
        CREATE UNLOGGED TABLE s.t (a int)
            → CREATE TABLE | low | create table s.t
        CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES IN (1)
            → CREATE TABLE | low | create table s.p1 | reference table s.p ACCESS EXCLUSIVE
        CREATE TABLE s.c () INHERITS (s.p)
            → CREATE TABLE | low | create table s.c | reference table s.p SHARE UPDATE EXCLUSIVE
        CREATE TABLE s.c (LIKE s.t INCLUDING ALL, FOREIGN KEY (a) REFERENCES b (c))
            → CREATE TABLE | low | create table s.c | read table s.t ACCESS SHARE | reference table b SHARE ROW EXCLUSIVE
        CREATE FOREIGN TABLE s.f (a int) SERVER x
            → CREATE FOREIGN TABLE | low | create foreign table s.f
        CREATE TABLE s.n AS TABLE s.t WITH NO DATA
            → CREATE TABLE AS | low | create table s.n | read table s.t ACCESS SHARE
        SELECT 1 INTO n
            → SELECT INTO | low | create table n
        CREATE INDEX i ON s.t (a)
            → CREATE INDEX | low | alter table s.t SHARE | create index s.i
        CREATE INDEX ON t (a)
            → CREATE INDEX | low | alter table t SHARE
        CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t (lower(a)) WHERE a IS NOT NULL
            → CREATE INDEX | low | no transaction | alter table s.t SHARE UPDATE EXCLUSIVE | create index s.i | concurrent create index s.i table s.t if
        CREATE INDEX CONCURRENTLY ON t (a)
            → CREATE INDEX | low | no transaction | alter table t SHARE UPDATE EXCLUSIVE | concurrent create table t
        DROP INDEX s.i
            → DROP INDEX | high | drop index s.i ACCESS EXCLUSIVE
        DROP INDEX IF EXISTS i, j
            → DROP INDEX | high | drop index i ACCESS EXCLUSIVE | drop index j ACCESS EXCLUSIVE
        DROP INDEX CONCURRENTLY IF EXISTS s.i
            → DROP INDEX | high | no transaction | drop index s.i SHARE UPDATE EXCLUSIVE | concurrent drop index s.i if
        ALTER INDEX s.i RENAME TO j
            → ALTER INDEX | medium | rename index s.i SHARE UPDATE EXCLUSIVE
        ALTER INDEX i SET TABLESPACE x
            → ALTER INDEX | medium | alter index i ACCESS EXCLUSIVE
        REINDEX INDEX s.i
            → REINDEX | low | maintain index s.i ACCESS EXCLUSIVE
        REINDEX TABLE CONCURRENTLY s.t
            → REINDEX | low | no transaction | maintain table s.t SHARE UPDATE EXCLUSIVE | concurrent reindex table s.t
        REINDEX INDEX CONCURRENTLY s.i
            → REINDEX | low | no transaction | maintain index s.i SHARE UPDATE EXCLUSIVE | concurrent reindex index s.i
        REINDEX SCHEMA s
            → REINDEX | low | no transaction | maintain schema s
        REINDEX DATABASE d
            → REINDEX | low | no transaction
        REINDEX SYSTEM d
            → REINDEX | low | no transaction
        ALTER TABLE s.t ADD COLUMN a int
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ADD COLUMN a int NOT NULL DEFAULT 0, ADD b text
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE IF EXISTS t ADD COLUMN IF NOT EXISTS a int REFERENCES s.o ON DELETE CASCADE
            → ALTER TABLE | medium | alter table t ACCESS EXCLUSIVE | reference table s.o SHARE ROW EXCLUSIVE
        ALTER TABLE s.t DROP COLUMN a
            → ALTER TABLE | high | alter table s.t ACCESS EXCLUSIVE | loses by dropping table s.t column a
        ALTER TABLE s.t DROP COLUMN IF EXISTS a CASCADE, ADD COLUMN b int
            → ALTER TABLE | high | alter table s.t ACCESS EXCLUSIVE | loses by dropping table s.t column a cascade
        ALTER TABLE s.t ALTER COLUMN a TYPE bigint USING a::bigint
            → ALTER TABLE | high | alter table s.t ACCESS EXCLUSIVE | loses by rewriting table s.t column a
        ALTER TABLE s.t ALTER a SET DEFAULT now()
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ALTER a DROP DEFAULT
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ALTER a SET NOT NULL
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ALTER a DROP NOT NULL
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ALTER a SET STATISTICS 100
            → ALTER TABLE | low | alter table s.t SHARE UPDATE EXCLUSIVE
        ALTER TABLE s.t ALTER a SET STORAGE PLAIN
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ALTER a ADD GENERATED BY DEFAULT AS IDENTITY
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ADD CONSTRAINT c CHECK (a > 0)
            → ALTER TABLE | low | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ADD CONSTRAINT c CHECK (a > 0) NOT VALID
            → ALTER TABLE | low | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES o (id) NOT VALID
            → ALTER TABLE | low | alter table s.t SHARE ROW EXCLUSIVE | reference table o SHARE ROW EXCLUSIVE
        ALTER TABLE s.t ADD CONSTRAINT c UNIQUE USING INDEX i
            → ALTER TABLE | low | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ADD PRIMARY KEY (a)
            → ALTER TABLE | low | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ADD EXCLUDE USING gist (a WITH &&)
            → ALTER TABLE | low | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t VALIDATE CONSTRAINT c
            → ALTER TABLE | low | alter table s.t SHARE UPDATE EXCLUSIVE
        ALTER TABLE s.t DROP CONSTRAINT c
            → ALTER TABLE | high | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t RENAME TO u
            → ALTER TABLE | medium | rename table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t RENAME COLUMN a TO b
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t RENAME CONSTRAINT a TO b
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t SET SCHEMA x
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t OWNER TO x
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t SET (fillfactor = 70)
            → ALTER TABLE | low | alter table s.t SHARE UPDATE EXCLUSIVE
        ALTER TABLE s.t SET UNLOGGED
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t SET TABLESPACE x
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t ENABLE ROW LEVEL SECURITY
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE
        ALTER TABLE s.t DISABLE TRIGGER ALL
            → ALTER TABLE | medium | alter table s.t SHARE ROW EXCLUSIVE
        ALTER TABLE s.t ATTACH PARTITION s.x DEFAULT
            → ALTER TABLE | low | alter table s.t SHARE UPDATE EXCLUSIVE | alter table s.x ACCESS EXCLUSIVE
        ALTER TABLE s.t DETACH PARTITION s.x
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE | alter table s.x ACCESS EXCLUSIVE
        ALTER TABLE s.t DETACH PARTITION s.x CONCURRENTLY
            → ALTER TABLE | medium | no transaction | alter table s.t SHARE UPDATE EXCLUSIVE | alter table s.x SHARE UPDATE EXCLUSIVE
        ALTER TABLE s.t DETACH PARTITION s.x FINALIZE
            → ALTER TABLE | medium | alter table s.t SHARE UPDATE EXCLUSIVE | alter table s.x ACCESS EXCLUSIVE
        ALTER TABLE s.t INHERIT s.x
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE | reference table s.x SHARE UPDATE EXCLUSIVE
        ALTER TABLE s.t NO INHERIT s.x
            → ALTER TABLE | medium | alter table s.t ACCESS EXCLUSIVE | reference table s.x ACCESS SHARE
        ALTER TABLE s.t CLUSTER ON i
            → ALTER TABLE | low | alter table s.t SHARE UPDATE EXCLUSIVE
        ALTER TABLE ALL IN TABLESPACE x SET TABLESPACE y
            → ALTER TABLE | medium
        DROP TABLE s.t
            → DROP TABLE | high | drop table s.t ACCESS EXCLUSIVE | loses by dropping table s.t
        DROP TABLE IF EXISTS s.t, u CASCADE
            → DROP TABLE | high | drop table s.t ACCESS EXCLUSIVE | drop table u ACCESS EXCLUSIVE | loses by dropping table s.t cascade | loses by dropping table u cascade
        TRUNCATE s.t
            → TRUNCATE TABLE | high | truncate table s.t ACCESS EXCLUSIVE | loses by deleting table s.t
        TRUNCATE TABLE a, s.b RESTART IDENTITY CASCADE
            → TRUNCATE TABLE | high | truncate table a ACCESS EXCLUSIVE | truncate table s.b ACCESS EXCLUSIVE | loses by deleting table a cascade | loses by deleting table s.b cascade
        LOCK TABLE s.t IN ROW SHARE MODE
            → LOCK TABLE | low | lock table s.t ROW SHARE
        LOCK s.t NOWAIT
            → LOCK TABLE | low | lock table s.t ACCESS EXCLUSIVE
        COMMENT ON TABLE s.t IS 'x'
            → COMMENT | low | comment table s.t SHARE UPDATE EXCLUSIVE
        COMMENT ON COLUMN s.t.a IS 'x'
            → COMMENT | low | comment table s.t SHARE UPDATE EXCLUSIVE
        COMMENT ON CONSTRAINT c ON s.t IS 'x'
            → COMMENT | low | comment table s.t ACCESS SHARE | comment constraint s.c
        COMMENT ON FUNCTION s.f(int) IS 'x'
            → COMMENT | low | comment function s.f
        COMMENT ON SCHEMA s IS 'x'
            → COMMENT | low | comment schema s
        COMMENT ON DATABASE d IS 'x'
            → COMMENT | low | comment database d
        CREATE VIEW v AS SELECT * FROM s.t
            → CREATE VIEW | low | create view v | read table s.t ACCESS SHARE
        CREATE OR REPLACE VIEW s.v AS WITH a AS (SELECT 1 FROM b) SELECT * FROM a
            → CREATE VIEW | low | create view s.v ACCESS EXCLUSIVE | read table b ACCESS SHARE
        CREATE RECURSIVE VIEW s.v (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v WHERE n < 9
            → CREATE VIEW | low | create view s.v
        DROP VIEW s.v CASCADE
            → DROP VIEW | high | drop view s.v ACCESS EXCLUSIVE
        ALTER VIEW s.v RENAME COLUMN a TO b
            → ALTER VIEW | medium | alter view s.v ACCESS EXCLUSIVE
        CREATE MATERIALIZED VIEW s.m AS SELECT * FROM s.t
            → CREATE MATERIALIZED VIEW | low | create materialized view s.m | read table s.t ACCESS SHARE
        REFRESH MATERIALIZED VIEW s.m
            → REFRESH MATERIALIZED VIEW | low | maintain materialized view s.m ACCESS EXCLUSIVE
        REFRESH MATERIALIZED VIEW CONCURRENTLY s.m
            → REFRESH MATERIALIZED VIEW | low | maintain materialized view s.m EXCLUSIVE
        DROP MATERIALIZED VIEW s.m
            → DROP MATERIALIZED VIEW | high | drop materialized view s.m ACCESS EXCLUSIVE
        CREATE SEQUENCE s.q
            → CREATE SEQUENCE | low | create sequence s.q
        ALTER SEQUENCE s.q OWNED BY s.t.a
            → ALTER SEQUENCE | medium | alter sequence s.q SHARE ROW EXCLUSIVE | reference table s.t ACCESS SHARE
        ALTER SEQUENCE s.q OWNED BY NONE
            → ALTER SEQUENCE | medium | alter sequence s.q SHARE ROW EXCLUSIVE
        ALTER SEQUENCE s.q RESTART WITH 1
            → ALTER SEQUENCE | medium | alter sequence s.q SHARE ROW EXCLUSIVE | loses by rewriting sequence s.q
        DROP SEQUENCE s.q
            → DROP SEQUENCE | high | drop sequence s.q ACCESS EXCLUSIVE | loses by dropping sequence s.q
        """#
}
