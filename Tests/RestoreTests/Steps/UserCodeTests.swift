import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// User code that a restore runs (materialized views, CHECKs, expression indexes, generated columns) sees the settings
/// of its database.
@Suite(.serialized)
struct UserCodeTests {
    private static let settings = [
        "TimeZone": "Asia/Tokyo", "DateStyle": "SQL, DMY", "IntervalStyle": "iso_8601", "lc_time": "POSIX",
        "lc_monetary": "POSIX", "lc_numeric": "POSIX", "default_text_search_config": "pg_catalog.german",
        "xmloption": "document", "xmlbinary": "hex", "bytea_output": "escape", "extra_float_digits": "-3",
        "array_nulls": "off", "transform_null_equals": "on", "app.tenant": "north",
    ]
    /// The settings that user code reads, one per line.
    private static let seen = """
        SELECT name, current_setting(name) AS value FROM unnest('{\(settings.keys.sorted().joined(separator: ","))}'::text[]) AS name
        """
    private static let expected = settings.sorted { $0.key < $1.key }.map { "\($0.key)|\($0.value)" }
        .joined(separator: "\n")

    private static let days = "SET DateStyle = ISO; SELECT day FROM per_day ORDER BY 1"

    /// A CHECK, an expression index, a materialized view and a trigger function, each of which fails or gives another
    /// result under other settings.
    private static let schema = """
        CREATE TABLE event (at timestamptz, day date, CHECK (day = at::date));
        CREATE TABLE word (day text, CHECK (day::date = DATE '2024-02-01'));
        CREATE TABLE seen (name text, value text, CHECK (value = current_setting(name)));
        CREATE FUNCTION day(timestamptz) RETURNS date IMMUTABLE LANGUAGE sql AS 'SELECT $1::date';
        CREATE UNIQUE INDEX event_day ON event (day(at));
        CREATE MATERIALIZED VIEW per_day AS SELECT at::date AS day FROM event;
        CREATE MATERIALIZED VIEW view_of_settings AS \(seen);
        CREATE MATERIALIZED VIEW words AS SELECT to_tsvector('der Häuser') AS words;
        """
    private static let rows = """
        INSERT INTO event VALUES ('2024-01-01 03:00+09', '2024-01-01'), ('2023-12-31 23:00+09', '2023-12-31');
        INSERT INTO word VALUES ('01/02/2024');
        INSERT INTO seen \(seen);
        REFRESH MATERIALIZED VIEW per_day; REFRESH MATERIALIZED VIEW view_of_settings; REFRESH MATERIALIZED VIEW words;
        """

    /// Lends a database with the settings, the schema and the rows.
    private func withSettings(
        _ body: (_ server: ThrowawayServer, _ url: String, _ folder: ScratchFolder) async throws -> Void
    ) async throws {
        try await withDatabase("") { server, url, folder in
            try await Self.set(url)
            try await psql(url, Self.schema)
            try await psql(url, Self.rows)
            try await Self.expectSeen(url)
            try await body(server, url, folder)
        }
    }

    private static func set(_ url: String) async throws {
        for (name, value) in settings {
            try await psql(url, "ALTER DATABASE \"\(url.databaseName)\" SET \(name) = '\(value)'")
        }
    }

    /// The content of the views, after checking that the CHECKs and the index are right.
    private static func expectSeen(_ url: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let days = try await psql(url, days)
        #expect(days == "2023-12-31\n2024-01-01", sourceLocation: sourceLocation)
        let seen = try await psql(url, "SELECT name, value FROM view_of_settings ORDER BY name COLLATE \"C\"")
        let wanted = expected.split(separator: "\n").sorted().joined(separator: "\n")
        #expect(seen.split(separator: "\n").sorted().joined(separator: "\n") == wanted, sourceLocation: sourceLocation)
        try await #expect(psql(url, "SELECT words FROM words") == "'haus':2", sourceLocation: sourceLocation)
        #expect(
            try await psql(url, "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM word)") == "2|1",
            sourceLocation: sourceLocation
        )
    }

    @Test func aNewDatabaseIsFilledUnderTheSettingsOfTheArchive() async throws {
        try await withSettings { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { name in
                try await restore(folder.file("a.zip"), server.url(database: "postgres")) { $0.into = name }
                try await Self.expectSeen(server.url(database: name))
            }
        }
    }

    @Test func aDatabaseThatIsReplacedKeepsItsSettingsAndIsFilledUnderThem() async throws {
        try await withSettings { _, url, folder in
            try await psql(url, "ALTER DATABASE \"\(url.databaseName)\" RESET ALL")
            try await backup(url, to: folder.file("a.zip"))
            try await Self.set(url)
            try await restore(folder.file("a.zip"), url) { $0.dropOld = true }
            try await Self.expectSeen(url)
        }
    }

    @Test func theRestoringRolesOwnSettingsDoNotCount() async throws {
        try await withSettings { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(
                url,
                "CREATE ROLE elsewhere LOGIN SUPERUSER; ALTER ROLE elsewhere SET TimeZone = 'America/New_York'; ALTER ROLE elsewhere SET xmloption = content"
            )
            let role = { (url: String) in url.replacing("user=granary", with: "user=elsewhere") }
            try await restore(folder.file("a.zip"), role(url)) { $0.inPlace = true }
            try await Self.expectSeen(url)
            // This database has no settings of its own; those of the server are in its configuration.
            try await psql(url, "ALTER DATABASE \"\(url.databaseName)\" RESET ALL")
            try await server.withName { name in
                try await server.execute("CREATE DATABASE \(name)")
                let there = server.url(database: name)
                try await psql(there, "CREATE TABLE zone (zone text, CHECK (zone = current_setting('TimeZone')))")
                try await psql(there, "INSERT INTO zone SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'")
                try await backup(there, to: folder.file("zone.zip"))
                try await restore(folder.file("zone.zip"), role(there)) { $0.dropOld = true }
                try await #expect(psql(there, "SELECT count(*) FROM zone") == "1")
            }
            try await psql(url, "DROP ROLE elsewhere")
        }
    }

    @Test func inPlaceAndPartsUseTheSettingsOfTheTarget() async throws {
        try await withSettings { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await restore(folder.file("a.zip"), url) { $0.inPlace = true }
            try await Self.expectSeen(url)
            try await restore(folder.file("a.zip"), url) { $0.schemas = ["public"] }
            try await Self.expectSeen(url)
            try await restore(folder.file("a.zip"), url) { $0.dataOnly = true }
            try await Self.expectSeen(url)
        }
    }

    @Test func rowsThatAreMissingAreAddedUnderTheSettingsOfTheTarget() async throws {
        try await withSettings { _, url, folder in
            try await psql(
                url,
                "CREATE TABLE noted (id integer PRIMARY KEY, amount money, at timestamptz, day date, CHECK (day = at::date)); INSERT INTO noted VALUES (1, '1.50', '2024-01-01 03:00+09', '2024-01-01'), (2, '2.50', '2024-01-01 03:00+09', '2024-01-01')"
            )
            try await backup(url, to: folder.file("a.zip"))
            try await psql(url, "DELETE FROM noted WHERE id = 2")
            try await restore(folder.file("a.zip"), url) {
                $0.tables = [.init(table: "noted")]
                $0.rows = .missing
            }
            try await #expect(psql(url, "SELECT id, amount FROM noted ORDER BY id") == "1|$1.50\n2|$2.50")
        }
    }

    /// Values that have another meaning under the database's settings.
    @Test func rowsAreReadAsTheyWereWritten() async throws {
        try await withSettings { server, url, folder in
            try await psql(
                url,
                """
                DROP MATERIALIZED VIEW view_of_settings; DELETE FROM seen WHERE name = 'app.tenant';
                SET array_nulls = on; SET xmloption = content;
                CREATE DOMAIN list AS integer[];
                CREATE TABLE mixed (list integer[], other list, doc xml, span interval, day date, price money, bytes bytea, number float8);
                INSERT INTO mixed VALUES ('{1,NULL}', '{NULL}', 'just <b>text</b>', '-1 mons -2 days +03:00', '0099-02-01 BC', '-1234.56', '\\x00ff5c', 0.1 + 0.2);
                CREATE TABLE listed (list integer[] DEFAULT '{NULL,1}', doc xml DEFAULT 'a <i>text</i>');
                """
            )
            let all = """
                SET xmloption = content; SET IntervalStyle = postgres; SET bytea_output = hex; SET DateStyle = ISO; SET extra_float_digits = 3;
                SELECT list, other, doc, span, day, price, bytes, number FROM mixed
                """
            let before = try await psql(url, all)
            try await backup(url, to: folder.file("a.zip"))
            try await plainDump(url, folder.file("a.sql"))
            for file in ["a.zip", "a.sql"] {
                try await server.withName { name in
                    try await restore(folder.file(file), server.url(database: "postgres")) { $0.into = name }
                    try await #expect(psql(server.url(database: name), all) == before, "\(file)")
                    let defaults = "SET xmloption = content; INSERT INTO listed DEFAULT VALUES RETURNING list, doc"
                    #expect(
                        try await psql(server.url(database: name), defaults) == "{NULL,1}|a <i>text</i>",
                        "\(file)"
                    )
                }
                if file == "a.zip" {
                    try await restore(folder.file(file), url) { $0.inPlace = true }
                    try await #expect(psql(url, all) == before, "in place")
                }
            }
        }
    }

    @Test func aPlainDumpCarriesTheSettingsAndTheTargetsOwnComeFirst() async throws {
        try await withSettings { server, url, folder in
            try await psql(
                url,
                "ALTER DATABASE \"\(url.databaseName)\" RESET app.tenant; DROP MATERIALIZED VIEW view_of_settings; DELETE FROM seen WHERE name = 'app.tenant'"
            )
            try await plainDump(url, folder.file("a.sql"))
            try await server.withName { name in
                try await restore(folder.file("a.sql"), server.url(database: "postgres")) { $0.into = name }
                try await #expect(psql(server.url(database: name), Self.days) == "2023-12-31\n2024-01-01")
            }
            try await psql(
                url,
                "ALTER DATABASE \"\(url.databaseName)\" SET TimeZone = 'UTC'; ALTER TABLE event DROP CONSTRAINT event_check"
            )
            try await plainDump(url, folder.file("b.sql"))
            try await Self.set(url)
            try await restore(folder.file("b.sql"), url) { $0.dropOld = true }
            try await #expect(psql(url, Self.days) == "2023-12-31\n2024-01-01")
        }
    }

    private func plainDump(_ url: String, _ file: String) async throws {
        var options = BackupOptions(output: .file(path: file, overwrite: false))
        options.format = .sql
        _ = try await BackupRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in }).run()
    }

    @Test func aPlainDumpOfPgDumpRunsUnderTheSettingsOfTheTarget() async throws {
        try await withSettings { _, url, folder in
            // pg_dump sets some of them itself.
            try await psql(url, "DROP MATERIALIZED VIEW view_of_settings; DROP TABLE seen")
            let dump = try await runCommand("pg_dump", [url])
            _ = try folder.write(dump.stdout, to: "a.sql")
            try await restore(folder.file("a.sql"), url) { $0.dropOld = true }
            try await #expect(psql(url, Self.days) == "2023-12-31\n2024-01-01")
            try await #expect(psql(url, "SELECT count(*) FROM event") == "2")
        }
    }

    @Test func theScriptForPsqlUsesTheSettingsToo() async throws {
        try await withSettings { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            _ = try await runCommand("unzip", [folder.file("a.zip"), "-d", folder.file("a")])
            try await server.withName { name in
                try await server.execute("CREATE DATABASE \(name)")
                let there = server.url(database: name)
                let outcome = try await runCommand(
                    "psql",
                    ["-X", "-d", there, "-f", "restore.sql"],
                    workingDirectory: folder.file("a")
                )
                #expect(outcome.status == 0, "\(outcome.stderr)")
                try await #expect(psql(there, Self.days) == "2023-12-31\n2024-01-01")
            }
        }
    }

    /// Settings with which a database protects itself, or loads libraries, do not apply to a restore.
    @Test func timeOutsReadOnlyAndReplicaModeStayOurs() async throws {
        try await withDatabase(
            """
            CREATE TABLE up (id integer PRIMARY KEY); CREATE TABLE down (id integer REFERENCES up);
            INSERT INTO up VALUES (1); INSERT INTO down VALUES (1);
            CREATE MATERIALIZED VIEW slow AS SELECT pg_sleep(0.2)::text, current_setting('session_replication_role') AS role;
            """
        ) { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let name = url.databaseName
            try await psql(
                url,
                """
                ALTER DATABASE "\(name)" SET statement_timeout = '100ms';
                ALTER DATABASE "\(name)" SET session_replication_role = replica;
                """
            )
            try await restore(folder.file("a.zip"), url) { $0.inPlace = true }
            try await #expect(psql(url, "SELECT role FROM slow") == "origin")
            try await restore(folder.file("a.zip"), url) { $0.dropOld = true }
            try await #expect(psql(url, "SELECT role FROM slow") == "origin")
        }
    }

    private static let relying = """
        CREATE TABLE rate (value integer); INSERT INTO rate VALUES (2);
        CREATE FUNCTION rate() RETURNS integer STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(value) FROM rate); END';
        """

    @Test(
        arguments: [
            ("CREATE MATERIALIZED VIEW v AS SELECT rate()", "materialized view data public.v"),
            ("CREATE TABLE t (a integer CHECK (a <= rate())); INSERT INTO t VALUES (1)", "table public.t"),
            (
                "CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 * rate()'; CREATE TABLE t (a integer); INSERT INTO t VALUES (1); CREATE INDEX i ON t (f(a))",
                "index public.i"
            ),
        ]
    )
    func aFunctionThatReliesOnTheSearchPathIsToldHowToBeChanged(_ code: String, _ place: String) async throws {
        try await withDatabase(Self.relying + code) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await plainDump(url, folder.file("a.sql"))
            for (file, inPlace) in [("a.zip", false), ("a.zip", true), ("a.sql", false)] {
                let (message, hint) = await complaint {
                    try await restore(folder.file(file), url) { $0.inPlace = inPlace }
                }
                #expect(hint?.contains("ALTER FUNCTION … SET search_path") == true, "\(file): \(message)")
                if file == "a.zip" { #expect(message.hasPrefix(place), "\(message)") }
            }
            try await #expect(psql(url, "SELECT rate()") == "2")
        }
    }

    /// A name that is missing for another reason gets no such hint.
    @Test func anotherMissingNameIsNotPutDownToTheSearchPath() async throws {
        try await withDatabase(
            """
            CREATE FUNCTION lost() RETURNS integer STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT 1 FROM public.lost); END';
            CREATE MATERIALIZED VIEW v AS SELECT lost() WITH NO DATA;
            CREATE TABLE t (a regclass);
            """
        ) { _, url, folder in
            try await psql(url, "CREATE TABLE lost (a integer)")
            try await psql(url, "REFRESH MATERIALIZED VIEW v; DROP TABLE lost")
            try await backup(url, to: folder.file("a.zip"))
            let (message, hint) = await complaint { try await restore(folder.file("a.zip"), url) }
            #expect(message.contains("public.lost"))
            #expect(hint?.contains("search_path") != true)
        }
    }

    private func complaint(_ body: () async throws -> some Any) async -> (message: String, hint: String?) {
        do {
            _ = try await body()
            Issue.record("no error was thrown")
            return ("", nil)
        } catch let error as RestoreError {
            return (error.message, error.hint)
        } catch let error as PostgresError {
            return (error.description, error.hint)
        } catch {
            return ("\(error)", nil)
        }
    }
}
