import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

@Suite struct ChoosingTests {
    private static let source = """
        CREATE SCHEMA shop; CREATE SCHEMA audit; CREATE EXTENSION citext;
        CREATE TABLE shop.orders (id int PRIMARY KEY); INSERT INTO shop.orders VALUES (1), (2);
        CREATE TABLE shop.orders_old (id int REFERENCES shop.orders); INSERT INTO shop.orders_old VALUES (1);
        CREATE TABLE shop."Odd*" (id int); INSERT INTO shop."Odd*" VALUES (7);
        CREATE TABLE audit.events (id int PRIMARY KEY, at date) PARTITION BY LIST (id);
        CREATE TABLE audit.events_1 PARTITION OF audit.events FOR VALUES IN (1);
        INSERT INTO audit.events VALUES (1, NULL);
        CREATE TABLE public.log (id int PRIMARY KEY, name citext); INSERT INTO public.log VALUES (1, 'a');
        CREATE TABLE public.note (log int REFERENCES public.log); INSERT INTO public.note VALUES (1);
        CREATE VIEW public.recent AS SELECT * FROM public.log;
        CREATE VIEW public.very_recent AS SELECT * FROM public.recent;
        COMMENT ON VIEW public.recent IS 'c';
        """

    private func tables(of file: String) throws -> [String] {
        try manifest(of: file).tables.map { "\($0.schema).\($0.name)" }.sorted()
    }

    @Test(arguments: [
        (["shop.orders*"], ["shop.orders", "shop.orders_old"]), (["orders_ol?"], ["shop.orders_old"]),
        (["shop.orders"], ["shop.orders"]), (["shop.\"Odd*\""], ["shop.Odd*"]), (["Odd*"], ["shop.Odd*"]),
        (["(log|note)"], ["public.log", "public.note"]), (["*.events"], ["audit.events", "audit.events_1"]),
    ])
    func `A backup takes the tables that psql's patterns fit`(patterns: [String], expected: [String]) async throws {
        try await withDatabase(Self.source) { _, url, folder in
            try await backup(url, to: folder.file("a.zip")) { $0.tables = patterns }
            #expect(try tables(of: folder.file("a.zip")) == expected)
        }
    }

    @Test func `Schemas are patterns, too, and the manifest has their names`() async throws {
        try await withDatabase(Self.source) { _, url, folder in
            try await backup(url, to: folder.file("a.zip")) { $0.schemas = ["s?op"] }
            #expect(try manifest(of: folder.file("a.zip")).scope.schemas == ["shop"])
        }
    }

    @Test func `What is excluded is neither locked nor read, and needs no rights`() async throws {
        let server = try await ThrowawayServer.shared()
        let role = "granary_reader_\(UInt32.random(in: 0 ... .max))"
        try await withDatabase(
            Self.source
                + """
                ; CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA shop TO \(role);
                GRANT SELECT ON ALL TABLES IN SCHEMA shop, public TO \(role); REVOKE SELECT ON public.log FROM \(role);
                """
        ) { _, url, folder in
            let mine = url.replacing("user=\(ThrowawayServer.superuser)", with: "user=\(role)")
            _ = try await withHeldSession(
                ServerAddress(url),
                logger: quietLogger,
                prepare: { try $0.execute("BEGIN; LOCK TABLE public.log, audit.events IN ACCESS EXCLUSIVE MODE") },
                while: { _ in
                    try await backup(mine, to: folder.file("a.zip")) {
                        ($0.excludedSchemas, $0.excludedTables) = (["aud*"], ["log"])
                    }
                }
            )
            #expect(
                try tables(of: folder.file("a.zip")) == ["public.note", "shop.Odd*", "shop.orders", "shop.orders_old"]
            )
            try await psql(url, "DROP OWNED BY \(role)")
        }
        try await server.execute("DROP ROLE \(role)")
    }

    @Test func `What needs something excluded is left out, named, and the rest comes back`() async throws {
        try await withDatabase(Self.source) { server, url, folder in
            let report = try await backup(url, to: folder.file("a.zip")) { $0.excludedTables = ["log"] }
            #expect(
                report.notes.contains { $0.contains("view public.recent") && $0.contains("fk constraint public.note") }
            )
            let scope = try manifest(of: folder.file("a.zip")).scope
            #expect(scope.isWholeDatabase)
            #expect(scope.excluded?.tables == ["public.log"])
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) { $0.into = name }
                let new = server.url(database: name)
                try await #expect(
                    psql(
                        new,
                        "SELECT to_regclass('log') IS NULL, to_regclass('very_recent') IS NULL, count(*) FROM note"
                    ) == "t|t|1"
                )
                try await #expect(psql(new, "SELECT count(*) FROM pg_extension WHERE extname = 'citext'") == "1")
            }
        }
    }

    // If the backup contained something that needs an excluded object, the restore would fail.
    @Test func `Of an excluded schema types, functions and sequences are not needed by what stays`() async throws {
        let source = """
            CREATE SCHEMA aux; CREATE SCHEMA shop;
            CREATE TYPE aux.mood AS ENUM ('a'); CREATE FUNCTION aux.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
            CREATE TABLE aux.log (id int); CREATE VIEW aux.v AS SELECT * FROM aux.log; CREATE EXTENSION citext SCHEMA aux;
            CREATE FUNCTION shop.g(aux.mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE DOMAIN shop.d AS int CHECK (aux.f(VALUE) > 0); CREATE TYPE shop.pair AS (a aux.mood);
            CREATE VIEW shop.w AS SELECT * FROM aux.v;
            CREATE TABLE shop.orders (id int PRIMARY KEY); CREATE INDEX odd ON shop.orders (aux.f(id));
            INSERT INTO shop.orders VALUES (1);
            """
        try await withDatabase(source) { server, url, folder in
            let report = try await backup(url, to: folder.file("a.zip")) { $0.excludedSchemas = ["aux"] }
            let note = try #require(report.notes.first { $0.contains("need what is excluded") })
            for title in ["shop.g(", "domain shop.d", "type shop.pair", "view shop.w", "index shop.odd"] {
                #expect(note.contains(title), "\(title): \(note)")
            }
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) { $0.into = name }
                try await #expect(psql(server.url(database: name), "SELECT count(*) FROM shop.orders") == "1")
            }
        }
    }

    @Test(arguments: [
        "a int DEFAULT nextval('aux.s')", "a aux.mood", "a aux.mood[]", "a int CHECK (aux.f(a) > 0)",
        "a int GENERATED ALWAYS AS (aux.f(1)) STORED",
    ])
    func `A table that cannot be made without something excluded is refused`(column: String) async throws {
        let source = """
            CREATE SCHEMA aux; CREATE SEQUENCE aux.s; CREATE TYPE aux.mood AS ENUM ('a');
            CREATE FUNCTION aux.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
            CREATE TABLE public.note (\(column));
            """
        try await withDatabase(source) { _, url, folder in
            let error = await #expect(throws: BackupError.self) {
                try await backup(url, to: folder.file("a.zip")) { $0.excludedSchemas = ["aux"] }
            }
            #expect(error?.message.hasPrefix("public.note needs what is excluded") == true)
            #expect(error?.hint == "exclude it, too: --exclude-table 'public.note'")
            let report = try await backup(url, to: folder.file("b.zip")) {
                ($0.excludedSchemas, $0.excludedTables) = (["aux"], ["note"])
            }
            #expect(report.tables == 0)
        }
    }

    @Test func `What belongs to a table that stays is not left out with it`() async throws {
        let source = """
            CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
            CREATE TABLE log (id int PRIMARY KEY);
            CREATE TABLE note (id int PRIMARY KEY, log int REFERENCES log); CREATE TABLE remark (note int REFERENCES note);
            """
        try await withDatabase(source) { _, url, folder in
            let report = try await backup(url, to: folder.file("a.zip")) { $0.excludedTables = ["log", "parent"] }
            #expect(report.notes.contains("left out with their parents: public.child"))
            let names = try manifest(of: folder.file("a.zip")).schema.filter { $0.section == .postData }.map(\.name)
            #expect(Set(names) == ["note note_pkey", "remark remark_note_fkey"])
        }
    }

    @Test func `A name in SQL_ASCII is excluded by its bytes`() async throws {
        let options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        let source = """
            DO $$ BEGIN EXECUTE format('CREATE TABLE %I (id int)', 't' || convert_from('\\xe9', 'SQL_ASCII')); END $$;
            CREATE TABLE t (id int);
            """
        try await withDatabase(source, options: options) { _, url, folder in
            try await backup(url, to: folder.file("a.zip")) { $0.excludedTables = ["t?"] }
            let manifest = try manifest(of: folder.file("a.zip"))
            #expect(manifest.tables.map(\.name) == ["t"])
            #expect(manifest.schema.filter { $0.kind == "TABLE" }.map(\.name) == ["t"])
        }
    }

    @Test func `A restore leaves out what is excluded and what needs it`() async throws {
        try await withDatabase(Self.source) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { name in
                let report = try await restore(folder.file("a.zip"), url) {
                    ($0.into, $0.excludedSchemas, $0.excludedTables) = (name, ["audit"], ["public.l*"])
                    $0.tablesWithoutData = ["shop.orders*"]
                }
                let new = server.url(database: name)
                let query = """
                    SELECT to_regnamespace('audit') IS NULL, to_regclass('log') IS NULL, to_regclass('recent') IS NULL,
                        (SELECT count(*) FROM shop.orders), (SELECT count(*) FROM note), (SELECT count(*) FROM shop."Odd*")
                    """
                try await #expect(psql(new, query) == "t|t|t|0|1|1")
                #expect(report.notes.contains { $0.contains("view public.very_recent") })
            }
        }
    }

    @Test(arguments: [("shop.ordrs", "did you mean shop.orders?"), ("evnts", "did you mean audit.events?")])
    func `A pattern without a match names the nearest`(pattern: String, hint: String) async throws {
        try await withDatabase(Self.source) { _, url, folder in
            let error = await #expect(throws: BackupError.self) {
                try await backup(url, to: folder.file("a.zip")) { $0.excludedTables = [pattern] }
            }
            #expect(error?.message == "there is no table \(pattern)")
            #expect(error?.hint == hint)
            try await backup(url, to: folder.file("b.zip"))
            let other = await failure {
                try await restore(folder.file("b.zip"), url) { $0.tables = [.init(table: pattern)] }
            }
            #expect(other?.message == "the archive has no table \(pattern)")
            #expect(other?.hint == hint)
        }
    }

    @Test func `A restore in place that would drop what is excluded is refused`() async throws {
        try await withDatabase(Self.source) { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let error = await failure {
                try await restore(folder.file("a.zip"), url) { ($0.inPlace, $0.excludedTables) = (true, ["log"]) }
            }
            #expect(error?.code == .selection)
            try await #expect(psql(url, "SELECT count(*) FROM log") == "1")
        }
    }

    @Test func `Without privileges an archive grants nothing`() async throws {
        let source =
            "CREATE TABLE t (a int); GRANT SELECT ON t TO PUBLIC; SELECT lo_create(5); GRANT SELECT ON LARGE OBJECT 5 TO PUBLIC;"
        try await withDatabase(source) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) { ($0.into, $0.noPrivileges) = (name, true) }
                let query = """
                    SELECT (SELECT relacl IS NULL FROM pg_class WHERE relname = 't'),
                        (SELECT lomacl IS NULL FROM pg_largeobject_metadata WHERE oid = 5)
                    """
                try await #expect(psql(server.url(database: name), query) == "t|t")
            }
        }
    }
}
