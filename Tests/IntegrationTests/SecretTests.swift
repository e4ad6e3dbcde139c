import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A password appears only where a connection needs it. Messages contain no rows.
@Suite struct SecretTests {
    /// A part of the password that is the same with and without escapes.
    private static let mark = "s3cr3t"
    private static let password = "s3cr3t-p@ss%20'wo\\rd"

    private struct Ground {
        let server: ThrowawayServer
        let folder: ScratchFolder

        private var host: String { server.folder }
        var encoded: String {
            SecretTests.password.utf8.map { "%" + String(UInt($0) + 0x100, radix: 16).dropFirst() }.joined()
        }
        var url: String { "postgresql://app:\(encoded)@/shop?host=\(host)&port=5432" }
        var withoutPassword: String { "postgresql://app@/shop?host=\(host)&port=5432" }

        /// Runs granary with a `pg_dump` that records the arguments which other accounts can see: its own, and
        /// granary's.
        func granary(
            _ arguments: [String],
            _ environment: [String: String?],
            status: Int32? = 0,
            location: SourceLocation = #_sourceLocation
        ) async throws -> CommandOutcome {
            let outcome = try await runCommand(
                granaryBinary(),
                arguments,
                environment: [
                    "GRANARY_ENV": "development", "SERVICE_NAME": "app", "GRANARY_POSTGRES_BIN": folder.file("bin"),
                ].merging(
                    environment
                ) { $1 },
                workingDirectory: folder.path
            )
            if let status {
                #expect(outcome.status == status, "\(arguments): \(outcome)", sourceLocation: location)
            } else {
                #expect(outcome.status != 0, "\(arguments): \(outcome)", sourceLocation: location)
            }
            for text in [outcome.stdout, outcome.stderr] {
                #expect(!text.contains(SecretTests.mark), "\(arguments): \(outcome)", sourceLocation: location)
            }
            return outcome
        }

        var seen: String { String(decoding: folder.read("seen"), as: UTF8.self) }
    }

    private func withGround(_ body: (Ground) async throws -> Void) async throws {
        let server = try await ThrowawayServer.start()
        let admin = server.url(database: "postgres")
        try await psql(
            admin,
            """
            SET password_encryption = 'scram-sha-256';
            CREATE ROLE app LOGIN CREATEDB PASSWORD E'\(Self.password.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))';
            """
        )
        try await psql(admin, "CREATE DATABASE shop OWNER app")
        // The file is overwritten in place, so that it still belongs to the server's account.
        let rules = open("\(server.data)/pg_hba.conf", O_WRONLY | O_TRUNC)
        let text = "local all app scram-sha-256\nlocal all all trust\n"
        #expect(write(rules, text, text.utf8.count) == text.utf8.count)
        close(rules)
        try await psql(admin, "SELECT pg_reload_conf()")
        try await ScratchFolder.with { folder in
            let script = """
                #!/bin/sh
                tr '\\0' '\\n' </proc/$$/cmdline >>'\(folder.file("seen"))'
                tr '\\0' '\\n' </proc/$PPID/cmdline >>'\(folder.file("seen"))'
                tr '\\0' '\\n' </proc/$$/environ >>'\(folder.file("variables"))'
                exec '\(server.program("pg_dump"))' "$@"
                """
            try await writeScript(script, to: folder.file("bin/pg_dump"))
            try folder.write("CREATE SCHEMA app; CREATE TABLE app.t (a integer);\n", to: "migrations/000001_t.up.sql")
            try folder.write("DROP SCHEMA app CASCADE;\n", to: "migrations/000001_t.down.sql")
            try await body(Ground(server: server, folder: folder))
        }
        try await server.stop()
    }

    @Test func passwordsAreInNoOutputNoProcessListNoArchiveAndNoTable() async throws {
        try await withGround { ground in
            let passfile = try ground.folder.write(
                "*:*:*:app:\(Self.password.replacing("\\", with: "\\\\"))\n",
                to: "passfile"
            )
            chmod(passfile, 0o600)
            let ways: [(arguments: [String], environment: [String: String?])] = [
                (["--database-url", ground.url], [:]), ([], ["DATABASE_URL": ground.url]),
                ([], ["DATABASE_URL": ground.withoutPassword, "PGPASSWORD": Self.password]),
                ([], ["DATABASE_URL": ground.withoutPassword, "PGPASSFILE": passfile]),
            ]
            // Without the password no connection is possible, so the tests below prove something.
            _ = try await ground.granary(["tables"], ["DATABASE_URL": ground.withoutPassword], status: 4)
            for (index, way) in ways.enumerated() {
                let log = ["--log-format", index.isMultiple(of: 2) ? "json" : "text", "--verbose"] + way.arguments
                if index == 0 {
                    _ = try await ground.granary(["env", "mark", "development"] + log, way.environment)
                    _ = try await ground.granary(
                        ["migrate", "up", "--dump-schema", "schema.sql"] + log,
                        way.environment
                    )
                    let sql = ["schema", "--all", "--format", "sql"]
                    _ = try await ground.granary(sql + log, way.environment)
                }
                let file = "\(index).zip"
                _ = try await ground.granary(["backup", "--compress", "0", "--output", file] + log, way.environment)
                #expect(!ground.seen.isEmpty)
                #expect(!ground.seen.contains(Self.mark), "\(ground.seen)")
                let variables = String(decoding: ground.folder.read("variables"), as: UTF8.self)
                #expect(variables.contains("PATH="))
                #expect(!variables.contains("GRANARY_") && !variables.contains("DATABASE_URL"), "\(variables)")
                let bytes = ground.folder.read(file)
                #expect(bytes.count > 1000 && !String(decoding: bytes, as: UTF8.self).contains(Self.mark))
                _ = try await ground.granary(["counts", "--all", "--json"] + log, way.environment)
            }
            #expect(ground.seen.contains("app:***@"), "\(ground.seen)")
            // The lines that users can paste do not contain the password either.
            _ = try await ground.granary(["restore", "0.zip", "--database-url", ground.url], [:])
            _ = try await ground.granary(
                ["clean", "--all", "--confirm", "shop", "--json", "--database-url", ground.url],
                [:]
            )
            for name in ["migrations", "migration_log", "environment"] {
                let rows = try await psql(
                    ground.server.url(database: "shop"),
                    "SELECT coalesce(string_agg(t::text, ' '), '') FROM granary.\(name) t"
                )
                #expect(!rows.isEmpty && !rows.contains(Self.mark))
            }
        }
    }

    @Test func errorsAboutConnectionsHaveNoPassword() async throws {
        try await withGround { ground in
            let mark = Self.mark
            let urls = [
                "postgresql://app:\(mark)-wrong@/shop?host=\(ground.server.folder)",
                "postgresql://app:\(mark)@nowhere.invalid/shop", "postgresql://app:\(mark)/x@y@host:1:2/shop",
                "postgresql://app:\(mark) x@host/shop", "postgres//app:\(mark)@host/shop",
                "postgresql://app:\(mark)%zz@host/shop", "postgresql://app:\(mark)@host/shop?sslmode=perhaps",
                "postgresql://app:\(mark)@host:port/shop", "postgresql://host/shop?password=\(mark)&port=x",
                "host=nowhere.invalid password=\(mark)", "host=nowhere.invalid password='\(mark)",
                "password = '\(mark) \\' x' host", "password=\(mark) nothing=x", "://app:\(mark)@",
                "app:\(mark)@host/shop",
            ]
            for url in urls {
                for arguments in [["tables", "--json"], ["backup", "--verbose", "--log-format", "json"]] {
                    let outcome = try await ground.granary(arguments, ["DATABASE_URL": url], status: nil)
                    #expect(!(outcome.stdout + outcome.stderr).contains(mark), "\(arguments): \(outcome)")
                }
            }
            for arguments in [
                ["tables", "--database-url", urls[0]], ["tables", "--databse-url", urls[1]], ["tables", urls[1]],
                ["tabels", "--database-url", urls[1]], ["tables", "--database-url=\(urls[2])"],
                ["restore", "x.zip", "--into", "--database-url", urls[1]],
            ] {
                let outcome = try await ground.granary(arguments, [:], status: nil)
                #expect(!(outcome.stdout + outcome.stderr).contains(mark), "\(arguments): \(outcome)")
            }
        }
    }

    /// The server includes rows in the detail of its errors, and in the message about invalid numbers.
    @Test func rowsAreInNoMessage() async throws {
        let server = try await ThrowawayServer.shared()
        let mark = Self.mark
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(
                    url,
                    """
                    CREATE TABLE t (id integer PRIMARY KEY, name text UNIQUE NOT NULL, n integer CHECK (n > 0));
                    CREATE TABLE child (id integer PRIMARY KEY, name text REFERENCES t (name));
                    INSERT INTO t VALUES (1, '\(mark) one', 1);
                    """
                )
                func granary(_ arguments: [String]) async throws {
                    let outcome = try await runCommand(
                        granaryBinary(),
                        arguments + ["--verbose"],
                        environment: ["DATABASE_URL": url, "GRANARY_ENV": "development"],
                        workingDirectory: folder.path
                    )
                    let isMarking = arguments.first == "env"
                    #expect((outcome.status == 0) == isMarking, "\(arguments): \(outcome)")
                    #expect(!(outcome.stdout + outcome.stderr).contains(mark), "\(arguments): \(outcome)")
                }
                try await granary(["env", "mark", "development"])
                let seeds = [
                    "- {id: 2, name: \(mark) one, n: 1}", "- {id: 2, name: \(mark), n: -1}", "- {id: 2, name: ~, n: 1}",
                    "- {id: 2, name: x, n: \(mark)}", "- {id: \(mark), name: x, n: 1}",
                ]
                for row in seeds {
                    try folder.write("key: id\nrows:\n\(row)\n", to: "seeds/common/t.yaml")
                    try await granary(["seed", "--common", "--migrations", "none"])
                }
                try folder.write("key: id\nrows:\n- {id: 1, name: \(mark) none}", to: "seeds/common/child.yaml")
                try folder.write("- {id: 2, name: ok, n: 1}", to: "seeds/common/t.yaml")
                try await granary(["seed", "--common", "--migrations", "none"])
                let statements = [
                    "INSERT INTO t VALUES (2, '\(mark) one', 1);", "INSERT INTO t VALUES (2, '\(mark)', -1);",
                    "INSERT INTO t SELECT 2, NULL, 1;", "INSERT INTO t SELECT 2, name, name::integer FROM t;",
                    "ALTER TABLE t ALTER name TYPE integer USING name::integer;",
                    "ALTER TABLE t ADD CONSTRAINT c CHECK (name = '');",
                    "INSERT INTO child VALUES (1, '\(mark) none');",
                    "ALTER TABLE t ALTER name TYPE jsonb USING name::jsonb;",
                    "ALTER TABLE t ALTER name TYPE date USING name::date;",
                ]
                for statement in statements {
                    try folder.write(statement, to: "migrations/000001_x.up.sql")
                    try folder.write("SELECT 1;", to: "migrations/000001_x.down.sql")
                    try await granary(["migrate", "up"])
                }
                for rows in ["2\t\(mark) one\t1", "2\t\(mark)\t-1", "2\t\\N\t1", "2\t\(mark)\t\(mark)", "2\t\(mark)"] {
                    try folder.write(
                        """
                        CREATE TABLE public.t (id integer PRIMARY KEY, name text UNIQUE NOT NULL, n integer CHECK (n > 0));
                        COPY public.t (id, name, n) FROM stdin;
                        1\t\(mark) one\t1
                        \(rows)
                        \\.

                        """,
                        to: "dump.sql"
                    )
                    try await granary(["restore", "dump.sql", "--into", "rows_in_messages"])
                }
            }
        }
    }

    @Test func filesAreForTheirOwnerAloneWhateverTheUmask() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(url, "CREATE TABLE t (id integer PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a')")
                func granary(_ arguments: String...) async throws {
                    let outcome = try await runCommand(
                        "sh",
                        ["-c", "umask 000; exec \"$0\" \"$@\"", granaryBinary()] + arguments,
                        environment: [
                            "DATABASE_URL": url, "GRANARY_ENV": "development", "GRANARY_ARCHIVE_KEY": nil,
                            "XDG_CONFIG_HOME": folder.file("settings"),
                        ],
                        workingDirectory: folder.path
                    )
                    #expect(outcome.status == 0, "\(arguments): \(outcome)")
                }
                try await granary("env", "mark", "development")
                try await granary("backup")
                for file in ["a.zip", "p.sql", "p.sql.gz"] { try await granary("backup", "--output", file) }
                try await granary(
                    "clean",
                    "--all",
                    "--confirm",
                    try await psql(url, "SELECT current_database()"),
                    "--backups",
                    "undo"
                )
                try await granary(
                    "seed",
                    "--generate",
                    "t",
                    "--rows",
                    "5",
                    "--output",
                    "rows.copy",
                    "--service",
                    "public"
                )
                try await granary("init", "--migrations", "migrations")
                var modes: [String: UInt32] = [:]
                for entry in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
                    modes[entry] = fileMode(folder.file(entry))
                }
                let isOurs = { (name: String) in
                    [".zip", ".sql", ".gz", ".copy", ".key"].contains { name.hasSuffix($0) }
                        && !name.contains("migrations")
                }
                #expect(modes.count { isOurs($0.key) } == 7, "\(modes.keys.sorted())")
                for (name, mode) in modes {
                    #expect(mode & 0o022 == 0, "\(name) \(String(mode, radix: 8))")
                    if isOurs(name) { #expect(mode == 0o600, "\(name) \(String(mode, radix: 8))") }
                }
                for name in ["backups", "undo", "settings", "settings/granary"] {
                    #expect(modes[name] == 0o700, "\(name)")
                }
            }
        }
    }
}
