/// A small database with everything that breaks careless dumps: names, values, order, kinds of objects.
package enum TrickyDatabase {
    /// Rows in tables, and tables with rows of their own (not partitioned parents).
    package static let rows = 24
    package static let tables = 11

    package static let sql = #"""
        CREATE SCHEMA "odd ""schema;";
        COMMENT ON SCHEMA "odd ""schema;" IS E'two\nlines;\n\\restrict x\n\\! true';
        CREATE TYPE mood AS ENUM ('so;so', 'it''s', 'back\slash');
        CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
        CREATE TABLE "odd ""schema;"."from stdin;" (
            "from" integer PRIMARY KEY, "stdin" text, m mood, b bytea, f double precision, n numeric, t timestamptz,
            a text[], j jsonb, p positive, doubled integer GENERATED ALWAYS AS ("from" * 2) STORED);
        INSERT INTO "odd ""schema;"."from stdin;" VALUES
            (1, E'tab\there\nnewline\\backslash\r', 'so;so', '\x00ff5c2e', 'NaN', 'NaN', '2026-01-01 12:00+02',
                '{"a,b","c\"d",NULL}', '{"k": "v\\"}', 1),
            (2, E'\\.', 'it''s', '\x', '-Infinity', 1e30, 'infinity', '{}', 'null', 2),
            (3, '', 'back\slash', NULL, 1e-300, 0.00, '4713-01-01 BC', NULL, NULL, NULL),
            (4, NULL, NULL, NULL, 0.1, 12345678901234567890.1234567890, NULL, NULL, NULL, NULL),
            (5, 'üöä € 日本語 😀', NULL, NULL, 3, 3, NULL, NULL, NULL, NULL),
            (6, E'\\N', NULL, NULL, 3, 3, NULL, NULL, NULL, NULL);
        CREATE TABLE no_columns ();
        INSERT INTO no_columns DEFAULT VALUES;
        INSERT INTO no_columns DEFAULT VALUES;
        CREATE TABLE chicken (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, egg integer NOT NULL);
        CREATE TABLE egg (id serial PRIMARY KEY, chicken integer NOT NULL REFERENCES chicken DEFERRABLE);
        ALTER TABLE chicken ADD FOREIGN KEY (egg) REFERENCES egg DEFERRABLE INITIALLY DEFERRED;
        BEGIN;
        INSERT INTO chicken (egg) VALUES (1), (2);
        INSERT INTO egg (chicken) VALUES (1), (2);
        COMMIT;
        SELECT setval('egg_id_seq', 77, false);
        CREATE SEQUENCE backwards INCREMENT -3 MINVALUE -1000 MAXVALUE -1;
        SELECT nextval('backwards');
        CREATE TABLE measured (day date NOT NULL, value integer) PARTITION BY RANGE (day);
        CREATE TABLE measured_old PARTITION OF measured FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
        CREATE TABLE measured_new PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
        INSERT INTO measured VALUES ('2025-12-31', 1), ('2026-01-01', 2), ('2026-02-01', 3);
        CREATE TABLE parent (a integer);
        CREATE TABLE child (b integer) INHERITS (parent);
        INSERT INTO parent VALUES (1);
        INSERT INTO child VALUES (2, 3), (4, 5);
        CREATE UNLOGGED TABLE scratch (a text);
        INSERT INTO scratch VALUES ('kept');
        CREATE TABLE log (entry text, CHECK (entry <> ';'));
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            INSERT INTO public.log VALUES ('$$ ; ''' || TG_OP);
            RETURN NEW; -- a ' quote
        END $body$;
        CREATE TRIGGER parent_note AFTER INSERT ON parent FOR EACH ROW EXECUTE FUNCTION note();
        INSERT INTO parent VALUES (10), (11);
        CREATE FUNCTION atomic(a integer) RETURNS integer LANGUAGE sql
        BEGIN ATOMIC
            SELECT 1;
            SELECT CASE WHEN a > 1 THEN (CASE a WHEN 2 THEN 22 END) ELSE 0 END;
        END;
        CREATE FUNCTION quoted() RETURNS text LANGUAGE sql AS E'SELECT \'\\\\\';';
        CREATE TABLE ruled (a integer);
        CREATE RULE twice AS ON INSERT TO ruled DO ALSO (INSERT INTO log VALUES ('r;'); DELETE FROM log WHERE entry = 'r;');
        INSERT INTO ruled VALUES (1);
        CREATE VIEW seen AS SELECT ';' AS semicolon, '\' AS backslash, count(*) FROM parent;
        CREATE MATERIALIZED VIEW summed AS SELECT sum(value) AS total FROM measured;
        CREATE INDEX ON "odd ""schema;"."from stdin;" (lower("stdin")) WHERE "stdin" <> ';';
        ALTER TABLE egg ENABLE ROW LEVEL SECURITY;
        CREATE POLICY "odd;policy" ON egg USING (chicken > 0);
        GRANT SELECT ON egg TO PUBLIC;
        GRANT INSERT (chicken) ON egg TO pg_monitor WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
        SELECT lo_from_bytea(70001, convert_to(repeat('large; object\ ', 40000), 'UTF8'));
        SELECT lo_create(70002);
        SELECT lo_from_bytea(70003, '\x5c2e0a');
        COMMENT ON LARGE OBJECT 70003 IS 'it''s; a \. comment';
        GRANT SELECT ON LARGE OBJECT 70003 TO pg_monitor;
        """#

    /// The output of pg_dump without its random keys: equal for equal databases.
    package static func dump(_ url: String, _ arguments: [String] = []) async throws -> String {
        let outcome = try await runCommand("pg_dump", ["-d", url] + arguments)
        guard outcome.status == 0 else { throw CommandFailure(description: "pg_dump: \(outcome.stderr)") }
        return outcome.stdout.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("\\restrict ") && !$0.hasPrefix("\\unrestrict ") }.joined(separator: "\n")
    }
}
