import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Settings of a role or a database do not stop a restore, nor the cleaning up after a failed one.
@Suite struct PinnedSessionTests {
    private static let hostile = [
        "statement_timeout = '1ms'", "lock_timeout = '1ms'", "idle_in_transaction_session_timeout = '1ms'",
        "default_transaction_read_only = on", "default_transaction_isolation = 'serializable'",
    ]

    /// Lends a database, an archive of it, and the address of a superuser who has these settings.
    private func withHostileRole(
        _ body: (_ server: ThrowawayServer, _ url: String, _ hostile: String, ScratchFolder) async throws -> Void
    ) async throws {
        try await withDatabase("CREATE TABLE t (a integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)") {
            server,
            url,
            folder in
            try await backup(url, to: folder.file("a.zip"))
            let dump = try await runCommand("pg_dump", ["-d", url, "-f", folder.file("a.sql")])
            #expect(dump.status == 0)
            let role = "hostile_\(databaseName(of: url))"
            try await server.execute("CREATE ROLE \(role) LOGIN SUPERUSER")
            for setting in Self.hostile {
                try await server.execute("ALTER ROLE \(role) SET \(setting)")
                try await server.execute("ALTER DATABASE \"\(databaseName(of: url))\" SET \(setting)")
            }
            try await body(server, url, url.replacing("user=granary", with: "user=\(role)"), folder)
            try await server.execute("DROP ROLE \(role)")
        }
    }

    @Test(arguments: ["a.zip", "a.sql"]) func aRestoreIsDoneAllTheSame(file: String) async throws {
        try await withHostileRole { server, url, hostile, folder in
            let report = try await restore(folder.file(file), hostile) { $0.dropOld = true }
            #expect(report.swapped && report.kept == nil)
            // A plain dump does not drop existing objects, so it is not restored in place here.
            if file == "a.zip" { try await restore(folder.file(file), hostile) { $0.inPlace = true } }
            try await server.execute("ALTER DATABASE \"\(databaseName(of: url))\" RESET ALL")
            try await #expect(psql(url, "SELECT count(*) FROM t") == "2")
        }
    }

    @Test func theUnfinishedDatabaseOfOneThatFailsIsDropped() async throws {
        try await withHostileRole { server, url, hostile, folder in
            try editManifest(of: folder.file("a.zip"), into: folder.file("broken.zip")) { manifest in
                for index in manifest.schema.indices where manifest.schema[index].index != nil {
                    manifest.schema[index].index?.create = "SELECT 1 / 0"
                }
            }
            let error = await failure { try await restore(folder.file("broken.zip"), hostile) }
            #expect(error?.code == .statement)
            let name = databaseName(of: url)
            let databases = try await server.databases().filter { $0.hasPrefix(name) }
            #expect(databases == [name])
        }
    }

    @Test(arguments: ["RESET ALL", "DISCARD ALL"]) func aDumpThatResetsItsSessionIsStillNotStopped(
        statement: String
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase { url in
            let role = "hostile_\(databaseName(of: url))"
            try await server.execute("CREATE ROLE \(role) LOGIN SUPERUSER")
            for setting in ["statement_timeout = '200ms'", "default_transaction_read_only = on"] {
                try await server.execute("ALTER ROLE \(role) SET \(setting)")
            }
            try await ScratchFolder.with { folder in
                let text = """
                    SET standard_conforming_strings = off;
                    \(statement);
                    CREATE TABLE public.t (a text);
                    INSERT INTO public.t SELECT '\\' FROM pg_catalog.pg_sleep(0.5);
                    """
                let file = try folder.write(text, to: "a.sql")
                try await restore(file, url.replacing("user=granary", with: "user=\(role)")) {
                    $0.dropOld = true
                    $0.allowIncomplete = true
                }
            }
            try await #expect(psql(url, "SELECT a FROM public.t") == "\\")
            try await psql(url, "REASSIGN OWNED BY \(role) TO granary")
            try await server.execute("DROP ROLE \(role)")
        }
    }

    /// The server keeps the value as it was written.
    @Test(arguments: ["on", "TRUE", "y"]) func aReadOnlyTargetIsNamedAndStaysReadOnly(
        value: String
    ) async throws {
        try await withHostileRole { server, url, hostile, folder in
            try await server.execute(
                "ALTER DATABASE \"\(databaseName(of: url))\" SET default_transaction_read_only = '\(value)'"
            )
            var options = RestoreOptions(file: folder.file("a.zip"))
            options.dropOld = true
            let run = RestoreRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in })
            let name = databaseName(of: url)
            let note =
                "\(name) is read-only by default (default_transaction_read_only): the restore writes to it anyway, and the setting stays"
            let steps = try await run.plan().steps
            #expect(steps.contains(note))
            _ = try await run.run()
            #expect(
                try await psql(
                    server.url(database: "postgres"),
                    "SELECT 'default_transaction_read_only=\(value)' = ANY (setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = '\(name)' AND setrole = 0"
                ) == "t"
            )
        }
    }

    @Test func aRoleThatTheLoginBecomesOwnsWhatIsRestored() async throws {
        try await withDatabase("CREATE TABLE t (a integer)") { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            let name = databaseName(of: url)
            let (login, owner) = ("login_\(name)", "owner_\(name)")
            for sql in [
                "CREATE ROLE \(owner) CREATEDB", "CREATE ROLE \(login) LOGIN", "GRANT \(owner) TO \(login)",
                "ALTER ROLE \(login) SET role = '\(owner)'", "ALTER DATABASE \"\(name)\" OWNER TO \(owner)",
            ] { try await server.execute(sql) }
            let report = try await restore(
                folder.file("a.zip"),
                url.replacing("user=granary", with: "user=\(login)")
            ) {
                $0.noOwner = true
                $0.dropOld = true
            }
            #expect(report.notes == ["\(login) acts as \(owner), which ALTER ROLE … SET role says"])
            #expect(
                try await psql(
                    url,
                    "SELECT relowner::regrole, (SELECT datdba::regrole FROM pg_database WHERE datname = current_database()) FROM pg_class WHERE relname = 't'"
                )
                    == "\(owner)|\(owner)"
            )
            try await psql(url, "DROP OWNED BY \(owner)")
            try await server.execute("ALTER DATABASE \"\(name)\" OWNER TO granary")
            try await server.execute("DROP ROLE \(login)")
            try await server.execute("DROP ROLE \(owner)")
        }
    }
}
