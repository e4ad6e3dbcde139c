extension GoldenEffects {
    /// Queries, data, blocks, transactions and settings.
    static let queries = #"""
        SELECT 1
            → SELECT | low
        SELECT * FROM s.t JOIN u USING (a) WHERE b IN (SELECT b FROM s.w)
            → SELECT | low | read table s.t ACCESS SHARE | read table u ACCESS SHARE | read table s.w ACCESS SHARE
        SELECT count(*) FROM generate_series(1, 9)
            → SELECT | low
        SELECT setval('s.q', 9)
            → SELECT | medium
        SELECT pg_catalog.set_config('search_path', '', false)
            → SELECT | low | sets search_path=
        SELECT * FROM s.t FOR UPDATE
            → SELECT | low | read table s.t ROW SHARE
        SELECT * FROM a, LATERAL (SELECT * FROM b) AS x FOR KEY SHARE OF a
            → SELECT | low | read table a ROW SHARE | read table b ACCESS SHARE
        WITH t AS (SELECT * FROM t) SELECT * FROM t
            → SELECT | low | read table t ACCESS SHARE
        WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t
            → SELECT | low
        WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b, s.a
            → SELECT | low | read table s.a ACCESS SHARE
        WITH gone AS (DELETE FROM s.t WHERE a = 1 RETURNING *) INSERT INTO s.u SELECT * FROM gone
            → INSERT | medium | insert table s.u ROW EXCLUSIVE | delete table s.t ROW EXCLUSIVE | loses by deleting table s.t some
        SELECT * FROM (WITH z AS (SELECT 1) SELECT * FROM z) AS y, z
            → SELECT | low | read table z ACCESS SHARE
        INSERT INTO s.t VALUES (1)
            → INSERT | medium | insert table s.t ROW EXCLUSIVE
        INSERT INTO t SELECT * FROM s.t ON CONFLICT DO NOTHING
            → INSERT | medium | insert table t ROW EXCLUSIVE | read table s.t ACCESS SHARE
        INSERT INTO s.t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1
            → INSERT | medium | insert table s.t ROW EXCLUSIVE | loses by rewriting table s.t some
        UPDATE s.t SET a = 1
            → UPDATE | high | update table s.t ROW EXCLUSIVE | loses by rewriting table s.t
        UPDATE s.t SET a = (SELECT max(a) FROM u) WHERE b = 1
            → UPDATE | medium | update table s.t ROW EXCLUSIVE | read table u ACCESS SHARE | loses by rewriting table s.t some
        DELETE FROM s.t
            → DELETE | high | delete table s.t ROW EXCLUSIVE | loses by deleting table s.t
        DELETE FROM s.t USING u WHERE t.a = u.a
            → DELETE | medium | delete table s.t ROW EXCLUSIVE | read table u ACCESS SHARE | loses by deleting table s.t some
        MERGE INTO s.t USING s.u ON t.a = u.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)
            → MERGE | medium | delete table s.t ROW EXCLUSIVE | insert table s.t ROW EXCLUSIVE | read table s.u ACCESS SHARE | loses by deleting table s.t some
        COPY s.t FROM STDIN
            → COPY | medium | insert table s.t ROW EXCLUSIVE
        COPY s.t (a, b) FROM '/x' WITH (FORMAT csv)
            → COPY | medium | insert table s.t ROW EXCLUSIVE
        COPY s.t TO STDOUT
            → COPY | low | read table s.t ACCESS SHARE
        COPY (SELECT * FROM s.t) TO PROGRAM 'x'
            → COPY | low | read table s.t ACCESS SHARE
        EXPLAIN DELETE FROM s.t
            → EXPLAIN | low | read table s.t ROW EXCLUSIVE
        EXPLAIN ANALYZE DELETE FROM s.t
            → EXPLAIN | high | delete table s.t ROW EXCLUSIVE | loses by deleting table s.t
        EXPLAIN (ANALYZE false) UPDATE s.t SET a = 1
            → EXPLAIN | low | read table s.t ROW EXCLUSIVE
        PREPARE p AS DELETE FROM s.t
            → PREPARE | low | read table s.t ROW EXCLUSIVE
        EXECUTE p
            → EXECUTE | medium
        DECLARE c CURSOR FOR SELECT * FROM s.t
            → DECLARE CURSOR | low | read table s.t ACCESS SHARE
        VALUES (1)
            → SELECT | low
        TABLE s.t
            → SELECT | low | read table s.t ACCESS SHARE
        VACUUM
            → VACUUM | low | no transaction
        VACUUM (FULL, ANALYZE) s.t
            → VACUUM | medium | no transaction | maintain table s.t ACCESS EXCLUSIVE
        VACUUM ANALYZE s.t, u
            → VACUUM | low | no transaction | maintain table s.t SHARE UPDATE EXCLUSIVE | maintain table u SHARE UPDATE EXCLUSIVE
        ANALYZE s.t
            → ANALYZE | low | maintain table s.t SHARE UPDATE EXCLUSIVE
        CLUSTER
            → CLUSTER | medium | no transaction
        CLUSTER s.t USING i
            → CLUSTER | medium | maintain table s.t ACCESS EXCLUSIVE
        CHECKPOINT
            → CHECKPOINT | low
        DO $$ BEGIN CREATE TYPE s.e AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$
            → DO | medium | create type s.e
        DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM s.t) THEN INSERT INTO s.t VALUES (1); ELSE UPDATE s.u SET a = 1 WHERE b = 2; END IF; END $$
            → DO | medium | read table s.t ACCESS SHARE | insert table s.t ROW EXCLUSIVE | update table s.u ROW EXCLUSIVE | loses by rewriting table s.u some
        DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM s.t LOOP DELETE FROM s.u WHERE id = r.id; END LOOP; END $$
            → DO | medium | read table s.t ACCESS SHARE | delete table s.u ROW EXCLUSIVE | loses by deleting table s.u some
        DO $$ DECLARE n int; BEGIN SELECT count(*), max(a) INTO n, n FROM s.t; PERFORM f(a) FROM s.u; END $$
            → DO | medium | read table s.t ACCESS SHARE | read table s.u ACCESS SHARE
        DO $$ BEGIN INSERT INTO s.t VALUES (1) RETURNING id INTO x; COMMIT; END $$
            → DO | medium | no transaction | insert table s.t ROW EXCLUSIVE
        DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD a int', x); END $$
            → DO | high
        DO $$ BEGIN DROP TABLE s.t; END $$
            → DO | high | drop table s.t ACCESS EXCLUSIVE | loses by dropping table s.t some
        DO LANGUAGE plpgsql 'BEGIN NULL; END'
            → DO | medium
        DO $$ DECLARE n int := 1; BEGIN n := (SELECT max(a) FROM s.a); WHILE n > (SELECT 1 FROM s.b) LOOP UPDATE s.t SET a = CASE WHEN b THEN 1 ELSE 2 END WHERE a = 1; END LOOP; END $$
            → DO | medium | read table s.a ACCESS SHARE | read table s.b ACCESS SHARE | update table s.t ROW EXCLUSIVE | loses by rewriting table s.t some
        DO $$ BEGIN /* DELETE FROM s.x; */ MERGE INTO s.t USING s.u ON true WHEN MATCHED THEN DO NOTHING; END $$
            → DO | medium | read table s.t ROW EXCLUSIVE | read table s.u ACCESS SHARE
        CREATE FUNCTION s.f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT a FROM s.t; RETURN; END $$
            → CREATE FUNCTION | low | create function s.f | read table s.t in body
        ALTER ROLE x RENAME TO y
            → ALTER ROLE | medium | rename role x
        MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN DO NOTHING
            → MERGE | medium | update table t ROW EXCLUSIVE | read table u ACCESS SHARE | loses by rewriting table t some
        CALL s.p(1)
            → CALL | medium
        BEGIN
            → BEGIN | low | controls begin
        START TRANSACTION ISOLATION LEVEL SERIALIZABLE
            → START TRANSACTION | low | controls begin
        COMMIT
            → COMMIT | low | controls commit
        END
            → COMMIT | low | controls commit
        ROLLBACK
            → ROLLBACK | low | controls rollback
        ABORT
            → ROLLBACK | low | controls rollback
        SAVEPOINT x
            → SAVEPOINT | low | controls savepoint
        RELEASE x
            → RELEASE | low | controls releaseSavepoint
        ROLLBACK TO x
            → ROLLBACK | low | controls rollbackToSavepoint
        PREPARE TRANSACTION 'x'
            → PREPARE TRANSACTION | low | controls prepareTransaction
        COMMIT PREPARED 'x'
            → COMMIT PREPARED | low | no transaction
        ROLLBACK PREPARED 'x'
            → ROLLBACK PREPARED | low | no transaction
        SET search_path TO s, public
            → SET | low | sets search_path=s, public
        SET LOCAL lock_timeout = '3s'
            → SET | low | sets local lock_timeout=3s
        SET statement_timeout = 0
            → SET | low | sets statement_timeout=0
        SET work_mem = DEFAULT
            → SET | low | sets work_mem
        SET TIME ZONE 'UTC'
            → SET | low | sets timezone=UTC
        SET ROLE x
            → SET | low | sets role=x
        SET SESSION AUTHORIZATION x
            → SET | low | sets session_authorization=x
        SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
            → SET | low
        SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
            → SET | low | sets default_transaction_read_only
        SET check_function_bodies = false
            → SET | low | sets check_function_bodies=false
        SET seq_page_cost = 1.5
            → SET | low | sets seq_page_cost=1.5
        RESET search_path
            → RESET | low | sets search_path
        RESET ALL
            → RESET | low | sets all
        RESET ROLE
            → RESET | low | sets role
        SET CONSTRAINTS ALL DEFERRED
            → SET CONSTRAINTS | low
        SHOW search_path
            → SHOW | low
        DISCARD ALL
            → DISCARD ALL | low | no transaction | sets all
        DISCARD TEMP
            → DISCARD TEMP | low
        LISTEN x
            → LISTEN | low
        NOTIFY x
            → NOTIFY | low
        LOAD 'x'
            → LOAD | low
        CREATE CAST (s.a AS s.b) WITHOUT FUNCTION
            → CREATE CAST | low
        DROP CAST (s.a AS s.b)
            → DROP CAST | high
        CREATE OPERATOR s.+ (procedure = f)
            → CREATE OPERATOR | low | create object s.+
        CREATE COLLATION s.c FROM "C"
            → CREATE COLLATION | low | create collation s.c
        DROP COLLATION s.c
            → DROP COLLATION | high | drop collation s.c
        CREATE TEXT SEARCH CONFIGURATION s.c (COPY = simple)
            → CREATE TEXT SEARCH CONFIGURATION | low | create object s.c
        SECURITY LABEL ON TABLE s.t IS 'x'
            → SECURITY LABEL | low | comment table s.t SHARE UPDATE EXCLUSIVE
        CREATE USER MAPPING FOR x SERVER y
            → CREATE USER MAPPING | low
        ALTER OPERATOR FAMILY s.f USING btree ADD FUNCTION 1 f(int)
            → ALTER OPERATOR FAMILY | medium
        CREATE ACCESS METHOD x TYPE TABLE HANDLER f
            → CREATE ACCESS METHOD | low
        """#
}
