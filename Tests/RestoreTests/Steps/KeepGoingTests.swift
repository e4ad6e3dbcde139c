import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// An object that holds no rows never decides whether a restore succeeds; what is missing decides about the swap.
@Suite struct KeepGoingTests {
    private static let schema = """
        CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b');
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
        CREATE TRIGGER stamp BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stamp();
        CREATE VIEW names AS SELECT v FROM t; COMMENT ON VIEW names IS 'n';
        CREATE VIEW first_names AS SELECT min(v) AS v FROM names; GRANT SELECT ON names TO PUBLIC; REVOKE ALL ON names FROM PUBLIC;
        """

    /// Lends a database, an archive of it in which the items with these names fail, and a check that the target is
    /// unchanged.
    private func withBroken(
        _ names: Set<String>,
        _ body: (_ server: ThrowawayServer, _ url: String, _ file: String) async throws -> Void
    ) async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            try await backup(url, to: folder.file("whole.zip"))
            try editManifest(of: folder.file("whole.zip"), into: folder.file("a.zip")) { manifest in
                for index in manifest.schema.indices where names.contains(manifest.schema[index].title) {
                    manifest.schema[index].sql = "SELECT 1 / 0"
                    manifest.schema[index].index?.create = "SELECT 1 / 0"
                }
            }
            try await psql(url, "INSERT INTO t VALUES (3, 'c')")
            try await body(server, url, folder.file("a.zip"))
        }
    }

    private static let rows = "SELECT count(*) FROM t"

    @Test func whatDependsOnAnObjectIsListedUnderIt() async throws {
        try await withBroken(["VIEW names"]) { server, url, file in
            let report = try await restore(file, url) { $0.keepGoing = true }
            #expect(
                report.leftOut == [
                    LeftOut(
                        object: "view public.names",
                        reason: "division by zero (SQLSTATE 22012)",
                        effect: .missing,
                        dependents: ["comment public.VIEW names", "view public.first_names"]
                    )
                ]
            )
            #expect(report.swapped)
            try await #expect(psql(url, Self.rows) == "2")
            try await server.execute("DROP DATABASE \"\(try #require(report.kept))\"")
        }
    }

    @Test func theOldDatabaseIsNotDroppedWhereSomethingIsMissing() async throws {
        try await withBroken(["VIEW first_names"]) { server, url, file in
            let report = try await restore(file, url) {
                $0.keepGoing = true
                $0.dropOld = true
            }
            let kept = try #require(report.kept)
            try await #expect(psql(server.url(database: kept), Self.rows) == "3")
            #expect(report.notes == ["the old database was not dropped, because something was left out"])
            try await server.execute("DROP DATABASE \"\(kept)\"")
        }
    }

    @Test(arguments: ["TRIGGER t stamp", "CONSTRAINT t t_pkey"])
    func theNewDatabaseStaysBesideWhereItWouldBeUnprotected(name: String) async throws {
        try await withBroken([name]) { server, url, file in
            let report = try await restore(file, url) {
                $0.keepGoing = true
                $0.dropOld = true
            }
            #expect(report.leftOut.map(\.effect) == [.unprotected])
            #expect(!report.swapped)
            #expect(report.kept == nil)
            try await #expect(psql(url, Self.rows) == "3")
            let beside = try #require(report.beside)
            #expect(beside.contains("_restored_"))
            // The kept database is not mistaken for an unfinished one.
            let next = try await restore(file, url) { $0.keepGoing = true }
            try await #expect(psql(server.url(database: beside), Self.rows) == "2")
            let other = try #require(next.beside)
            try await server.execute("DROP DATABASE \"\(other)\"")
            // The statements that are printed swap the databases, and mark the old one as kept.
            let postgres = server.url(database: "postgres")
            try await psql(postgres, try #require(report.laterSwap))
            try await #expect(psql(url, Self.rows) == "2")
            let target = databaseName(of: url)
            let kept = try await psql(
                postgres,
                """
                SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database')
                    ~ ('^\(target) before the restore of .*, kept by granary as ' || datname || ' .database ' || oid)
                """
            )
            #expect(kept.hasPrefix("\(target)_before_"))
            try await server.execute("DROP DATABASE \"\(kept)\"")
        }
    }

    @Test func aDatabaseThatWasNotThereGetsItsName() async throws {
        try await withBroken(["TRIGGER t stamp"]) { server, url, file in
            try await server.withName { name in
                let report = try await restore(file, url) {
                    $0.keepGoing = true
                    $0.into = name
                }
                #expect(report.beside == nil)
                #expect(report.leftOut.map(\.object) == ["trigger public.t stamp"])
                try await #expect(psql(server.url(database: name), Self.rows) == "2")
            }
        }
    }

    @Test func inPlaceNothingIsLeftOut() async throws {
        try await withBroken(["VIEW first_names"]) { _, url, file in
            let error = await failure {
                try await restore(file, url) {
                    $0.keepGoing = true
                    $0.inPlace = true
                }
            }
            #expect(
                error?.message
                    == "nothing was changed, because 1 object could not be restored: view public.first_names (division by zero (SQLSTATE 22012))"
            )
            try await #expect(psql(url, Self.rows) == "3")
        }
    }

    @Test(arguments: [false, true]) func aTableIsNeverLeftOut(keepGoing: Bool) async throws {
        try await withBroken(["TABLE t"]) { server, url, file in
            let databases = try await server.databases().filter { $0.hasPrefix(databaseName(of: url)) }
            let error = await failure { try await restore(file, url) { $0.keepGoing = keepGoing } }
            #expect(error?.message == "table public.t could not be made: division by zero (SQLSTATE 22012)")
            try await #expect(psql(url, Self.rows) == "3")
            let after = try await server.databases().filter { $0.hasPrefix(databaseName(of: url)) }
            #expect(after == databases)
        }
    }

    @Test func withoutTheOptionTheFirstFailureEndsTheRestore() async throws {
        try await withBroken(["VIEW first_names"]) { _, url, file in
            let error = await failure { try await restore(file, url) }
            #expect(error?.message.hasPrefix("view public.first_names could not be made") == true)
            try await #expect(psql(url, Self.rows) == "3")
        }
    }

    /// One worker loads all chunks of a table in one transaction, and loads them again without the CHECK.
    @Test func rowsThatAreLoadedAgainAreCountedOnce() async throws {
        let schema = """
            CREATE FUNCTION fits(a int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
            CREATE TABLE t (a int, pad text, CONSTRAINT c CHECK (fits(a)));
            INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i;
            CREATE OR REPLACE FUNCTION fits(a int) RETURNS boolean LANGUAGE sql AS 'SELECT a <> 900';
            """
        try await withDatabase(schema) { _, url, folder in
            try await backup(url, to: folder.file("a.zip")) { $0.chunkBytes = 16 << 10 }
            #expect(try manifest(of: folder.file("a.zip")).tables[0].chunks.count > 2)
            let report = try await restore(folder.file("a.zip"), url) {
                ($0.allowInvalid, $0.dropOld, $0.jobs) = (true, true, 1)
            }
            #expect(report.rows == 1000)
            #expect(report.invalid == ["public.t c"])
            try await #expect(psql(url, "SELECT count(*), count(DISTINCT a) FROM t") == "1000|1000")
        }
    }

    @Test(arguments: ["--keep-going", "--allow-invalid"])
    func aMaterializedViewThatFailsStaysUnpopulated(option: String) async throws {
        let schema = """
            CREATE TABLE t (a integer); INSERT INTO t VALUES (1);
            CREATE MATERIALIZED VIEW inverse AS SELECT 10 / a AS x FROM t; CREATE MATERIALIZED VIEW above AS SELECT * FROM inverse;
            INSERT INTO t VALUES (0);
            """
        try await withDatabase(schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let report = try await restore(folder.file("a.zip"), url) {
                $0.keepGoing = option == "--keep-going"
                $0.allowInvalid = option == "--allow-invalid"
            }
            #expect(
                report.leftOut == [
                    LeftOut(
                        object: "rows of materialized view public.inverse",
                        reason: "division by zero (SQLSTATE 22012)",
                        effect: .missing,
                        dependents: ["rows of materialized view public.above"]
                    )
                ]
            )
            try await #expect(psql(url, "SELECT count(*) FROM pg_matviews WHERE NOT ispopulated") == "2")
            try await server.execute("DROP DATABASE \"\(try #require(report.kept))\"")
        }
    }
}

/// If statistics or settings of the backup cannot be restored, the server's own apply, and the restore succeeds.
@Suite struct FallbackTests {
    @Test func statisticsThatCannotBeGatheredAreNamed() async throws {
        let schema = """
            CREATE TABLE t (a integer); CREATE STATISTICS s ON (10 / a) FROM t; INSERT INTO t VALUES (0); CREATE TABLE u (a integer);
            INSERT INTO u VALUES (1);
            """
        try await withDatabase(schema) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let dump = try await runCommand("pg_dump", ["-d", url, "-f", folder.file("a.sql")])
            #expect(dump.status == 0)
            for file in ["a.zip", "a.sql"] {
                let report = try await restore(folder.file(file), url) { $0.dropOld = true }
                #expect(
                    report.leftOut == [
                        LeftOut(
                            object: "statistics of public.t",
                            reason: "division by zero (SQLSTATE 22012)",
                            effect: .fallback
                        )
                    ]
                )
                #expect(report.kept == nil)
                #expect(
                    report.notes == [
                        "left out, because division by zero (SQLSTATE 22012): statistics of public.t"
                    ]
                )
                try await #expect(psql(url, "SELECT reltuples FROM pg_class WHERE relname = 'u'") == "1")
            }
        }
    }

    @Test func settingsThatOnlyASuperuserMaySetAreNamed() async throws {
        try await withDatabase("CREATE TABLE t (a integer)") { server, url, folder in
            let role = "plain_\(databaseName(of: url))"
            try await server.execute("CREATE ROLE \(role) LOGIN CREATEDB")
            try await psql(url, "ALTER DATABASE \(databaseName(of: url)) SET log_min_duration_statement = 0")
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { copy in
                let report = try await restore(
                    folder.file("a.zip"),
                    url.replacing("user=granary", with: "user=\(role)")
                ) {
                    $0.into = copy
                    $0.noOwner = true
                }
                #expect(report.leftOut.map(\.object) == ["the database's setting of log_min_duration_statement"])
                #expect(report.leftOut.map(\.effect) == [.fallback])
            }
            try await server.execute("DROP ROLE \(role)")
        }
    }

    @Test func aTemplateStaysATemplateAndTheOldOneCanBeDropped() async throws {
        try await withDatabase("CREATE TABLE t (a integer)") { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let name = databaseName(of: url)
            try await server.execute("ALTER DATABASE \"\(name)\" IS_TEMPLATE true")
            let isTemplate = "SELECT datname FROM pg_database WHERE datistemplate AND datname LIKE '\(name)%'"
            let first = try await restore(folder.file("a.zip"), url)
            try await #expect(psql(url, isTemplate) == name)
            try await server.execute("DROP DATABASE \"\(try #require(first.kept))\"")
            let second = try await restore(folder.file("a.zip"), url) { $0.dropOld = true }
            #expect(second.kept == nil)
            try await #expect(psql(url, isTemplate) == name)
            try await server.execute("ALTER DATABASE \"\(name)\" IS_TEMPLATE false")
        }
    }

    @Test func aKeyWhoseTablespaceIsMissingGoesToTheDefault() async throws {
        try await withDatabase("CREATE TABLE t (a integer PRIMARY KEY)") { _, url, folder in
            try await backup(url, to: folder.file("whole.zip"))
            try editManifest(of: folder.file("whole.zip"), into: folder.file("a.zip")) { manifest in
                for index in manifest.schema.indices where manifest.schema[index].index != nil {
                    manifest.schema[index].tablespace = "fast"
                    manifest.schema[index].index?.create += " TABLESPACE \"fast\""
                }
            }
            let report = try await restore(folder.file("a.zip"), url) { $0.dropOld = true }
            #expect(
                report.notes == [
                    "the server has no tablespace fast that the role may use: what was in it goes to the default"
                ]
            )
            try await #expect(psql(url, "SELECT indisprimary FROM pg_index WHERE indrelid = 't'::regclass") == "t")
        }
    }
}

extension Manifest.SchemaItem {
    /// `TRIGGER t stamp`
    fileprivate var title: String { "\(kind) \(name)" }
}
