import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Restores an archive with unzip and psql alone, by the commands in its README.txt.
@Suite(.serialized)
struct RecoveryScriptTests {
    /// Executes the commands of the README on `server`. In them the new database has the name NEW.
    private func recover(_ folder: ScratchFolder, on server: ThrowawayServer) async throws {
        let readme = try await runCommand("unzip", ["-p", folder.file("backup.zip"), "README.txt"]).stdout
        let commands = readme.split(separator: "\n").filter { line in
            ["unzip ", "cd ", "psql ", "createdb "].contains { line.hasPrefix("    " + $0) }
        }
        #expect(commands.count == 5)
        let script = commands.joined(separator: "\n").replacing("FILE", with: "backup.zip")
        let outcome = try await runCommand(
            "sh",
            ["-e", "-c", script],
            environment: ["PGHOST": server.folder, "PGPORT": "5432", "PGUSER": ThrowawayServer.superuser],
            workingDirectory: folder.path
        )
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(!outcome.stderr.contains("ERROR"), "\(outcome.stderr)")
    }

    @Test func everythingComesBackOnAServerThatHasNothing() async throws {
        let server = try await Torture.sharedServer()
        let other = try await ThrowawayServer.start()
        try await psql(
            other.url(database: "postgres"),
            "SET allow_in_place_tablespaces = on; CREATE TABLESPACE torture_space LOCATION ''"
        )
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await Torture.fill(url)
                let original = try await DatabasePortrait.of(url)
                try await backup(url, to: folder.file("backup.zip"))
                try await recover(folder, on: other)
                expectSame(try await .of(other.url(database: "NEW")), original)
                let roles = """
                    SELECT rolname, rolcanlogin, rolinherit, rolsuper FROM pg_roles WHERE rolname ~ 'torture|Tört' ORDER BY 1;
                    SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members
                    WHERE roleid::regrole::text LIKE 'torture%' ORDER BY roleid::regrole::text, member::regrole::text;
                    """
                #expect(
                    try await psql(other.url(database: "NEW"), roles) == psql(server.url(database: "postgres"), roles)
                )
            }
        }
        try await other.stop()
    }

    @Test(arguments: [("LATIN1", "C"), ("SQL_ASCII", "C")])
    func otherEncodingsComeBackByTheScript(_ encoding: String, _ locale: String) async throws {
        let server = try await ThrowawayServer.shared()
        let other = try await ThrowawayServer.start()
        try await withDatabase(
            encodingSchema(encoding),
            options: "ENCODING '\(encoding)' LC_COLLATE '\(locale)' LC_CTYPE '\(locale)'",
            on: server
        ) { server, url, folder in
            let original = try await DatabasePortrait.of(url)
            try await backup(url, to: folder.file("backup.zip"))
            try await recover(folder, on: other)
            expectSame(try await .of(other.url(database: "NEW")), original)
        }
        try await other.stop()
    }

    @Test func aDatabaseWithoutTheSchemaPublicComesBackWithoutIt() async throws {
        let other = try await ThrowawayServer.start()
        try await withDatabase(
            "DROP SCHEMA public; CREATE SCHEMA s; CREATE TABLE s.t (id integer); INSERT INTO s.t VALUES (1)"
        ) {
            server,
            url,
            folder in
            let original = try await DatabasePortrait.of(url)
            try await backup(url, to: folder.file("backup.zip"))
            try await recover(folder, on: other)
            expectSame(try await .of(other.url(database: "NEW")), original)
        }
        try await other.stop()
    }
}
