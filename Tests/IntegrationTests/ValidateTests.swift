import TestSupport
import Testing

/// The built command `granary validate`.
@Suite struct ValidateTests {
    private func validate(
        _ files: KeyValuePairs<String, String>,
        _ words: String...,
        then: (ScratchFolder) async throws -> Void = { _ in }
    ) async throws -> CommandOutcome {
        try await ScratchFolder.with { folder in
            for (name, text) in files { try folder.write(text, to: name) }
            let outcome = try await Self.run(folder.path, words)
            try await then(folder)
            return outcome
        }
    }

    private static func run(_ folder: String, _ words: [String]) async throws -> CommandOutcome {
        try await runCommand(granaryBinary(), ["validate"] + words, workingDirectory: folder)
    }

    private static let up = "-- Things.\nCREATE TABLE shop.things (id bigint PRIMARY KEY, name text);\n"
    private static let down = "DROP TABLE shop.things;\n"

    private static var project: String {
        let file = #filePath
        return String(file[..<file.firstRange(of: "/Tests/")!.lowerBound])
    }

    @Test func theExampleAndAFreshProjectHaveNoFindings() async throws {
        let example = try await Self.run(Self.project, ["--offline"])
        #expect(example.status == 0, "\(example)")
        #expect(example.stdout == "no findings in 8 files\n")
        try await ScratchFolder.with { folder in
            try await runCommand(granaryBinary(), ["init", "--quiet"], workingDirectory: folder.path)
            let fresh = try await Self.run(folder.path, ["--offline"])
            #expect(fresh.status == 0, "\(fresh)")
            #expect(fresh.stdout == "no findings in 0 files\n")
            let make = try await runCommand(
                "make",
                ["-f", "granary.mk", "db-validate", "GRANARY=\(granaryBinary())", "ARGS=--offline --json"],
                environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil],
                workingDirectory: folder.path
            )
            #expect(
                make.stdout.hasPrefix(#"{"ok":true,"errors":0,"warnings":0,"infos":0,"files":0,"findings":[]"#)
            )
        }
    }

    /// Common faults, in one folder.
    private static let broken: KeyValuePairs = [
        "migrations/000001_a.up.sql": up, "migrations/000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "migrations/1_again.up.sql": "-- Again.\nSELECT 1;", "migrations/1_again.down.sql": "-- nothing to undo",
        "migrations/000002_b.up.sql": "SELCT 1;\n\\i other.sql\nCOPY shop.things FROM STDIN;\n1\ta\n",
        "migrations/000003_c.up.sql": "-- C.\nINSERT INTO people.users (password) VALUES ('geheim');\n",
        "migrations/000003_c.down.sql": "DELETE FROM people.users;\n",
        "migrations/3.sql": "", "migrations/development/000003_d.up.sql": "-- D.\nCREATE TABLE d ();",
        "migrations/development/000003_d.down.sql": "DROP TABLE d, shop.things;",
        "migrations/staging/000007_a.up.sql": up, "migrations/staging/000007_a.down.sql": down,
        "migrations/dependencies.json": """
        {"migrations": {
          "000001": {"affects_tables": ["shop.thing"], "depends_on": ["000007"], "rollback_safe": true},
          "000003": {"depends_on": ["000004"], "risk_level": "low", "owner": "ada"},
          "000009": {"depends_on": ["000009"], "risk_level": 3}
        }}
        """,
        "migrations/environments.json": """
        {"service": "shop",
         "environments": {
          "development": {"migrations": ["000001_a.up.sql", "000005_e.up.sql"]},
          "staging": {"config": {"backup_required": "yes"}, "seed_files": ["staging/none.yaml"]},
          "production": {}
        }}
        """,
        "seeds/common/things.yaml": "- {id: 1, nam: x}\n", "seeds/common/thing.csv": "id\n1\n",
    ]

    @Test func allFaultsAreReportedTogether() async throws {
        let outcome = try await validate(Self.broken, "--offline", "--json")
        #expect(outcome.status == 2)
        let rules = Self.found(outcome.stdout)
        let expected: Set = [
            "migrations/000001_a.down.sql:1 drops-ledger", "migrations/000001_a.down.sql:1 down-drops-more",
            "migrations/1_again.up.sql:1 duplicate-number", "migrations/000002_b.up.sql:1 syntax",
            "migrations/000002_b.up.sql:1 missing-purpose", "migrations/000002_b.up.sql:1 missing-down",
            "migrations/000002_b.up.sql:1 missing-entry", "migrations/000002_b.up.sql:2 psql-command",
            "migrations/000002_b.up.sql:3 copy-from-stdin", "migrations/000003_c.up.sql:2 foreign-schema",
            "migrations/000003_c.up.sql:2 secret", "migrations/000003_c.down.sql:1 foreign-schema",
            "migrations/000003_c.down.sql:1 down-deletes-more", "migrations/3.sql:1 file-name",
            "migrations/development/000003_d.up.sql:1 colliding-number",
            "migrations/development/000003_d.up.sql:2 no-schema",
            "migrations/development/000003_d.down.sql:1 no-schema",
            "migrations/development/000003_d.down.sql:1 down-drops-more",
            "migrations/staging/000007_a.up.sql:1 duplicate-content",
            "migrations/staging/000007_a.up.sql:1 missing-entry",
            "migrations/dependencies.json:2 affects-tables",
            "migrations/dependencies.json:2 other-environment-dependency",
            "migrations/dependencies.json:2 rollback-safe", "migrations/dependencies.json:3 unknown-dependency",
            "migrations/dependencies.json:3 risk-level", "migrations/dependencies.json:3 unknown-field",
            "migrations/dependencies.json:4 entry-without-file", "migrations/dependencies.json:4 dependency-cycle",
            "migrations/dependencies.json:4 unknown-dependency", "migrations/dependencies.json:4 wrong-type",
            "migrations/environments.json:3 listed-file-missing", "migrations/environments.json:3 unlisted-file",
            "migrations/environments.json:4 wrong-type", "migrations/environments.json:4 listed-file-missing",
            "seeds/common/thing.csv:1 seed-unknown-table", "seeds/common/things.yaml:1 seed-unknown-column",
        ]
        #expect(expected.subtracting(rules) == [])
        #expect(outcome.stdout.hasPrefix(#"{"ok":false,"errors":"#))
        // The findings and their order do not depend on how the work was divided.
        try await #expect(validate(Self.broken, "--offline", "--format", "json").stdout == outcome.stdout)
    }

    /// The findings of a JSON document as `file:line rule`.
    private static func found(_ document: String) -> [String] {
        document.matches(of: #/"rule":"([^"]+)","severity":"[a-z]+","file":"([^"]+)","line":(\d+)/#).map {
            "\($0.2):\($0.3) \($0.1)"
        }
    }

    private static let few: KeyValuePairs = [
        "migrations/000001_a.up.sql": "CREATE TABLE things (id bigint);\nSELECT 100%, ;",
        "migrations/000001_a.down.sql": "DROP TABLE things;",
        "migrations/development/000002_a,b:c.up.sql": "-- B.\nSELECT FROM shop.things WHERE;",
        "migrations/development/000002_a,b:c.down.sql": "-- nothing to undo",
    ]

    @Test func peopleReadThemByFile() async throws {
        let outcome = try await validate(Self.few, "--offline", "--service", "shop")
        #expect(outcome.status == 2)
        #expect(
            outcome.stdout == """
                migrations/000001_a.down.sql
                  1:1  warning  no-schema: things has no schema, so its schema depends on the search path of the role that migrates
                                write the schema before each name, as in shop.things, or begin the file with SET search_path

                migrations/000001_a.up.sql
                  1     info     missing-purpose: no comment says what the migration is for
                                 begin with a line such as `-- Phones: the telephone numbers of an account.`
                  1:14  warning  no-schema: things has no schema, so its schema depends on the search path of the role that migrates
                                 write the schema before each name, as in shop.things, or begin the file with SET search_path
                  2:12  error    syntax: syntax error at or near ","

                migrations/development/000002_a,b:c.up.sql
                  2:30  error    syntax: syntax error at end of input

                2 errors, 2 warnings, 1 info in 3 files; 4 files of migrations checked

                """
        )
    }

    @Test func gitHubReadsThemAsAnnotations() async throws {
        let outcome = try await validate(Self.few, "--offline", "--service", "shop", "--format", "github")
        #expect(outcome.status == 2)
        let lines = outcome.stdout.split(separator: "\n").map(String.init)
        #expect(lines.count == 5)
        #expect(
            lines[0]
                == "::warning file=migrations/000001_a.down.sql,line=1,col=1,title=no-schema::things has no schema, so its "
                + "schema depends on the search path of the role that migrates%0Awrite the schema "
                + "before each name, as in shop.things, or begin the file with SET search_path"
        )
        #expect(lines[1].hasPrefix("::notice file=migrations/000001_a.up.sql,line=1,title=missing-purpose::"))
        #expect(
            lines[4].hasPrefix(
                "::error file=migrations/development/000002_a%2Cb%3Ac.up.sql,line=2,col=30,title=syntax::"
            )
        )
        #expect(outcome.stderr.contains("2 errors, 2 warnings, 1 info in 3 files"))
    }

    /// GitHub resolves file names from the top folder of the repository.
    @Test func annotationsNameFilesFromTheTopOfTheRepository() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("SELCT 1;", to: "services/shop/migrations/1_a.up.sql")
            try folder.write("", to: ".git/HEAD")
            func annotated(_ place: String, _ words: String..., workspace: String? = nil) async throws -> Bool {
                let outcome = try await runCommand(
                    granaryBinary(),
                    ["validate", "--offline", "--format", "github"] + words,
                    environment: ["GITHUB_WORKSPACE": workspace],
                    workingDirectory: folder.file(place)
                )
                let place = "services/shop/migrations/1_a.up.sql,line=1,col=1"
                return outcome.stdout.contains("::error file=\(place),title=syntax::")
            }
            try await #expect(annotated("services/shop"))
            try await #expect(annotated("services/shop", "--migrations", folder.file("services/shop/migrations")))
            try await #expect(annotated("services/shop/migrations", "--migrations", "../migrations"))
            try await #expect(annotated("", "--root", "services"))
            // A workflow may declare another folder to be the top.
            try await #expect(!annotated("services/shop", workspace: folder.file("services")))
            try await #expect(annotated("services/shop", workspace: "/nowhere"))
        }
    }

    @Test func exitCodesTellFindingsFromWhatCannotBeDone() async throws {
        let sound: KeyValuePairs = [
            "migrations/1_a.up.sql": "SELECT 1;", "migrations/1_a.down.sql": "-- nothing to undo",
        ]
        let info = try await validate(sound, "--offline")
        #expect(info.status == 0, "\(info)")
        #expect(info.stdout.contains("1 info in 1 file"))
        let warning = try await validate(["migrations/1_a.up.sql": "-- A.\nSELECT 1;"], "--offline")
        #expect(warning.status == 2)
        #expect(warning.stdout.contains("\n1 warning in 1 file; 1 file of migrations checked\n"))

        try await #expect(validate(sound, "--offline", "--migrations", "none").status == 1)
        for words in [["--since", "x"], ["--base", ""], ["--format", "xml"], ["--offline", "--scratch-url", "u"]] {
            try await ScratchFolder.with { folder in
                try folder.write("", to: "migrations/.keep")
                try await #expect(Self.run(folder.path, words).status == 64, "\(words)")
            }
        }
        let base = try await validate(sound, "--offline", "--base", "main", "--format", "json")
        #expect(base.status == 64)
        #expect(base.stdout.contains(#"{"error":{"message":""#))
    }

    @Test func anInvalidJSONFileDoesNotHideOtherFindings() async throws {
        let outcome = try await validate(
            [
                "migrations/environments.json": "{\"service\": \"shop\",}", "migrations/dependencies.json": "[]",
                "migrations/1_a.up.sql": "-- A.\nSELCT 1;",
            ],
            "--offline",
            "--json"
        )
        #expect(outcome.status == 2)
        let expected: Set = [
            "migrations/environments.json:1 json-syntax", "migrations/dependencies.json:1 wrong-type",
            "migrations/1_a.up.sql:2 syntax", "migrations/1_a.up.sql:1 missing-down",
        ]
        #expect(Set(Self.found(outcome.stdout)) == expected)
    }

    @Test func productionIsNotSeededWithSecretsAndExamples() async throws {
        let users = "rows:\n  ada:\n    email: ada@example.com\n    password: geheim\n    token_count: 7\n"
        let files: KeyValuePairs = [
            "migrations/1_a.up.sql":
                "-- A.\nCREATE TABLE shop.users (email text, password text, token_count int, org_id int);",
            "migrations/1_a.down.sql": "DROP TABLE shop.users;",
            "seeds/seeds.yaml": "schema: shop\nreference: [users]\n",
            "seeds/common/users.yaml": users,
            "seeds/development/users.yaml": "- {email: dev@example.com, password: pw, org: x}\n",
            "seeds/production/more.sql":
                "INSERT INTO shop.users (email, mail) VALUES ('a', 'b');\nINSERT INTO shop.persons VALUES (1);\nSELCT 1;",
        ]
        let outcome = try await validate(files, "--offline", "--json", "--service", "shop")
        let seeds = Self.found(outcome.stdout).filter { $0.hasPrefix("seeds/") }
        #expect(
            seeds == [
                "seeds/common/users.yaml:3 example-people", "seeds/common/users.yaml:4 secret",
                "seeds/production/more.sql:1 seed-unknown-column", "seeds/production/more.sql:2 seed-unknown-table",
                "seeds/production/more.sql:3 syntax",
            ]
        )
    }

    @Test func withADatabaseTableSizesAndSeedsAreChecked() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(
                url,
                """
                CREATE SCHEMA shop; CREATE TABLE shop.large (id int, a int); CREATE TABLE shop.small (id int, a int);
                INSERT INTO shop.large SELECT n, n FROM generate_series(1, 50000) n; INSERT INTO shop.small VALUES (1);
                ANALYZE;
                """
            )
            let files: KeyValuePairs = [
                "migrations/1_a.up.sql":
                    "-- A.\nCREATE SCHEMA shop;\nCREATE TABLE shop.large (id int, a int);\nCREATE TABLE shop.small (id int, a int);",
                "migrations/1_a.down.sql": "DROP TABLE shop.small;\nDROP TABLE shop.large;\nDROP SCHEMA shop;",
                "migrations/2_b.up.sql":
                    "-- B.\nCREATE INDEX large_a ON shop.large (a);\nCREATE INDEX small_a ON shop.small (a);",
                "migrations/2_b.down.sql": "DROP INDEX shop.large_a;\nDROP INDEX shop.small_a;",
                "seeds/common/large.yaml": "key: id\nrows:\n  - {id: 1, a: x}\n",
            ]
            let outcome = try await validate(
                files,
                "--json",
                "--service",
                "shop",
                "--env",
                "development",
                "--database-url",
                url
            )
            #expect(outcome.status == 2, "\(outcome)")
            let up = outcome.stdout.matches(
                of:
                    #/"rule":"require-concurrent-index-creation","severity":"([a-z]+)","file":"migrations.2_b.up.sql","line":(\d)/#
            )
            #expect(up.map { "\($0.2) \($0.1)" } == ["2 warning", "3 info"])
            #expect(
                outcome.stdout.contains(
                    #""rule":"seed-wrong-type","severity":"error","file":"seeds/common/large.yaml""#
                )
            )
            try await #expect(psql(url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'granary'") == "0")
        }
    }
}
