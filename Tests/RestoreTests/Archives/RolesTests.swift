import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

@Suite struct RolesTests {
    /// Lends a database with a role that only a setting names, and drops the roles afterwards.
    private func withRoles(
        _ body: (_ server: ThrowawayServer, _ url: String, _ folder: ScratchFolder, _ prefix: String) async throws ->
            Void
    ) async throws {
        let prefix = "granary_r\(UInt32.random(in: 0 ... .max))"
        let server = try await ThrowawayServer.shared()
        try await withDatabase(
            """
            CREATE ROLE \(prefix)_group; CREATE ROLE \(prefix)_owner LOGIN CONNECTION LIMIT 7 VALID UNTIL '2031-02-03 04:05:06+00' PASSWORD 'secret';
            CREATE ROLE \(prefix)_setting BYPASSRLS; GRANT \(prefix)_group TO \(prefix)_owner WITH ADMIN OPTION;
            GRANT pg_read_all_data TO \(prefix)_setting;
            ALTER ROLE \(prefix)_owner SET work_mem = '7MB'; ALTER ROLE \(prefix)_owner SET search_path = 'a b', public;
            COMMENT ON ROLE \(prefix)_owner IS 'it''s'; CREATE TABLE t (a int); ALTER TABLE t OWNER TO \(prefix)_owner;
            ALTER ROLE \(prefix)_setting IN DATABASE :"DBNAME" SET work_mem = '9MB';
            """
        ) { _, url, folder in try await body(server, url, folder, prefix) }
        for role in ["owner", "setting", "group"] { try? await server.execute("DROP ROLE IF EXISTS \(prefix)_\(role)") }
    }

    private func drop(_ prefix: String, _ url: String, _ server: ThrowawayServer) async throws {
        try await psql(
            url,
            "DROP OWNED BY \(prefix)_owner; ALTER ROLE \(prefix)_setting IN DATABASE :\"DBNAME\" RESET ALL"
        )
        for role in ["owner", "setting", "group"] { try await server.execute("DROP ROLE \(prefix)_\(role)") }
    }

    private static func portrait(_ prefix: String) -> String {
        """
        SELECT rolname, rolcanlogin, rolbypassrls, rolconnlimit, rolvaliduntil AT TIME ZONE 'UTC', rolconfig,
            shobj_description(oid, 'pg_authid'), (SELECT array_agg(g.rolname || m.admin_option) FROM pg_auth_members m
                JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
        FROM pg_roles r WHERE rolname LIKE '\(prefix)%' ORDER BY 1
        """
    }

    @Test func `Missing roles come back with all that they had, and the settings in their database`() async throws {
        try await withRoles { server, url, folder, prefix in
            let before = try await psql(url, Self.portrait(prefix))
            let verifier = try await psql(url, "SELECT rolpassword FROM pg_authid WHERE rolname = '\(prefix)_owner'")
            try await backup(url, to: folder.file("a.zip")) { $0.withRolePasswords = true }
            try await drop(prefix, url, server)
            try await server.withName { name in
                let report = try await restore(folder.file("a.zip"), url) { ($0.into, $0.createsRoles) = (name, true) }
                try await #expect(psql(url, Self.portrait(prefix)) == before)
                try await #expect(
                    psql(url, "SELECT rolpassword FROM pg_authid WHERE rolname = '\(prefix)_owner'")
                        == verifier
                )
                #expect(report.notes.contains { $0.hasPrefix("created the roles ") })
                let setting =
                    "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = '\(name)'"
                try await #expect(psql(url, setting) == "{work_mem=9MB}")
                try await server.execute("DROP DATABASE \"\(name)\"")
            }
        }
    }

    @Test func `Without the option no password is in a backup`() async throws {
        try await withRoles { _, url, folder, _ in
            try await backup(url, to: folder.file("a.zip"))
            #expect(try manifest(of: folder.file("a.zip")).roleDefinitions?.allSatisfy { $0.password == nil } == true)
        }
    }

    @Test func `A role that exists gets nothing`() async throws {
        try await withRoles { server, url, folder, prefix in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(url, "ALTER ROLE \(prefix)_owner RESET ALL; REVOKE \(prefix)_group FROM \(prefix)_owner")
            let before = try await psql(url, Self.portrait(prefix))
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) { ($0.into, $0.createsRoles) = (name, true) }
                try await #expect(psql(url, Self.portrait(prefix)) == before)
                try await server.execute("DROP DATABASE \"\(name)\"")
            }
        }
    }

    @Test func `A restore that fails drops the roles again`() async throws {
        try await withRoles { server, url, folder, prefix in
            try await psql(
                url,
                "CREATE TABLE w (a int); INSERT INTO w VALUES (0); CREATE MATERIALIZED VIEW m AS SELECT 1 / (a + 1) AS x FROM w; UPDATE w SET a = -1"
            )
            try await backup(url, to: folder.file("a.zip"))
            try await drop(prefix, url, server)
            _ = try await server.withName { name in
                await #expect(throws: (any Error).self) {
                    try await restore(folder.file("a.zip"), url) { ($0.into, $0.createsRoles) = (name, true) }
                }
            }
            try await #expect(psql(url, Self.portrait(prefix)) == "")
        }
    }

    @Test func `Roles with power are code that needs trust, and come first`() async throws {
        try await withRoles { _, url, folder, prefix in
            try await backup(url, to: folder.file("a.zip"))
            var options = RestoreOptions(file: folder.file("a.zip"))
            options.createsRoles = true
            options.into = "granary_not_made"
            options.trust = .sealed(by: [])
            let run = RestoreRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }
            let code = try await run.plan().code
            #expect(code?.lines.first?.contains("\(prefix)_setting (BYPASSRLS, member of pg_read_all_data)") == true)
            let error = await failure { try await run.run() }
            #expect(error?.code == .untrusted)
        }
    }

    @Test func `A role that may not create roles is told so before anything is made`() async throws {
        try await withRoles { server, url, folder, prefix in
            try await backup(url, to: folder.file("a.zip"))
            try await drop(prefix, url, server)
            try await server.execute("CREATE ROLE \(prefix)_owner LOGIN CREATEDB")
            let mine = url.replacing("user=\(ThrowawayServer.superuser)", with: "user=\(prefix)_owner")
            let error = await failure {
                try await restore(folder.file("a.zip"), mine) {
                    ($0.into, $0.createsRoles) = ("granary_not_made", true)
                }
            }
            #expect(error?.code == .preflight)
            #expect(error?.message.contains("role \(prefix)_owner may not create roles") == true)
        }
    }
}
