import PostgresClient
import Restore
import TestSupport
import Testing

/// Restores a dump into a new database, and lends it to `body`.
private func restoringNew(
    _ text: String,
    as role: String? = nil,
    _ change: (inout RestoreOptions) -> Void = { _ in },
    _ body: (_ report: RestoreReport, _ url: String) async throws -> Void
) async throws {
    let server = try await ThrowawayServer.shared()
    try await ScratchFolder.with { folder in
        let file = try folder.write(text, to: "dump.sql")
        try await server.withName { name in
            var maintenance = server.url(database: "postgres")
            if let role {
                maintenance = maintenance.replacing("user=\(ThrowawayServer.superuser)", with: "user=\(role)")
            }
            let address = ServerAddress(maintenance)
            var options = RestoreOptions(file: file)
            options.into = name
            change(&options)
            let report = try await RestoreRun(options, server: address, logger: quietLogger) { _ in }.run()
            try await body(report, server.url(database: name))
        }
    }
}

extension ThrowawayServer {
    /// Lends a new role, which must own nothing at the end.
    fileprivate func withRole(_ attributes: String, _ body: (_ role: String) async throws -> Void) async throws {
        let role = "granary_dump_role_\(UInt32.random(in: 0 ... .max))"
        try await execute("CREATE ROLE \(role) \(attributes)")
        do {
            try await body(role)
        } catch {
            try? await execute("DROP ROLE \(role)")
            throw error
        }
        try await execute("DROP ROLE \(role)")
    }
}

private func refusal(_ text: String, _ change: (inout RestoreOptions) -> Void = { _ in }) async throws -> RestoreError?
{
    let server = try await ThrowawayServer.shared()
    return try await ScratchFolder.with { folder in
        let file = try folder.write(text, to: "dump.sql")
        var options = RestoreOptions(file: file)
        options.into = "granary_not_made"
        change(&options)
        let address = ServerAddress(server.url(database: "postgres"))
        return await failure { try await RestoreRun(options, server: address, logger: quietLogger) { _ in }.run() }
    }
}

@Suite struct DumpAdaptationTests {
    private static let source = """
        CREATE TABLE t (id serial PRIMARY KEY, a int CHECK (a > 0));
        INSERT INTO t (a) VALUES (1), (2);
        CREATE VIEW v AS SELECT a FROM t;
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE INDEX i ON t (a);
        """

    private func pgDump(_ url: String, _ arguments: [String]) async throws -> String {
        let outcome = try await runCommand("pg_dump", ["-d", url] + arguments)
        #expect(outcome.status == 0)
        return String(decoding: outcome.stdoutBytes, as: UTF8.self)
    }

    @Test(arguments: [
        [], ["-n", "public"], ["--create"], ["--clean"], ["--clean", "--if-exists"], ["--create", "--clean"],
        ["--clean", "-n", "public"], ["--create", "--clean", "--if-exists"], ["--inserts"], ["--no-owner"],
        ["--use-set-session-authorization"], ["--quote-all-identifiers", "--create"],
    ])
    func `Every form of pg_dump's text comes back whole into a new database`(arguments: [String]) async throws {
        try await withDatabase(Self.source) { _, url, _ in
            try await restoringNew(try await pgDump(url, arguments)) { _, new in
                let (copy, original) = (try await TrickyDatabase.dump(new), try await TrickyDatabase.dump(url))
                #expect(copy == original)
            }
        }
    }

    @Test(arguments: [["--clean"], ["--clean", "--if-exists"]])
    func `A clean dump replaces what is there in place`(arguments: [String]) async throws {
        try await withDatabase(Self.source) { _, url, folder in
            let file = try folder.write(try await pgDump(url, arguments), to: "a.sql")
            let dump = try await TrickyDatabase.dump(url)
            try await psql(url, "UPDATE t SET a = 5; DROP VIEW v")
            try await restore(file, url) { $0.inPlace = true }
            try await #expect(TrickyDatabase.dump(url) == dump)
        }
    }

    // The database as a whole.

    private static let created = """
        CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE = 'C';
        \\connect shop
        COMMENT ON DATABASE shop IS 'it''s';
        ALTER DATABASE shop SET "TimeZone" TO 'Asia/Tokyo';
        ALTER DATABASE shop SET search_path TO 'a b', 'public';
        ALTER DATABASE shop CONNECTION LIMIT 7;
        REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
        CREATE TABLE t AS SELECT CAST('2024-01-01 03:00+09' AS timestamptz) AS at;
        CREATE MATERIALIZED VIEW d AS SELECT CAST(at AS date) AS day FROM t;

        """

    @Test func `A new database has what the dump says of its database`() async throws {
        try await restoringNew(Self.created) { report, url in
            let properties = try await psql(
                url,
                """
                SELECT datcollate, datconnlimit, shobj_description(oid, 'pg_database'), has_database_privilege('public', oid, 'CONNECT')
                FROM pg_database WHERE datname = current_database()
                """
            )
            #expect(properties == "C|7|it's|f")
            try await #expect(psql(url, "SHOW TimeZone") == "Asia/Tokyo")
            try await #expect(psql(url, "SHOW search_path") == "\"a b\", public")
            // The view was created under the time zone of the database.
            try await #expect(psql(url, "SELECT day FROM public.d") == "2024-01-01")
            #expect(report.notes.filter { $0.contains("left out") } == [])
        }
    }

    @Test func `A database that is replaced keeps its own settings`() async throws {
        try await withDatabase("ALTER DATABASE :\"DBNAME\" SET work_mem = '5MB'") { _, url, folder in
            let file = try folder.write(Self.created, to: "a.sql")
            let report = try await restore(file, url) { ($0.dropOld, $0.allowIncomplete) = (true, true) }
            try await #expect(psql(url, "SHOW work_mem") == "5MB")
            try await #expect(psql(url, "SHOW search_path") != "\"a b\", public")
            #expect(report.notes.count { $0.contains("keeps its own") } == 1)
        }
    }

    // Several databases.

    private static let several = """
        CREATE ROLE granary_of_no_dump;
        \\connect template1
        CREATE TABLE one (a int);
        \\connect postgres
        CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';
        \\connect -reuse-previous=on "dbname='shop'"
        CREATE TABLE two (a int);
        COPY two FROM stdin;
        1
        \\.

        """

    @Test func `Of several databases one is chosen`() async throws {
        try await restoringNew(
            Self.several,
            { $0.database = "shop" },
            { report, url in
                #expect(report.rows == 1)
                try await #expect(psql(url, "SELECT to_regclass('one') IS NULL, count(*) FROM two") == "t|1")
                try await #expect(
                    psql(url, "SELECT count(*) FROM pg_roles WHERE rolname = 'granary_of_no_dump'") == "0"
                )
                #expect(report.notes == ["roles and tablespaces of the cluster were left out of the dump"])
            }
        )
    }

    @Test func `Without a choice several databases are refused with their names`() async throws {
        let error = try await refusal(Self.several.split(separator: "\n").dropFirst().joined(separator: "\n"))
        #expect(error?.code == .usage)
        #expect(error?.exitStatus == .usage)
        #expect(error?.hint == "choose one with --database: template1, postgres, shop")
    }

    @Test func `A name that is none of them is refused with the nearest`() async throws {
        let error = try await refusal(Self.several) { $0.database = "shp" }
        #expect(error?.code == .usage)
        #expect(error?.hint?.hasPrefix("did you mean shop?") == true)
    }

    @Test(arguments: ["CREATE TABLE t (a int);\n", "\\connect shop\nCREATE TABLE t (a int);\n"])
    func `There is nothing to choose in a dump of one database`(text: String) async throws {
        let error = try await refusal(text) { $0.database = "shop" }
        #expect(error?.code == .usage)
        #expect(error?.message.contains("holds one database") == true)
    }

    // Commands of psql.

    @Test func `Harmless commands of psql are skipped`() async throws {
        let text = """
            \\set ON_ERROR_STOP on
            \\echo 'a \\'quoted\\' word' \\\\ CREATE TABLE t (a int);
            \\pset pager off
            \\timing
            \\d t
            INSERT INTO t VALUES (1) \\echo in the middle
            ;

            """
        try await restoringNew(text) { report, url in
            try await #expect(psql(url, "SELECT a FROM t") == "1")
            #expect(report.notes == [])
        }
    }

    @Test(arguments: [
        ("\\echo `id`\n", "\\echo has a backquote, which makes psql run a program"),
        ("\\set a 5\nSELECT :a;\n", "the statement uses psql's variable a, which restore does not put in"),
        ("\\set a 5\nSELECT :'a';\n", "the statement uses psql's variable a, which restore does not put in"),
        ("\\connect shop bob\n", "\\connect to another user or server is not followed"),
        ("\\c postgresql://other/shop\n", "\\c to another user or server is not followed"),
        ("\\connect \"dbname=shop host=other\"\n", "\\connect to another user or server is not followed"),
        ("\\gexec\n", "\\gexec is a command of psql, which restore does not run"),
        ("\\set SINGLELINE on\n", "\\set SINGLELINE changes where statements end"),
    ])
    func `Commands that psql would act on are refused with their line`(text: String, says: String) async throws {
        let error = try await refusal("CREATE TABLE t (a int);\n" + text)
        #expect(error?.code == .dump)
        #expect(error?.message.hasSuffix(says) == true)
        #expect(error?.message.contains("dump.sql:\(text.contains("SELECT") ? 3 : 2): ") == true)
    }

    @Test func `What looks like a variable and is none is sent as it is`() async throws {
        let text =
            "\\set n 5\nCREATE TABLE t (a int[]);\nINSERT INTO t VALUES ('{1,2,3}');\nCREATE TABLE u AS SELECT a[1:2]::text AS n FROM t;\n"
        try await restoringNew(text) { _, url in
            let value = try await psql(url, "SELECT n FROM u")
            #expect(value == "{1,2}")
        }
    }

    // Names and comments.

    @Test func `Tables and functions may be named like key words`() async throws {
        try await withDatabase(
            """
            CREATE TABLE stdin (copy int); CREATE TABLE database (role int); CREATE TABLE begin (a int);
            CREATE TABLE "from" ("to" int); INSERT INTO stdin VALUES (1); INSERT INTO "from" VALUES (2);
            CREATE FUNCTION begin() RETURNS SETOF begin LANGUAGE sql AS 'SELECT * FROM public.begin';
            CREATE FUNCTION end_() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
            GRANT SELECT ON database TO PUBLIC;
            """
        ) { _, url, _ in
            try await restoringNew(try await pgDump(url, [])) { _, new in
                let (copy, original) = (try await TrickyDatabase.dump(new), try await TrickyDatabase.dump(url))
                #expect(copy == original)
            }
        }
    }

    @Test(arguments: ["-- Data of t", "/* Data of t */", "  /* a */ -- b"])
    func `A comment may follow COPY on its line`(comment: String) async throws {
        try await restoringNew("CREATE TABLE t (a int);\nCOPY t FROM stdin; \(comment)\n1\n\\.\n") { report, url in
            #expect(report.rows == 1)
            try await #expect(psql(url, "SELECT a FROM t") == "1")
        }
    }

    // Statements that an ordinary role may not execute, and objects that every database has.

    @Test func `An ordinary role restores a dump with comments on what initdb made`() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withRole("LOGIN CREATEDB") { role in
            let text = """
                CREATE PROCEDURAL LANGUAGE plpgsql;
                CREATE OR REPLACE PROCEDURAL LANGUAGE plpgsql;
                COMMENT ON EXTENSION plpgsql IS 'x';
                CREATE TABLE t (a int);

                """
            try await restoringNew(text, as: role) { report, url in
                let count = try await psql(url, "SELECT count(*) FROM t")
                #expect(count == "0")
                #expect(
                    report.notes == [
                        "line 3: COMMENT ON EXTENSION was left out: must be owner of extension plpgsql"
                    ]
                )
            }
        }
    }

    // Roles.

    private static let roles = """
        CREATE SCHEMA s AUTHORIZATION absent;
        CREATE TABLE t (a int);
        ALTER TABLE t OWNER TO absent;
        REVOKE ALL ON TABLE t FROM absent;
        GRANT SELECT ON TABLE t TO absent;
        GRANT SELECT ON TABLE t TO PUBLIC;
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        REVOKE ALL ON FUNCTION f() FROM PUBLIC;
        ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON t TO absent USING (true);
        ALTER DEFAULT PRIVILEGES FOR ROLE absent GRANT SELECT ON TABLES TO PUBLIC;

        """

    @Test func `A missing role is named before anything is made`() async throws {
        let error = try await refusal(Self.roles)
        #expect(error?.code == .preflight)
        #expect(error?.message == "nothing was changed, because the server lacks the role absent")
        #expect(error?.hint?.contains("--role-map absent=OTHER") == true)
    }

    @Test func `Without owners everything is the restorer's and each REVOKE is done`() async throws {
        try await restoringNew(
            Self.roles,
            { $0.noOwner = true },
            { report, url in
                let query = """
                    SELECT pg_get_userbyid(nspowner) = current_user, has_function_privilege('public', 'f()', 'EXECUTE'),
                        has_table_privilege('public', 't', 'SELECT')
                    FROM pg_namespace WHERE nspname = 's'
                    """
                try await #expect(psql(url, query) == "t|f|t")
                #expect(report.notes.count { $0.contains("no role absent") } == 3)
            }
        )
    }

    @Test func `No password of a user mapping is in a note`() async throws {
        let dump = "CREATE TABLE t (a int);\nCREATE USER MAPPING FOR absent SERVER s OPTIONS (password 'hunter2');\n"
        try await restoringNew(dump, { $0.noOwner = true }) { report, _ in
            #expect(
                report.notes.contains(
                    "left out, because the server has no role absent: CREATE USER MAPPING of line 2"
                )
            )
            #expect(!report.notes.contains { $0.contains("hunter2") })
        }
    }

    @Test func `Settings of the database that load code are listed`() async throws {
        let dump = Self.created + "ALTER DATABASE shop SET session_preload_libraries TO 'evil';\n"
        try await withDatabase("SELECT 1") { _, url, folder in
            var options = RestoreOptions(file: try folder.write(dump, to: "a.sql"))
            options.into = "granary_not_made"
            let plan = try await RestoreRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }.plan()
            #expect(plan.code?.settings == ["session_preload_libraries"])
        }
    }

    @Test func `Roles are mapped wherever the dump names them`() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withRole("") { role in
            try await restoringNew(
                Self.roles,
                { $0.roleMap = ["absent": role] },
                { _, url in
                    let query = """
                        SELECT pg_get_userbyid(c.relowner), pg_get_userbyid(n.nspowner), p.polroles::regrole[],
                            pg_get_userbyid(d.defaclrole)
                        FROM pg_class c, pg_namespace n, pg_policy p, pg_default_acl d
                        WHERE c.relname = 't' AND n.nspname = 's'
                        """
                    try await #expect(psql(url, query) == "\(role)|\(role)|{\(role)}|\(role)")
                }
            )
        }
    }

    @Test func `Without privileges nothing is granted, and what is open to all is said`() async throws {
        try await restoringNew(
            Self.roles,
            { ($0.noPrivileges, $0.noOwner) = (true, true) },
            { report, url in
                let query = "SELECT count(*) FROM pg_class WHERE relname = 't' AND relacl IS NOT NULL"
                try await #expect(psql(url, query) == "0")
                #expect(
                    report.notes.contains(
                        "left out with --no-privileges, so that everyone has these rights: REVOKE ALL ON FUNCTION f() FROM PUBLIC"
                    )
                )
            }
        )
    }

    @Test(arguments: [
        "CREATE ROLE x", "GRANT postgres TO reader", "COMMENT ON ROLE postgres IS ''", "ALTER ROLE x SET a.b = 1",
        "GRANT ALL ON DATABASE granary_not_made, postgres TO PUBLIC", "GRANT SET ON PARAMETER work_mem TO PUBLIC",
        "REVOKE CREATE, CREATE, CREATE, CREATE, CREATE, CREATE ON DATABASE postgres FROM PUBLIC",
        "SECURITY LABEL ON ROLE postgres IS 'x'", "REASSIGN OWNED BY postgres TO x", "DROP OWNED BY x",
    ])
    func `Roles of the server are beyond a dump of one database`(statement: String) async throws {
        let error = try await refusal("CREATE TABLE t (a int);\n\(statement);\n")
        #expect(error?.message.contains("dump.sql:2: ") == true)
        #expect(error?.message.hasSuffix("reaches beyond the database that is restored") == true)
    }

    @Test func `A missing extension is named before anything is made`() async throws {
        let error = try await refusal("CREATE EXTENSION IF NOT EXISTS granary_of_no_server WITH SCHEMA public;\n")
        #expect(error?.message == "nothing was changed, because the server lacks the extension granary_of_no_server")
    }

    // Encodings and tablespaces.

    private static let latin =
        Array("CREATE TABLE t (a text);\nINSERT INTO t VALUES ('caf".utf8) + [0xE9] + Array("');\n".utf8)

    @Test func `A dump that does not say its encoding is told it`() async throws {
        try await withDatabase("") { _, url, folder in
            let file = try folder.write(Self.latin, to: "a.sql")
            try await restore(file, url) { ($0.encoding, $0.dropOld, $0.allowIncomplete) = ("LATIN1", true, true) }
            try await #expect(psql(url, "SELECT a FROM t") == "café")
        }
    }

    @Test func `The error of another encoding names it and the option`() async throws {
        try await withDatabase("") { _, url, folder in
            let file = try folder.write(Self.latin, to: "a.sql")
            let error = await failure { try await restore(file, url) }
            #expect(error?.message.contains("invalid byte sequence for encoding \"UTF8\"") == true)
            #expect(error?.message.contains("0x") == false)
            #expect(error?.hint?.contains("--encoding") == true)
        }
    }

    @Test(arguments: [("SJIS", RestoreFailure.usage), ("KLINGON", .preflight)])
    func `An encoding that cannot be read is refused`(name: String, code: RestoreFailure) async throws {
        let error = try await refusal("SELECT 1;\n") { $0.encoding = name }
        #expect(error?.code == code)
    }

    @Test func `The encoding that psql is told in the dump counts`() async throws {
        try await withDatabase("") { _, url, folder in
            let file = try folder.write(Array("\\encoding LATIN1\n".utf8) + Self.latin, to: "a.sql")
            try await restore(file, url) { ($0.dropOld, $0.allowIncomplete) = (true, true) }
            try await #expect(psql(url, "SELECT a FROM t") == "café")
        }
    }

    @Test func `Without tablespaces the default takes everything`() async throws {
        try await restoringNew(
            "SET default_tablespace = absent;\nCREATE TABLE t (a int);\n",
            { $0.noTablespaces = true },
            { _, url in
                let count = try await psql(url, "SELECT count(*) FROM t")
                #expect(count == "0")
            }
        )
    }
}
