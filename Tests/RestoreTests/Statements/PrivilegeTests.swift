import Backup
import PostgresClient
import TestSupport
import Testing

@testable import Restore

/// Without owners, a missing role costs only its own grants.
@Suite(.serialized)
struct PrivilegeTests {
    private static let schema = """
        CREATE FUNCTION top() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
        REVOKE ALL ON FUNCTION top() FROM PUBLIC; GRANT EXECUTE ON FUNCTION top() TO role_gone;
        CREATE TABLE t (a integer, "by" integer); INSERT INTO t VALUES (1, 2);
        GRANT SELECT ON t TO role_gone, role_stays; GRANT UPDATE ("by") ON t TO role_stays;
        CREATE TABLE role (a integer); GRANT SELECT ON role TO role_stays;
        CREATE TYPE mood AS ENUM ('good'); REVOKE ALL ON TYPE mood FROM PUBLIC; GRANT USAGE ON TYPE mood TO role_gone;
        REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO role_gone, role_stays;
        ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO role_gone;
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO role_stays;
        ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        CREATE POLICY shared ON t TO role_gone, role_stays USING (a = 1);
        CREATE POLICY lost ON t TO role_gone USING (true); COMMENT ON POLICY lost ON t IS 'role_gone too';
        SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO role_gone; GRANT SELECT ON LARGE OBJECT 4711 TO role_stays;
        CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR role_gone SERVER s;
        """

    /// Lends a database that names the role `role_gone`, which is dropped when `body` begins.
    private func withMissingRole(
        _ body: (_ server: ThrowawayServer, _ url: String, _ folder: ScratchFolder) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        let maintenance = server.url(database: "postgres")
        try await psql(maintenance, "CREATE ROLE role_gone; CREATE ROLE role_stays; CREATE ROLE role_other")
        do {
            try await withDatabase("", on: server) { server, url, folder in
                try await psql(url, Self.schema)
                try await psql(
                    url,
                    """
                    REVOKE ALL ON DATABASE "\(url.databaseName)" FROM PUBLIC;
                    GRANT CONNECT ON DATABASE "\(url.databaseName)" TO role_gone, role_stays;
                    ALTER ROLE role_gone IN DATABASE "\(url.databaseName)" SET work_mem = '9MB';
                    """
                )
                try await backup(url, to: folder.file("a.zip"))
                try await psql(url, "DROP OWNED BY role_gone; DROP ROLE role_gone")
                try await body(server, url, folder)
            }
        } catch {
            Issue.record("\(error)")
        }
        try await psql(
            maintenance,
            "DROP ROLE IF EXISTS role_gone; DROP ROLE IF EXISTS role_stays; DROP ROLE role_other"
        )
    }

    /// The privileges of each role. `role_other`, which has no grants, shows those of PUBLIC.
    private static let rights = """
        SELECT has_function_privilege('role_other', 'top()', 'EXECUTE'), has_type_privilege('role_other', 'mood', 'USAGE'),
            has_schema_privilege('role_other', 'public', 'USAGE'), has_schema_privilege('role_stays', 'public', 'USAGE'),
            has_table_privilege('role_stays', 't', 'SELECT'), has_column_privilege('role_stays', 't', 'by', 'UPDATE'),
            has_table_privilege('role_stays', 'role', 'SELECT'),
            (SELECT string_agg(polname || polroles::regrole[]::text, ',') FROM pg_policy),
            (SELECT string_agg(a.grantee::regrole::text, ',' ORDER BY 1) FROM pg_largeobject_metadata, aclexplode(lomacl) a
             WHERE a.grantee <> lomowner),
            (SELECT string_agg(defaclobjtype::text || ' ' || coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC'), ',' ORDER BY 1)
             FROM pg_default_acl, aclexplode(defaclacl) WHERE grantee <> defaclrole)
        """
    private static let right = "f|f|f|t|t|t|t|shared{role_stays}|role_stays|r role_stays"

    @Test func noRevokeIsLostInANewDatabaseAndWhatWasNotGrantedIsListed() async throws {
        try await withMissingRole { server, _, folder in
            try await server.withName { name in
                let report = try await restore(folder.file("a.zip"), server.url(database: "postgres")) {
                    $0.into = name
                    $0.noOwner = true
                }
                try await #expect(psql(server.url(database: name), Self.rights) == Self.right)
                let connect = """
                    SELECT has_database_privilege('role_other', '\(name)', 'CONNECT'), has_database_privilege('role_stays', '\(name)', 'CONNECT')
                    """
                try await #expect(psql(server.url(database: name), connect) == "f|t")
                for part in [
                    "GRANT ALL ON FUNCTION public.top() TO role_gone", "GRANT SELECT ON TABLE public.t TO role_gone",
                    "GRANT ALL ON TYPE public.mood TO role_gone", "GRANT USAGE ON SCHEMA public TO role_gone",
                    "GRANT SELECT ON LARGE OBJECT 4711 TO role_gone", "GRANT CONNECT ON DATABASE TO role_gone",
                    "policy public.t lost", "policy public.t shared for role_gone", "its setting of work_mem",
                    "GRANT SELECT ON TABLES  TO role_gone",  // As pg_dump writes it.
                    "user mapping",
                ] {
                    #expect(report.notes.contains { $0.contains(part) }, "\(part): \(report.notes)")
                }
                #expect(
                    !report.notes.contains { $0.contains("role_stays") && !$0.contains("shared") },
                    "\(report.notes)"
                )
            }
        }
    }

    @Test(arguments: ["in place", "schema"]) func noRevokeIsLostInPlace(_ way: String) async throws {
        try await withMissingRole { _, url, folder in
            let report = try await restore(folder.file("a.zip"), url) {
                $0.noOwner = true
                $0.inPlace = true
                if way == "schema" { $0.schemas = ["public"] }
            }
            try await #expect(psql(url, Self.rights) == Self.right)
            #expect(report.notes.contains { $0.contains("GRANT ALL ON FUNCTION public.top() TO role_gone") })
            try await #expect(psql(url, "SELECT count(*) FROM t") == "1")
        }
    }

    @Test func thePlanNamesTheRolesThatAreMissing() async throws {
        try await withMissingRole { server, url, folder in
            var options = RestoreOptions(file: folder.file("a.zip"))
            options.noOwner = true
            let plan = try await RestoreRun(
                options,
                server: ServerAddress(url),
                logger: quietLogger,
                progress: { _ in }
            )
            .plan()
            #expect(plan.steps.contains("the server has no role role_gone: what it may do is left out"))
            #expect(plan.obstacles == [])
        }
    }

    /// Default privileges of a role that the restoring role may not act for.
    @Test func defaultsOfARoleThatOneMayNotActForAreListed() async throws {
        try await withDatabase(
            "CREATE ROLE default_boss; CREATE ROLE default_maker LOGIN CREATEDB; ALTER DEFAULT PRIVILEGES FOR ROLE default_boss GRANT SELECT ON TABLES TO default_maker; CREATE TABLE t (a integer)"
        ) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { name in
                let maintenance = server.url(database: "postgres").replacing("user=granary", with: "user=default_maker")
                let report = try await restore(folder.file("a.zip"), maintenance) {
                    $0.into = name
                    $0.noOwner = true
                }
                #expect(report.notes.contains { $0.contains("ALTER DEFAULT PRIVILEGES FOR ROLE default_boss") })
            }
            try await psql(
                url,
                "DROP OWNED BY default_boss; DROP OWNED BY default_maker; DROP ROLE default_boss; DROP ROLE default_maker"
            )
        }
    }

    @Test func statementsAreToldApartOutsideOfQuotes() {
        #expect(
            PrivilegeStatements.statements(
                "REVOKE ALL ON TABLE \"a;b\" FROM PUBLIC;\nGRANT SELECT ON TABLE \"a;b\" TO \"x;y\";\n"
            )
                == ["REVOKE ALL ON TABLE \"a;b\" FROM PUBLIC", "GRANT SELECT ON TABLE \"a;b\" TO \"x;y\""]
        )
    }

    @Test func rolesAreToldFromOtherWords() {
        let roles = RoleMap(names: ["a": "b"], present: ["b"])
        #expect(roles.missing(in: "GRANT SELECT(by),UPDATE(role) ON TABLE public.role TO a;", kind: "ACL") == [])
        #expect(roles.missing(in: "GRANT ALL ON TABLE public.\"to\" TO \"we\"\"ird\";", kind: "ACL") == ["we\"ird"])
        #expect(
            roles.missing(
                in: "SET SESSION AUTHORIZATION c;\nGRANT ALL ON TABLE t TO a;\nRESET SESSION AUTHORIZATION;\n",
                kind: "ACL"
            )
                == ["c"]
        )
        #expect(
            roles.missing(
                in: "ALTER DEFAULT PRIVILEGES FOR ROLE d IN SCHEMA s REVOKE ALL ON TABLES FROM PUBLIC;",
                kind: "DEFAULT ACL"
            )
                == ["d"]
        )
        #expect(roles.missing(in: "REVOKE ALL ON TABLE t FROM PUBLIC;", kind: "ACL") == [])
    }
}
