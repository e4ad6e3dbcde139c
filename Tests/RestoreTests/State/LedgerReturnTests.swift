import Archive
import Backup
import Bookkeeping
import PostgresClient
import Restore
import TestSupport
import Testing

/// The ledger of a service is restored with the service's schemas, in the same transaction.
@Suite struct LedgerReturnTests {
    private static let schemas = """
        CREATE SCHEMA user_service; CREATE TABLE user_service.a AS SELECT 1 AS id;
        CREATE SCHEMA orders; CREATE TABLE orders.o AS SELECT 1 AS id;
        """

    private static func row(_ service: String, _ version: Int) -> String {
        """
        INSERT INTO granary.migrations (service, version, name, layer, up_sha256, down_sha256, down_sql, verified,
            applied_at, applied_by, duration_ms, requires)
        VALUES ('\(service)', \(version), '\(version)_x', 'development', 'up\(version)', 'down\(version)',
            E'DROP TABLE "x";\\n', true, '2026-11-23 07:15:00.123456+00', 'ada', 7, '{orders/1,"a b"}');
        """
    }

    private static let versions =
        "SELECT string_agg(service || ' ' || version, ', ' ORDER BY service, version) FROM granary.migrations"
    private static let rows = """
        SELECT string_agg((to_jsonb(m) - 'applied_order')::text, ' ' ORDER BY applied_order)
        FROM granary.migrations m WHERE service = 'user-service'
        """
    private static let log =
        "SELECT string_agg(service || ' ' || event || coalesce(' ' || version, '') || coalesce(' ' || note, ''), '; ' ORDER BY id) FROM granary.migration_log"

    /// Lends a marked and migrated database: user-service at version 3, orders at 1.
    private func withMigrated(
        _ body: (_ server: ThrowawayServer, _ url: String, _ folder: ScratchFolder) async throws -> Void
    ) async throws {
        try await withDatabase(Self.schemas) { server, url, folder in
            try await mark(url, "staging")
            for (service, version) in [("orders", 1), ("user-service", 1), ("user-service", 3), ("user-service", 2)] {
                try await psql(url, Self.row(service, version))
            }
            try await body(server, url, folder)
        }
    }

    private func mark(_ url: String, _ name: String) async throws {
        try await withSession(ServerAddress(url), logger: quietLogger) { try Marker().write(name, &$0) }
    }

    /// Two more migrations of user-service and one of orders.
    private func goOn(_ url: String) async throws {
        try await psql(
            url,
            """
            CREATE TABLE user_service.b (); DELETE FROM granary.migrations WHERE version = 2;
            \(Self.row("user-service", 4)) \(Self.row("user-service", 5)) \(Self.row("orders", 2))
            """
        )
    }

    private func plan(
        _ file: String,
        _ url: String,
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) async throws -> RestorePlanReport {
        var options = RestoreOptions(file: file)
        change(&options)
        return try await RestoreRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in }).plan()
    }

    @Test func anArchiveOfASchemaBringsTheLedgerOfItsServiceBack() async throws {
        try await withMigrated { _, url, folder in
            let file = folder.file("a.zip")
            try await backup(url, to: file) { $0.schemas = ["user_service"] }
            let ledger = try #require(try manifest(of: file).ledger)
            #expect(ledger.map(\.service) == ["user-service"])
            #expect(ledger[0].schemas == ["user_service"])
            #expect(ledger[0].migrations.map(\.version) == [1, 3, 2])
            #expect(ledger[0].migrations[0].downSQL == "DROP TABLE \"x\";\n")
            #expect(try manifest(of: file).schemaVersions.map(\.version) == ["3"])
            let before = try await psql(url, Self.rows)
            try await goOn(url)
            let change = [ServiceRewind(service: "user-service", from: 5, to: 3)]
            let plan = try await plan(file, url)
            #expect(plan.rewinds == change)
            #expect(plan.steps.contains("rewind user-service from version 5 to version 3"))
            let report = try await restore(file, url)
            #expect(report.rewinds == change)
            #expect(report.notes == [])
            let after = try await psql(url, Self.rows)
            #expect(after == before)
            try await #expect(
                psql(url, Self.versions) == "orders 1, orders 2, user-service 1, user-service 2, user-service 3"
            )
            try await #expect(psql(url, "SELECT to_regclass('user_service.b') IS NULL") == "t")
            try await #expect(psql(url, Self.log) == "user-service restored 3 a.zip: from version 5 to version 3")
            try await #expect(
                psql(url, "SELECT name, environment FROM granary.migration_log") == "schemas user_service|staging"
            )
        }
    }

    @Test func whatFailsWithTheLedgerFailsWithTheSchemasToo() async throws {
        try await withMigrated { _, url, folder in
            try await backup(url, to: folder.file("a.zip")) { $0.schemas = ["user_service"] }
            try await goOn(url)
            try await psql(
                url,
                """
                CREATE FUNCTION granary.no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
                CREATE TRIGGER no BEFORE INSERT ON granary.migrations EXECUTE FUNCTION granary.no()
                """
            )
            await #expect(throws: PostgresError.self) { try await restore(folder.file("a.zip"), url) }
            try await #expect(psql(url, "SELECT to_regclass('user_service.b') IS NOT NULL") == "t")
            try await #expect(psql(url, Self.versions).hasSuffix("user-service 4, user-service 5"))
        }
    }

    @Test func aServiceOfWhichNothingWasAppliedThenLosesItsRows() async throws {
        try await withDatabase(Self.schemas) { _, url, folder in
            try await backup(url, to: folder.file("a.zip")) { $0.schemas = ["user_service"] }
            #expect(try manifest(of: folder.file("a.zip")).ledger == [])
            try await mark(url, "staging")
            try await psql(url, Self.row("user-service", 2) + Self.row("orders", 1))
            let report = try await restore(folder.file("a.zip"), url)
            #expect(report.rewinds == [ServiceRewind(service: "user-service", from: 2, to: nil)])
            try await #expect(psql(url, Self.versions) == "orders 1")
        }
    }

    @Test(arguments: [false, true]) func aSchemaOutOfAWholeArchiveBringsItsLedgerToo(isInto: Bool) async throws {
        try await withMigrated { server, url, folder in
            let file = folder.file("a.zip")
            try await backup(url, to: file)
            #expect(try manifest(of: file).ledger?.map(\.service) == ["orders", "user-service"])
            try await goOn(url)
            guard isInto else {
                try await restore(file, url) { $0.schemas = ["user_service"] }
                try await #expect(
                    psql(url, Self.versions) == "orders 1, orders 2, user-service 1, user-service 2, user-service 3"
                )
                return
            }
            try await server.withName { name in
                let report = try await restore(file, url) {
                    $0.into = name
                    $0.schemas = ["user_service"]
                    $0.environment = "test"
                }
                #expect(report.rewinds == [])
                let new = server.url(database: name)
                try await #expect(psql(new, Self.versions) == "user-service 1, user-service 2, user-service 3")
                try await #expect(psql(new, "SELECT name FROM granary.environment") == "test")
            }
        }
    }

    @Test(arguments: [false, true]) func aWholeArchiveNamesEachServiceThatItRewinds(inPlace: Bool) async throws {
        try await withMigrated { _, url, folder in
            let file = folder.file("a.zip")
            try await backup(url, to: file)
            try await goOn(url)
            let change = [
                ServiceRewind(service: "orders", from: 2, to: 1),
                ServiceRewind(service: "user-service", from: 5, to: 3),
            ]
            let plan = try await plan(file, url) { $0.inPlace = inPlace }
            #expect(plan.rewinds == change)
            let report = try await restore(file, url) {
                $0.inPlace = inPlace
                $0.dropOld = !inPlace
            }
            #expect(report.rewinds == change)
            try await #expect(psql(url, Self.log) == " restored a.zip")
            // The second restore changes no version.
            try await #expect(self.plan(file, url) { $0.inPlace = inPlace }.rewinds == [])
        }
    }

    @Test func aDumpNamesThemAfterwards() async throws {
        try await withMigrated { _, url, folder in
            let file = folder.file("a.sql")
            var options = BackupOptions(output: .file(path: file, overwrite: false))
            options.format = .sql
            _ = try await BackupRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in }).run()
            try await goOn(url)
            let report = try await restore(file, url) { $0.dropOld = true }
            #expect(report.rewinds.map(\.change) == ["from version 2 to version 1", "from version 5 to version 3"])
        }
    }

    @Test func aServiceOfWhichOnlyAPartComesBackKeepsItsLedgerAndANoteSaysSo() async throws {
        try await withMigrated { _, url, folder in
            try await backup(url, to: folder.file("a.zip")) {
                $0.schemas = ["user_service"]
                $0.services = ["user-service": ["user_service", "orders"]]
            }
            try await goOn(url)
            let report = try await restore(folder.file("a.zip"), url)
            #expect(report.rewinds == [])
            #expect(
                report.notes
                    == [
                        "the ledger of user-service stays as it is, because of its schemas only user_service is restored"
                    ]
            )
            try await #expect(psql(url, Self.versions).hasSuffix("user-service 4, user-service 5"))
        }
    }

    @Test func rowsAloneLeaveTheLedger() async throws {
        try await withMigrated { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await goOn(url)
            try await psql(url, "UPDATE user_service.a SET id = 2")
            let report = try await restore(folder.file("a.zip"), url) { $0.dataOnly = true }
            #expect(report.rewinds == [])
            try await #expect(psql(url, "SELECT id FROM user_service.a") == "1")
            try await #expect(psql(url, Self.versions).hasSuffix("user-service 4, user-service 5"))
            try await #expect(psql(url, Self.log) == " restored a.zip")
            try await #expect(psql(url, "SELECT name FROM granary.migration_log") == "rows")
        }
    }

    @Test func tablesAloneAreInTheLogToo() async throws {
        try await withMigrated { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            #expect(try manifest(of: folder.file("a.zip")).ledger?.count == 2)
            try await psql(url, "DROP TABLE user_service.a")
            try await restore(folder.file("a.zip"), url) { $0.tables = [.init(table: "user_service.a")] }
            try await #expect(
                psql(url, "SELECT name, note FROM granary.migration_log") == "tables user_service.a|a.zip"
            )
            try await backup(url, to: folder.file("t.zip")) { $0.tables = ["user_service.a"] }
            #expect(try manifest(of: folder.file("t.zip")).ledger == nil)
        }
    }

    @Test func aTargetThatNeverHadALogTakesTheArchives() async throws {
        try await withMigrated { server, url, folder in
            try await psql(
                url,
                "INSERT INTO granary.migration_log (service, event, actor, started_at, outcome) VALUES ('user-service', 'up', 'me', now(), 'done')"
            )
            try await backup(url, to: folder.file("a.zip"))
            try await server.withDatabase { target in
                try await mark(target, "test")
                try await restore(folder.file("a.zip"), target) { $0.dropOld = true }
                try await #expect(psql(target, Self.log) == "user-service up;  restored a.zip")
                try await #expect(psql(target, "SELECT name FROM granary.environment") == "test")
            }
        }
    }

    /// The adopted table of another tool, and a file that was applied in part, belong to the data.
    @Test func whatLaterRunsMustKnowOfTheDataComesWithIt() async throws {
        try await withMigrated { server, url, folder in
            try await psql(
                url,
                """
                INSERT INTO granary.migration_log (service, version, name, event, actor, started_at, outcome, statements_done, statements_total, wrapped, note)
                VALUES ('user-service', NULL, '', 'adopt', 'me', now(), 'done', NULL, NULL, true, E'public\\x1Ftheirs'),
                    ('user-service', 4, '4_x', 'up', 'me', now(), 'running', 1, 3, false, NULL),
                    ('user-service', 4, '4_x', 'up', 'me', now(), 'running', 2, 3, false, NULL),
                    ('orders', 2, '2_x', 'up', 'me', now(), 'failed', 0, 3, true, NULL)
                """
            )
            for (file, schemas) in [("whole.zip", []), ("part.zip", ["user_service"])] as [(String, [String])] {
                try await backup(url, to: folder.file(file)) { $0.schemas = schemas }
                let ledger = try #require(try manifest(of: folder.file(file)).ledger)
                #expect(ledger.last?.log.map(\.event) == ["adopt", "up"])
                #expect(ledger.last?.log.last?.statementsDone == 2)
                try await server.withDatabase { target in
                    try await mark(target, "test")
                    try await psql(
                        target,
                        """
                        \(schemas.isEmpty ? "" : "CREATE SCHEMA user_service;")
                        INSERT INTO granary.migration_log (service, event, actor, started_at, outcome, note)
                        VALUES ('orders', 'adopt', 'me', now(), 'done', E'old\\x1Fgone')
                        """
                    )
                    try await restore(folder.file(file), target) { $0.dropOld = schemas.isEmpty }
                    let log = try await psql(target, Self.log)
                    let orders = "orders adopt old\u{1F}gone; "
                    let came = "user-service adopt public\u{1F}theirs; user-service up 4"
                    #expect(
                        log
                            == (schemas.isEmpty
                                ? orders + " restored whole.zip; orders adopt ; " + came
                                : orders + "user-service restored 3 part.zip: from no version to version 3; " + came)
                    )
                }
            }
        }
    }

    @Test func aRoleThatMayNotWriteTheLedgerIsToldWhatToDo() async throws {
        let server = try await ThrowawayServer.start()
        try await withDatabase("CREATE ROLE plain LOGIN; \(Self.schemas)", on: server) { _, url, folder in
            try await mark(url, "staging")
            try await psql(
                url,
                """
                \(Self.row("user-service", 1))
                ALTER SCHEMA user_service OWNER TO plain; ALTER TABLE user_service.a OWNER TO plain;
                GRANT CREATE ON DATABASE \(url.databaseName) TO plain
                """
            )
            try await backup(url, to: folder.file("a.zip")) { $0.schemas = ["user_service"] }
            let plain = url.replacing("user=granary", with: "user=plain")
            let error = await failure { try await restore(folder.file("a.zip"), plain) }
            #expect(error?.code == .preflight)
            #expect(error?.hint?.contains("granary init --grant plain") == true, "\(error?.message ?? "")")
            try await withSession(ServerAddress(url), logger: quietLogger) {
                try StateSchema().grant(to: ["plain"], &$0)
            }
            try await psql(url, "CREATE TABLE user_service.b ()")
            try await psql(url, "ALTER TABLE user_service.b OWNER TO plain")
            try await restore(folder.file("a.zip"), plain)
            try await #expect(psql(url, "SELECT to_regclass('user_service.b') IS NULL") == "t")
            // A role that may not read the ledger makes its backup without one.
            try await psql(url, "REVOKE ALL ON SCHEMA granary FROM plain")
            try await backup(plain, to: folder.file("b.zip")) { $0.schemas = ["user_service"] }
            #expect(try manifest(of: folder.file("b.zip")).ledger == nil)
        }
        try await server.stop()
    }
}
