import TestSupport
import Testing

/// What someone meets in the first hour.
@Suite struct FirstStepsTests {
    private static let publicTables = """
        CREATE TABLE customers (id int PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'a'), (2, 'b');
        CREATE TABLE orders (id int PRIMARY KEY); CREATE SCHEMA other; CREATE TABLE other.orders (id int);
        """
    private static let named = ["migrations/environments.json": #"{"service": "shop"}"#] as KeyValuePairs

    @Test func granaryAloneShowsTheMostUsedCommands() async throws {
        let screen = try await runCommand(granaryBinary(), [])
        let lines = screen.stdout.split(separator: "\n")
        #expect(screen.status == 0)
        let commands = lines.compactMap { $0.firstMatch(of: #/^granary ([a-z]+(?: [a-z]+)*)(?: [A-Z]+)?  +[a-z]/#)?.1 }
        #expect(commands.count == 12 && lines.count == 13, "\(screen)")
        for command in commands {
            let help = try await runCommand(
                granaryBinary(),
                command.split(separator: " ").map(String.init) + ["--help"]
            )
            #expect(help.status == 0 && help.stdout.contains("USAGE: granary \(command)"), "\(help)")
        }
    }

    @Test func tablesOfAnUnconfiguredApplicationAreShown() async throws {
        try await TestProject.with(Self.publicTables, files: Self.named) { project in
            let reason =
                "there is no schema shop, which was assumed because the service is called shop (migrations/environments.json)"
            for command in ["tables", "counts", "schema"] {
                let outcome = try await project.granary(command)
                #expect(outcome.status == 0, "\(outcome)")
                #expect(
                    outcome.stderr.contains(
                        "\(reason): public is shown instead; list its schemas in migrations/environments.json, such as"
                    )
                )
                #expect(outcome.stdout.contains("customers") && !outcome.stdout.contains("other"), "\(outcome)")
            }
        }
    }

    @Test func whatDestroysOrFillsNeedsTheSchemas() async throws {
        try await TestProject.with(Self.publicTables, files: Self.named) { project in
            try await project.mark()
            let hint = "hint: list its schemas in migrations/environments.json, such as \"schemas\": [\"public\"]\n"
            for words in [
                ["clean", "--confirm", project.database], ["reset", "--confirm", project.database],
                ["seed", "--generate", "customers", "--rows", "2"],
            ] {
                let outcome = try await project.granary(words)
                #expect(outcome.status == 64 && outcome.stderr.hasSuffix(hint), "\(words): \(outcome)")
            }
            try await #expect(project.sql("SELECT count(*) FROM customers") == "2")
            let named = try await project.granary("seed", "--generate", "public.orders", "--rows", "2")
            #expect(named.status == 0 && named.stdout.contains("public.orders  2 inserted"), "\(named)")
            try project.folder.write(#"{"service": "shop", "schemas": ["public"]}"#, to: "migrations/environments.json")
            let cleaned = try await project.granary("clean", "--confirm", project.database)
            #expect(cleaned.status == 0, "\(cleaned)")
            try await #expect(project.sql("SELECT count(*) FROM customers") == "0")
        }
    }

    @Test func tablesMayBeArguments() async throws {
        try await TestProject.with(Self.publicTables, files: Self.named) { project in
            try await #expect(project.granary("counts", "customers", "--quiet").stdout.hasSuffix("1 table, 2 rows\n"))
            try await #expect(
                project.granary("counts", "o*", "--all", "--quiet").stdout.hasSuffix("2 tables, 0 rows\n")
            )
            let schema = try await project.granary("schema", "other.orders", "--format", "json")
            #expect(
                schema.stdout.matches(of: #/"schema": ?"other"/#).count == 1 && !schema.stdout.contains("customers")
            )
            let sql = try await project.granary("schema", "customers", "--format", "sql")
            #expect(sql.stdout.matches(of: #/CREATE TABLE ([a-z.]+)/#).map { String($0.1) } == ["public.customers"])
            let wrong = try await project.granary("tables", "custmers")
            #expect(
                wrong.status == 64
                    && wrong.stderr.contains("no table matches custmers\nhint: did you mean public.customers?"),
                "\(wrong)"
            )
        }
    }

    /// The numbers of a backup and of a count are those of the user's rows.
    @Test func granarysOwnTablesAreNotCounted() async throws {
        try await TestProject.with(Self.publicTables, files: Self.named) { project in
            try await project.mark()
            try await #expect(project.granary("counts", "--all", "--quiet").stdout.hasSuffix("3 tables, 2 rows\n"))
        }
    }

    @Test func theNumbersOfAllCommandsAgree() async throws {
        let files =
            [
                "migrations/environments.json": #"{"service": "shop"}"#,
                "migrations/1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
                "migrations/2_b.up.sql": "CREATE TABLE shop.b AS SELECT generate_series(1, 7) AS id;",
                "backups/.keep": "",
            ] as KeyValuePairs
        try await TestProject.with(files: files) { project in
            try await #expect(project.granary("migrate", "up", "--env", "development").status == 0)
            func numbers(_ words: String...) async throws -> [String] {
                let outcome = try await project.granary(words + ["--json"])
                #expect(outcome.status == 0, "\(words): \(outcome)")
                return outcome.stdout.matches(of: #/"(?:rows|tables)":[0-9]+/#).map { String($0.0) }.sorted()
            }
            let both = ["\"rows\":7", "\"tables\":2"]
            try await #expect(numbers("backup", "--output", "backups/x.zip") == both)
            try await #expect(numbers("backups", "list") == both)
            try await #expect(numbers("verify", "x.zip") == ["\"rows\":7"])
            try await #expect(numbers("restore", "x.zip", "--plan") == both)
            try await #expect(numbers("restore", "x.zip", "--drop-old") == both)
            try await #expect(numbers("backup", "--output", "backups/x.sql") == both)
            try await #expect(numbers("verify", "x.sql") == both)
            try await #expect(numbers("restore", "x.sql", "--drop-old") == both)
            for words in [["counts", "--all"], ["tables", "--all"], ["backups", "show", "x.zip"]] {
                let shown = try await project.granary(words)
                #expect(shown.stdout.contains("shop") && !shown.stdout.contains("migration_log"), "\(shown)")
            }
            let restored = try await project.granary("restore", "x.zip", "--drop-old")
            #expect(restored.stderr.contains("(now 2 tables, "), "\(restored)")
            let asked = try await project.granary("tables", "--schema", "granary", "--quiet")
            #expect(asked.stdout.contains("migration_log"), "\(asked)")
            // They are in the backup all the same.
            try await #expect(project.granary("migrate", "status", "--check").status == 0)
        }
    }

    /// Tables of more than 8 MB are estimated otherwise.
    @Test func aComparisonCountsLargeTablesToo() async throws {
        let sql = "CREATE TABLE a AS SELECT id, repeat('x', 1000) AS t FROM generate_series(1, 9000) id"
        try await TestProject.with(sql) { project in
            try await #expect(project.granary("backup", "--output", "x.zip", "--compress", "1", "--quiet").status == 0)
            try await project.sql("DELETE FROM a WHERE id = 7")
            let counted = try await project.granary("counts", "--all", "--since", "x.zip", "--json")
            #expect(counted.stdout.contains(#""then":9000,"rows":8999,"exact":true,"change":-1"#), "\(counted)")
        }
    }

    @Test func digestsShowChangedValues() async throws {
        let sql = """
            CREATE TABLE a (id int, t text); INSERT INTO a VALUES (1, 'x'), (2, 'y'); CREATE TABLE b (id int);
            CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
            INSERT INTO p VALUES (1), (2); INSERT INTO b VALUES (1)
            """
        try await TestProject.with(sql) { project in
            try await #expect(project.granary("backup", "--output", "x.zip", "--quiet").status == 0)
            func same(_ words: String...) async throws -> [String] {
                let outcome = try await project.granary(
                    ["counts", "--all", "--since", "x.zip", "--digests", "--json"] + words
                )
                return outcome.stdout.matches(of: #/"table":"public.([a-z])"[^}]*"same_rows":([a-z]+)/#).map {
                    "\($0.1) \($0.2)"
                }
            }
            // Neither their place nor their order counts.
            try await project.sql("DELETE FROM a WHERE id = 1; INSERT INTO a VALUES (1, 'x')")
            try await #expect(same() == ["a true", "b true", "p true"])
            try await project.sql("UPDATE a SET t = 'z' WHERE id = 2; UPDATE p SET id = 3 WHERE id = 2")
            try await #expect(same() == ["a false", "b true", "p false"])
            try await #expect(same("b") == ["b true"])
            let lines = try await project.granary("counts", "--all", "--since", "x.zip", "--digests").stdout
            #expect(lines.contains("2 tables of 3 changed since") && !lines.contains("changed values"), "\(lines)")
        }
    }

    @Test func anEmptyDatabaseIsMarkedByTheFirstMigrateUp() async throws {
        try await TestProject.with(files: ["migrations/1_a.up.sql": "CREATE TABLE a (id int);"]) { project in
            let refused = try await project.granary("migrate", "up")
            #expect(refused.status == 3)
            let hint =
                "hint: the database is empty; say what it will be: --env development, staging or production; this marks it\n"
            #expect(refused.stderr.hasSuffix(hint), "\(refused)")
            try await #expect(project.granary("migrate", "up", "--env", "development").status == 0)
            try await #expect(project.granary("env").stdout.contains("development (the marker in the database)"))
        }
    }

    /// The names of other folders and files contain `dev`.
    @Test func aFolderIsStrayUnlessAFileInItIsListed() async throws {
        let environments = """
            {"service": "shop", "environments": {"development": {"seed_files": ["development/shop.a.yaml", "extra/*"]}}}
            """
        let files =
            [
                "migrations/environments.json": environments, "seeds/development/shop.a.yaml": "- {id: 1}\n",
                "seeds/dev/shop.a.yaml": "- {id: 2}\n", "seeds/extra/shop.b.yaml": "- {id: 3}\n",
            ] as KeyValuePairs
        let tables = "CREATE TABLE shop.a (id int PRIMARY KEY); CREATE TABLE shop.b (id int PRIMARY KEY)"
        try await TestProject.with("CREATE SCHEMA shop; \(tables)", files: files) { project in
            try await project.mark()
            let outcome = try await project.granary("seed")
            #expect(outcome.status == 0 && outcome.stderr.contains("seeds/dev belongs to no environment"), "\(outcome)")
            #expect(!outcome.stderr.contains("seeds/extra belongs"), "\(outcome)")
        }
    }

    @Test func misspelledFoldersOfSeedsAreNamed() async throws {
        let files =
            [
                "seeds/common/shop.a.yaml": "- {id: 1}\n", "seeds/developmnt/shop.a.yaml": "- {id: 2}\n",
                "seeds/development/shop.a.yaml": "- {id: 3}\n",
            ] as KeyValuePairs
        try await TestProject.with("CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY)", files: files) {
            project in
            try await project.mark()
            let outcome = try await project.granary("seed", "--common", "--service", "shop")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.stderr.contains(
                    "seeds/developmnt belongs to no environment, so it is not read; is development meant?\n"
                )
            )
            #expect(
                outcome.stderr.contains(
                    "only seeds/common was loaded; `granary seed --env development` loads seeds/development, too\n"
                )
            )
            let make = try await project.granary(
                "seed",
                "--common",
                "--service",
                "shop",
                environment: ["GRANARY_MAKE_VARIABLES": "ARGS CONFIRM ENV"]
            )
            #expect(make.stderr.contains("`make db-seed-enhanced ENV=development` loads"), "\(make)")
            let all = try await project.granary("seed", "--service", "shop")
            #expect(!all.stderr.contains("only seeds/common"), "\(all)")
        }
    }

    @Test func aFileThatSeedCannotWriteIsAFailure() async throws {
        let sql = "CREATE SCHEMA shop; CREATE TABLE shop.\"a/b\" (id int PRIMARY KEY)"
        try await TestProject.with(sql, files: ["migrations/.keep": ""]) { project in
            try await project.mark()
            let outcome = try await project.granary(
                ["seed", "--generate", "shop.*", "--rows", "2", "--write", "written", "--service", "shop"]
            )
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.stdout.contains("2 inserted"), "\(outcome)")
            #expect(outcome.stderr.contains("there is no file for shop.a/b"), "\(outcome)")
        }
    }

    @Test func statusIsOneScreen() async throws {
        let files =
            [
                "migrations/environments.json": #"{"service": "shop"}"#, "migrations/1_a.up.sql": "CREATE SCHEMA shop;",
                "migrations/2_b.up.sql": "CREATE TABLE shop.b (id int);", "seeds/.keep": "", "backups/.keep": "",
            ] as KeyValuePairs
        try await TestProject.with(files: files) { project in
            try await #expect(project.granary("migrate", "up", "1", "--env", "development").status == 0)
            try await #expect(project.granary("backup", "--quiet").status == 0)
            let status = try await project.granary("status")
            let lines = status.stdout.split(separator: "\n").map(String.init)
            try #require(lines.count == 5, "\(status)")
            #expect(lines[0].hasPrefix("database     \(project.database) at "))
            #expect(lines[1] == "environment  development (the marker in the database)")
            #expect(lines[2] == "migrations   1 applied, 1 pending (2_b)")
            #expect(lines[3].hasPrefix("last backup  backups/\(project.database)-"), "\(lines[3])")
            #expect(lines[4] == "findings     no problems")
            let ill = try await project.granary("status", "--env", "staging").stdout
            let problem = """

                findings     1 problem
                             marker: the database is marked development, but staging was chosen
                             → choose --env development, or: granary env mark staging --force

                """
            #expect(ill.hasSuffix(problem), "\(ill)")
        }
    }

    @Test func statusNeedsNoDatabase() async throws {
        let files =
            [
                "migrations/environments.json": #"{"service": "shop"}"#, "migrations/1_a.up.sql": "CREATE SCHEMA shop;",
                "seeds/.keep": "", "backups/.keep": "",
            ] as KeyValuePairs
        try await TestProject.with("CREATE TABLE a (id int)", files: files) { project in
            try await #expect(project.granary("backup", "--output", "backups/whole.zip", "--quiet").status == 0)
            let part = ["backup", "--table", "public.a", "--output", "backups/part.zip", "--quiet"]
            try await #expect(project.granary(part).status == 0)
            let none = try await project.granary("status", "--env", "qa", environment: ["DATABASE_URL": nil])
            #expect(none.status == 64, "\(none)")
            let places: [(url: String?, text: String)] = [
                (nil, "none was reached"),
                ("postgresql://127.0.0.1:1/\(project.database)", "\(project.database) at 127.0.0.1:1, not reached"),
            ]
            for (url, place) in places {
                let status = try await project.granary(
                    "status",
                    "--env",
                    "staging",
                    environment: ["DATABASE_URL": url]
                )
                let lines = status.stdout.split(separator: "\n").map(String.init)
                try #require(status.status == 4 && lines.count > 5, "\(status)")
                #expect(lines[0] == "database     \(place)")
                #expect(lines[1] == "environment  staging (--env)")
                #expect(lines[2] == "migrations   1 migration in the folder, states unknown")
                // The part is newer.
                #expect(lines[3].hasPrefix("last backup  backups/whole.zip ("), "\(status)")
                #expect(lines[4] == "findings     1 problem" && lines[5].contains("database: "), "\(status)")
            }
        }
    }

    @Test(arguments: [
        ("create", "`granary migrate generate NAME`"), ("new", "`granary migrate generate NAME`"),
        ("version", "`granary migrate status`"), ("rollback", "`granary migrate down`"),
        ("force", "`granary migrate repair`"),
    ])
    func commandsOfOtherMigratorsGetAPointer(word: String, pointer: String) async throws {
        let outcome = try await runCommand(granaryBinary(), ["migrate", word, "3"])
        #expect(outcome.status == 64)
        #expect(outcome.stderr.contains("hint: \(pointer)"), "\(outcome)")
    }

    @Test func aNewMigrationGoesWhereTheTablesAre() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("CREATE TABLE customers (id int);", to: "migrations/1_a.up.sql")
            let words = ["migrate", "generate", "add_orders", "--type", "table", "--service", "shop"]
            let made = try await runCommand(granaryBinary(), words, workingDirectory: folder.path)
            #expect(made.status == 0, "\(made)")
            let text = String(decoding: folder.read("migrations/2_add_orders.up.sql"), as: UTF8.self)
            #expect(text.contains("CREATE TABLE public.orders") && !text.contains("CREATE SCHEMA"), "\(text)")
        }
    }

    @Test func withoutATypeBothFilesAreBlank() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "migrations/.keep")
            let made = try await runCommand(
                granaryBinary(),
                ["migrate", "generate", "drop_old_things"],
                workingDirectory: folder.path
            )
            #expect(made.status == 0, "\(made)")
            #expect(
                String(decoding: folder.read("migrations/000001_drop_old_things.up.sql"), as: UTF8.self)
                    == "-- Drop old things.\n"
            )
            // An empty down file is reported as missing.
            let checked = try await runCommand(
                granaryBinary(),
                ["validate", "--offline"],
                workingDirectory: folder.path
            )
            #expect(checked.stdout.contains("missing-down"), "\(checked)")
            let wrong = try await runCommand(
                granaryBinary(),
                ["migrate", "generate", "x", "--type", "y"],
                workingDirectory: folder.path
            )
            #expect(wrong.stderr.contains("table, column, index, "), "\(wrong)")
        }
    }
}
