import SQLText

/// A statement whose locks are compared with those of a real server.
struct LockExample {
    var sql: String
    /// Statements to run first in the same transaction. Their locks do not count.
    var first = ""
    /// Locks that only the catalog shows: on the table of an index, or the other table of a foreign key.
    var hidden: [String: LockMode] = [:]

    init(_ sql: String, after first: String = "", hidden: [String: LockMode] = [:]) {
        self.sql = sql
        self.first = first
        self.hidden = hidden
    }
}

enum LockExamples {
    static let schema = """
        CREATE SCHEMA s; CREATE SCHEMA other;
        CREATE TABLE s.t (id int PRIMARY KEY, a int, b text, c varchar(10));
        CREATE TABLE s.u (id int PRIMARY KEY, a int);
        CREATE TABLE s.w (id int PRIMARY KEY, t int);
        ALTER TABLE s.w ADD CONSTRAINT w_fk FOREIGN KEY (t) REFERENCES s.u NOT VALID;
        ALTER TABLE s.t ADD CONSTRAINT t_check CHECK (a > 0) NOT VALID;
        CREATE INDEX t_a ON s.t (a);
        CREATE UNIQUE INDEX t_b ON s.t (b);
        CREATE TABLE s.p (id int NOT NULL) PARTITION BY LIST (id);
        CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES IN (1);
        CREATE TABLE s.q (id int NOT NULL);
        CREATE SEQUENCE s.n;
        CREATE VIEW s.v AS SELECT id, a FROM s.t;
        CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS one;
        CREATE UNIQUE INDEX m_one ON s.m (one);
        CREATE TYPE s.e AS ENUM ('x');
        CREATE TYPE s.comp AS (a int);
        CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER g AFTER INSERT ON s.u FOR EACH ROW EXECUTE FUNCTION s.f();
        CREATE POLICY y ON s.u USING (true);
        CREATE RULE r AS ON UPDATE TO s.q DO ALSO NOTHING;
        CREATE STATISTICS s.st ON id, a FROM s.u;
        CREATE TABLE s.parent (id int);
        CREATE TABLE s.child () INHERITS (s.parent);
        """

    static let all = tables + altered + objects + queries

    private static let tables: [LockExample] = [
        LockExample("CREATE TABLE s.new (id int REFERENCES s.t, u int REFERENCES s.u (id))"),
        LockExample("CREATE TABLE s.new (id int, FOREIGN KEY (id) REFERENCES s.t (id))"),
        LockExample("CREATE TABLE s.new (LIKE s.t INCLUDING ALL)"),
        LockExample("CREATE TABLE s.new () INHERITS (s.t)"),
        LockExample("CREATE TABLE s.new PARTITION OF s.p FOR VALUES IN (2)"),
        LockExample("CREATE TABLE s.new AS SELECT t.a FROM s.t JOIN s.u USING (id)"),
        LockExample("SELECT * INTO s.new FROM s.t"),
        LockExample("DROP TABLE s.t CASCADE", hidden: ["s.v": .accessExclusive]),
        LockExample("DROP TABLE s.p1", hidden: ["s.p": .accessExclusive]),
        LockExample("TRUNCATE s.t, s.q"),
        LockExample("LOCK TABLE s.t IN SHARE ROW EXCLUSIVE MODE"),
        LockExample("LOCK TABLE s.t"),
        LockExample("CREATE INDEX i ON s.t (b)"),
        LockExample("CREATE UNIQUE INDEX i ON s.t (b, a)"),
        LockExample("DROP INDEX s.t_a", hidden: ["s.t": .accessExclusive]),
        LockExample("ALTER INDEX s.t_a RENAME TO t_aa"),
        LockExample("ALTER INDEX s.t_a SET (fillfactor = 70)"),
        LockExample("REINDEX TABLE s.t"),
        LockExample("REINDEX INDEX s.t_a", hidden: ["s.t": .share]),
        LockExample("CLUSTER s.t USING t_a"),
        LockExample("ANALYZE s.t"),
        LockExample("COMMENT ON TABLE s.t IS 'x'"),
        LockExample("COMMENT ON COLUMN s.t.a IS 'x'"),
        LockExample("COMMENT ON CONSTRAINT t_check ON s.t IS 'x'"),
        LockExample("COMMENT ON TRIGGER g ON s.u IS 'x'"),
        LockExample("COMMENT ON INDEX s.t_a IS 'x'"),
        LockExample("COMMENT ON VIEW s.v IS 'x'"),
        LockExample("COMMENT ON SEQUENCE s.n IS 'x'"),
        LockExample("COMMENT ON TYPE s.e IS 'x'"),
        LockExample("GRANT SELECT ON s.t TO PUBLIC"),
        LockExample("REVOKE ALL ON ALL TABLES IN SCHEMA s FROM PUBLIC"),
    ]

    private static let altered: [LockExample] = [
        LockExample("ALTER TABLE s.t ADD COLUMN d int"),
        LockExample("ALTER TABLE s.t ADD COLUMN d int REFERENCES s.u"),
        LockExample("ALTER TABLE s.t DROP COLUMN c"),
        LockExample("ALTER TABLE s.t ALTER COLUMN c TYPE text"),
        LockExample("ALTER TABLE s.t ALTER COLUMN a SET DEFAULT 1"),
        LockExample("ALTER TABLE s.t ALTER COLUMN a SET NOT NULL"),
        LockExample("ALTER TABLE s.t ALTER COLUMN a SET STATISTICS 500"),
        LockExample("ALTER TABLE s.t ALTER COLUMN a SET (n_distinct = 5)"),
        LockExample("ALTER TABLE s.t ALTER COLUMN b SET STORAGE EXTERNAL"),
        LockExample("ALTER TABLE s.t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY"),
        LockExample("ALTER TABLE s.t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES s.u"),
        LockExample("ALTER TABLE s.t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES s.u NOT VALID"),
        LockExample("ALTER TABLE s.t ADD CONSTRAINT k CHECK (a < 9)"),
        LockExample("ALTER TABLE s.t ADD CONSTRAINT k CHECK (a < 9) NOT VALID"),
        LockExample("ALTER TABLE s.t ADD CONSTRAINT k UNIQUE (a)"),
        LockExample("ALTER TABLE s.t ADD CONSTRAINT k UNIQUE USING INDEX t_b"),
        LockExample("ALTER TABLE s.t ADD CONSTRAINT k EXCLUDE (a WITH =)"),
        LockExample("ALTER TABLE s.t VALIDATE CONSTRAINT t_check"),
        LockExample("ALTER TABLE s.w VALIDATE CONSTRAINT w_fk", hidden: ["s.u": .rowShare]),
        LockExample("ALTER TABLE s.t DROP CONSTRAINT t_check"),
        LockExample("ALTER TABLE s.w DROP CONSTRAINT w_fk", hidden: ["s.u": .accessExclusive]),
        LockExample("ALTER TABLE s.t SET (fillfactor = 80)"),
        LockExample("ALTER TABLE s.t SET (autovacuum_enabled = off, parallel_workers = 2)"),
        LockExample("ALTER TABLE s.t SET (user_catalog_table = true)"),
        LockExample("ALTER TABLE s.t SET (toast.autovacuum_enabled = off)"),
        LockExample("ALTER TABLE s.t RESET (fillfactor)"),
        LockExample("ALTER TABLE s.t CLUSTER ON t_a"),
        LockExample("ALTER TABLE s.u DISABLE TRIGGER g"),
        LockExample("ALTER TABLE s.u ENABLE TRIGGER ALL"),
        LockExample("ALTER TABLE s.q DISABLE RULE r"),
        LockExample("ALTER TABLE s.t ENABLE ROW LEVEL SECURITY"),
        LockExample("ALTER TABLE s.t REPLICA IDENTITY FULL"),
        LockExample("ALTER TABLE s.t OWNER TO granary"),
        LockExample("ALTER TABLE s.t SET UNLOGGED"),
        LockExample("ALTER TABLE s.t SET SCHEMA other"),
        LockExample("ALTER TABLE s.t RENAME TO tt"),
        LockExample("ALTER TABLE s.t RENAME COLUMN a TO aa"),
        LockExample("ALTER TABLE s.t RENAME CONSTRAINT t_check TO tc"),
        LockExample("ALTER TABLE s.t ALTER a SET STATISTICS 5, VALIDATE CONSTRAINT t_check"),
        LockExample("ALTER TABLE s.t ALTER a SET STATISTICS 5, ADD COLUMN d int"),
        LockExample("ALTER TABLE s.p ATTACH PARTITION s.q FOR VALUES IN (5)"),
        LockExample("ALTER TABLE s.p DETACH PARTITION s.p1"),
        LockExample("ALTER TABLE s.q INHERIT s.parent"),
        LockExample("ALTER TABLE s.child NO INHERIT s.parent"),
        LockExample("ALTER TYPE s.comp ADD ATTRIBUTE b int"),
        LockExample("ALTER TYPE s.e ADD VALUE 'y'"),
    ]

    private static let objects: [LockExample] = [
        LockExample("CREATE TRIGGER x BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()"),
        LockExample(
            "CREATE CONSTRAINT TRIGGER x AFTER INSERT ON s.t FROM s.u FOR EACH ROW EXECUTE FUNCTION s.f()"
        ),
        LockExample("DROP TRIGGER g ON s.u"),
        LockExample("ALTER TRIGGER g ON s.u RENAME TO gg"),
        LockExample("CREATE POLICY z ON s.t USING (true)"),
        LockExample("ALTER POLICY y ON s.u USING (false)"),
        LockExample("DROP POLICY y ON s.u"),
        LockExample("ALTER POLICY y ON s.u RENAME TO yy"),
        LockExample("CREATE RULE x AS ON INSERT TO s.t DO ALSO NOTHING"),
        LockExample("DROP RULE r ON s.q"),
        LockExample("CREATE STATISTICS s.x ON id, a FROM s.t"),
        LockExample("DROP STATISTICS s.st", hidden: ["s.u": .shareUpdateExclusive]),
        LockExample("CREATE VIEW s.new AS SELECT t.* FROM s.t, s.u"),
        LockExample("CREATE OR REPLACE VIEW s.v AS SELECT id, a FROM s.t"),
        LockExample("DROP VIEW s.v"),
        LockExample("ALTER VIEW s.v RENAME TO vv"),
        LockExample("ALTER VIEW s.v SET (security_barrier = true)"),
        LockExample("CREATE MATERIALIZED VIEW s.new AS SELECT * FROM s.t"),
        LockExample("REFRESH MATERIALIZED VIEW s.m"),
        LockExample("REFRESH MATERIALIZED VIEW CONCURRENTLY s.m"),
        LockExample("CREATE SEQUENCE s.new OWNED BY s.t.a"),
        LockExample("ALTER SEQUENCE s.n INCREMENT 5"),
        LockExample("ALTER SEQUENCE s.n OWNED BY s.t.a"),
        LockExample("ALTER SEQUENCE s.n RENAME TO nn"),
        LockExample("DROP SEQUENCE s.n"),
        LockExample("CREATE PUBLICATION pub FOR TABLE s.t"),
        LockExample("CREATE FUNCTION s.h() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM s.t'"),
        LockExample("CREATE FUNCTION s.h() RETURNS void LANGUAGE sql AS 'UPDATE s.t SET a = 1; SELECT'"),
        LockExample(
            "CREATE FUNCTION s.h() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT 1 FROM s.t); END'"
        ),
        LockExample("CREATE FUNCTION s.h() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM s.t; END"),
        LockExample("DO $$ BEGIN IF true THEN UPDATE s.t SET a = 1; END IF; END $$"),
        LockExample("DO $$ BEGIN ALTER TABLE s.t ADD COLUMN z int; END $$"),
    ]

    private static let queries: [LockExample] = [
        LockExample("SELECT * FROM s.t WHERE id IN (SELECT id FROM s.u)"),
        LockExample("SELECT * FROM s.t FOR UPDATE"),
        LockExample("SELECT * FROM s.t JOIN s.u USING (id) FOR SHARE OF u"),
        LockExample("SELECT * FROM s.t AS x, s.u FOR NO KEY UPDATE OF x"),
        LockExample("WITH t AS (SELECT * FROM s.u) SELECT * FROM t"),
        LockExample("SELECT * FROM (SELECT * FROM s.t UNION SELECT 1, 2, 'x', 'y' FROM s.u) AS x"),
        LockExample("INSERT INTO s.t (id) SELECT id FROM s.u"),
        LockExample("INSERT INTO s.t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 2"),
        LockExample("UPDATE s.t SET a = u.a FROM s.u WHERE u.id = t.id"),
        LockExample("DELETE FROM s.t USING s.u WHERE u.id = t.id"),
        LockExample("MERGE INTO s.t USING s.u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = 1"),
        LockExample("WITH gone AS (DELETE FROM s.q RETURNING id) INSERT INTO s.t (id) SELECT id FROM gone"),
        LockExample("EXPLAIN UPDATE s.t SET a = 1"),
        LockExample("PREPARE x AS DELETE FROM s.t"),
        LockExample("DECLARE x CURSOR FOR SELECT * FROM s.t"),
    ]

    /// Statements, each with the table whose lock it waits for.
    static let outsideTransactions = [
        ("CREATE INDEX CONCURRENTLY i ON s.t (b)", "t"), ("REINDEX TABLE CONCURRENTLY s.t", "t"), ("VACUUM s.t", "t"),
        ("VACUUM (FULL) s.t", "t"), ("ALTER TABLE s.p DETACH PARTITION s.p1 CONCURRENTLY", "p"),
    ]
}
