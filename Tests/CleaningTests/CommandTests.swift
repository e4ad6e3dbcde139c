import Archive
import Glibc
import Storage
import TestSupport
import Testing

/// The command: its checks, its output, and the state after a fault.
@Suite struct CommandTests {
    private static let schema = """
        CREATE SCHEMA shop; CREATE TABLE shop.users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
        CREATE TABLE shop.orders (id serial PRIMARY KEY, u int NOT NULL REFERENCES shop.users);
        CREATE TABLE shop.countries (code text PRIMARY KEY); INSERT INTO shop.countries VALUES ('de'), ('fr');
        CREATE TABLE shop.audit (what text); INSERT INTO shop.audit VALUES ('x');
        INSERT INTO shop.users (name) VALUES ('a'), ('b'), ('c'); INSERT INTO shop.orders (u) VALUES (1), (3);
        """

    /// The sizes of tables depend on the server.
    private func withoutSizes(_ text: String) -> String {
        text.replacing(#/[0-9.]+ kB/#, with: "N kB").replacing(#/"bytes":[0-9]+/#, with: "\"bytes\":N")
    }

    @Test func thePlanChangesNothingAndListsEverything() async throws {
        try await TestProject.with(Self.schema) { barn in
            try barn.folder.write("protect: [shop.audit]\nreference: [countries]\n", to: "seeds/seeds.yaml")
            let before = try await DatabasePortrait.of(barn.url)
            let plan = try await barn.granary("clean", "--plan", "--service", "shop", "--keep-reference")
            #expect(plan.status == 0, "\(plan)")
            #expect(
                withoutSizes(plan.stdout) == """
                    \(barn.database) at \(barn.server.folder):5432 (no environment): this will be gone: 2 tables, 5 rows, N kB
                      shop.orders  2 rows  N kB
                      shop.users   3 rows  N kB
                    2 sequences will start again
                    left alone (protect: in seeds.yaml): shop.audit
                    left alone (--keep-reference): shop.countries

                    """
            )
            let json = try await barn.granary("clean", "--plan", "--json", "--schema", "shop", "--keep", "users")
            #expect(json.status == 0)
            #expect(
                withoutSizes(json.stdout).hasPrefix(
                    """
                    {"plan":true,"environment":null,"database":"\(barn.database)","tables":[{"table":"shop.countries","rows":2,\
                    "exact":true,"bytes":N,"method":"delete","because":null},{"table":"shop.orders","rows":2,"exact":true,\
                    "bytes":N,"method":"delete","because":null}],"rows":4,"bytes":N,"sequences":["shop.orders_id_seq"],\
                    "kept":[{"table":"shop.audit","reason":"protect: in seeds.yaml"},{"table":"shop.users","reason":"--keep"}],\
                    "obstacles":[],"notes":[],"undo":null}
                    """
                ),
                "\(json)"
            )
            try await #expect(DatabasePortrait.of(barn.url) == before)
        }
    }

    @Test func patternsProtectKeepAndReferAlike() async throws {
        try await TestProject.with(Self.schema) { barn in
            for (list, options) in [
                ("protect: ['*u*i*']", []), ("reference: ['*u*i*']", ["--keep-reference"]),
                ("seed: 1", ["--keep", "*u*i*"]),
            ] {
                try barn.folder.write(list, to: "seeds/seeds.yml")
                let plan = try await barn.granary(["clean", "--plan", "--service", "shop"] + options)
                #expect(plan.status == 0, "\(plan)")
                let kept = plan.stdout.split(separator: "\n").filter { $0.hasPrefix("left alone") }
                #expect(kept.count == 1 && kept[0].hasSuffix(": shop.audit, shop.countries"), "\(plan)")
            }
        }
    }

    @Test func cleaningStopsWhereTheListOfProtectedTablesCannotBeRead() async throws {
        try await TestProject.with(Self.schema) { barn in
            try await barn.mark()
            func clean(_ options: String...) async throws -> CommandOutcome {
                try await barn.granary(
                    ["clean", "--service", "shop", "--no-undo", "--confirm", barn.database] + options
                )
            }
            try barn.folder.write("protect: [audit]", to: "seeds/seeds.yaml")
            try barn.folder.write("protect: [countries]", to: "seeds/seeds.yml")
            let both = try await clean()
            #expect(both.status == 1)
            #expect(both.stderr.contains("seeds/seeds.yaml and seeds/seeds.yml both exist"), "\(both)")
            try barn.folder.write("protects: [audit]", to: "misspelled/seeds.yaml")
            let misspelled = try await clean("--seeds", "misspelled")
            #expect(misspelled.status == 1)
            #expect(
                misspelled.stderr.contains("misspelled/seeds.yaml:1: the key protects is unknown"),
                "\(misspelled)"
            )
            try barn.folder.write("", to: "odd/seeds.yml/x")
            let odd = try await clean("--seeds", "odd")
            #expect(odd.status == 1)
            #expect(odd.stderr.contains("odd/seeds.yml cannot be read"), "\(odd)")
            let missing = try await clean("--seeds", "sedes")
            #expect(missing.status == 64)
            #expect(missing.stderr.contains("there is no folder sedes"), "\(missing)")
            try await #expect(barn.rows() == "audit 1, countries 2, orders 2, users 3")
        }
    }

    @Test func eachServicesOwnSeedsProtectItsTables() async throws {
        try await TestProject.with(Self.schema + "CREATE SCHEMA pay; CREATE TABLE pay.log AS SELECT 1 AS a;") { barn in
            for (service, list) in [("shop", "protect: [shop.audit]"), ("pay", "protect: [pay.*]")] {
                try barn.folder.write("", to: "services/\(service)/migrations/.keep")
                try barn.folder.write(list, to: "services/\(service)/seeds/seeds.yaml")
            }
            let plan = try await barn.granary("clean", "--plan", "--root", "services")
            #expect(plan.stdout.contains("left alone (protect: in seeds.yaml): pay.log, shop.audit"), "\(plan)")
        }
    }

    @Test func figuresAreInColumnsWhateverIsInTheNames() async throws {
        let schema = """
            CREATE SCHEMA shop; CREATE TABLE shop."two
            lines" AS SELECT 1 AS a; CREATE TABLE shop.plain AS SELECT 1 AS a; CREATE TABLE shop."表" AS SELECT 1 AS a;
            """
        try await TestProject.with(schema) { barn in
            let plan = try await barn.granary("clean", "--plan", "--schema", "shop")
            #expect(
                withoutSizes(plan.stdout).hasSuffix(
                    """
                      shop.plain       1 row  N kB
                      shop.two\\nlines  1 row  N kB
                      shop.表          1 row  N kB

                    """
                ),
                "\(plan)"
            )
        }
    }

    @Test func withoutATerminalTheDatabaseMustBeNamed() async throws {
        try await TestProject.with(Self.schema) { barn in
            let unmarked = try await barn.granary("clean", "--service", "shop", "--confirm", barn.database)
            #expect(unmarked.status == 3)
            #expect(unmarked.stderr.contains("is not marked with an environment"))
            try await barn.mark()
            let silent = try await barn.granary("clean", "--service", "shop")
            #expect(silent.status == 3)
            #expect(silent.stderr.contains("this will be gone: 4 tables, 8 rows"))
            #expect(silent.stderr.contains("add --confirm \(barn.database)"))
            let wrong = try await barn.granary("clean", "--service", "shop", "--confirm", "shop")
            #expect(wrong.status == 3)
            #expect(wrong.stderr.contains("--confirm names shop"))
            try await #expect(barn.rows() == "audit 1, countries 2, orders 2, users 3")
            #expect(barn.folder.names() == [])
        }
    }

    @Test func onATerminalTheDatabasesNameIsAskedForBelowWhatWillBeGone() async throws {
        try await TestProject.with(Self.schema) { barn in
            try await barn.mark()
            func answer(_ typed: String) async throws -> CommandOutcome {
                try await runCommand(
                    "script",
                    [
                        "-qefc", "'\(try granaryBinary())' clean --service shop --no-undo --database-url '\(barn.url)'",
                        "/dev/null",
                    ],
                    environment: ["NO_COLOR": "1"],
                    workingDirectory: barn.folder.path,
                    input: Array(typed.utf8)
                )
            }
            let wrong = try await answer("shop\n")
            #expect(wrong.status == 3, "\(wrong)")
            let place = try #require(wrong.stdout.firstRange(of: "4 tables, 8 rows"), "\(wrong)").lowerBound
            let question = try #require(
                wrong.stdout.firstRange(of: "type \(barn.database) to continue at \(barn.server.folder):5432: "),
                "\(wrong)"
            )
            #expect(place < question.lowerBound)
            #expect(wrong.stdout.contains("not confirmed"))
            try await #expect(barn.rows() == "audit 1, countries 2, orders 2, users 3")
            let end = "\u{4}"
            let none = try await answer(end)
            #expect(none.status == 3 && none.stdout.contains(":5432: \r\ngranary: error: not confirmed"), "\(none)")
            let right = try await answer("\(barn.database)\n")
            #expect(right.status == 0, "\(right)")
            #expect(right.stdout.contains("\(barn.database)  gone: 8 rows of 4 tables"), "\(right)")
            try await #expect(barn.rows() == "audit 0, countries 0, orders 0, users 0")
        }
    }

    @Test func productionIsNeverCleanedNorWhatForbidsIt() async throws {
        try await TestProject.with(Self.schema) { barn in
            try barn.folder.write(
                #"""
                {"service": "shop", "environments": {
                    "production": {"config": {"allow_destructive_operations": true}},
                    "rehearsal": {"config": {"allow_destructive_operations": false}}, "development": {}}}
                """#,
                to: "migrations/environments.json"
            )
            for name in ["production", "rehearsal"] {
                let marked = try await barn.granary("env", "mark", name, "--force")
                #expect(marked.status == 0)
                let refused = try await barn.granary("clean", "--confirm", barn.database)
                #expect(refused.status == 3, "\(refused)")
                #expect(refused.stderr.contains("is \(name), which is not cleaned"), "\(refused)")
                try await #expect(barn.granary("clean", "--plan").status == 0)
            }
            try await #expect(barn.rows() == "audit 1, countries 2, orders 2, users 3")
            let other = try await barn.granary("clean", "--env", "development", "--confirm", barn.database)
            #expect(other.status == 3)
            #expect(other.stderr.contains("marked rehearsal"))
        }
    }

    @Test func moreThanTheLimitNeedsNoUndo() async throws {
        try await TestProject.with(Self.schema) { barn in
            try await barn.mark()
            let bytes = try await barn.sql(
                "SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'shop'::regnamespace"
            )
            let limit = try #require(Int(bytes))
            let refused = try await barn.granary(
                "clean",
                "--service",
                "shop",
                "--confirm",
                barn.database,
                "--undo-limit",
                "\(limit - 1)"
            )
            #expect(refused.status == 3, "\(refused)")
            #expect(refused.stderr.contains("exceed --undo-limit"))
            #expect(refused.stderr.contains("--no-undo"))
            try await #expect(barn.rows() == "audit 1, countries 2, orders 2, users 3")
            let plan = try await barn.granary(
                "clean",
                "--service",
                "shop",
                "--plan",
                "--json",
                "--undo-limit",
                "\(limit - 1)"
            )
            #expect(plan.status == 3)
            #expect(plan.stdout.contains("exceed --undo-limit"))
            #expect(plan.stdout.split(separator: "\n").count == 1)
            let gone = try await barn.granary(
                "clean",
                "--service",
                "shop",
                "--confirm",
                barn.database,
                "--undo-limit",
                "0",
                "--no-undo",
                "--json"
            )
            #expect(gone.status == 0, "\(gone)")
            #expect(gone.stdout.contains(#""undo":null,"undo_command":null}"#))
            #expect(barn.folder.names() == [])
            try await barn.sql("INSERT INTO shop.audit VALUES ('y')")
            let within = try await barn.granary(
                "clean",
                "--service",
                "shop",
                "--confirm",
                barn.database,
                "--undo-limit",
                "\(limit)"
            )
            #expect(within.status == 0, "\(within)")
            #expect(barn.folder.names(in: "backups").count { $0.hasSuffix(".zip") } == 1)
        }
    }

    @Test func theDocumentNamesTablesRowsAndTheUndo() async throws {
        try await TestProject.with(Self.schema) { barn in
            try await barn.mark()
            let outcome = try await barn.granary(
                "clean",
                "--service",
                "shop",
                "--confirm",
                barn.database,
                "--keep",
                "audit",
                "--json",
                "--backups",
                "vault"
            )
            #expect(outcome.status == 0, "\(outcome)")
            let file = try #require(barn.folder.names(in: "vault").first)
            #expect(
                outcome.stdout.hasPrefix(
                    """
                    {"environment":"development","database":"\(barn.database)","tables":[{"table":"shop.countries","rows":2,"exact":true},\
                    {"table":"shop.orders","rows":2,"exact":true},{"table":"shop.users","rows":3,"exact":true}],"rows":7,\
                    "sequences":["shop.orders_id_seq","shop.users_id_seq"],\
                    "kept":[{"table":"shop.audit","reason":"--keep"}],"notes":[],"seconds":
                    """
                ),
                "\(outcome)"
            )
            #expect(
                outcome.stdout.hasSuffix(
                    """
                    ,"undo":"vault/\(file)","undo_command":"granary restore vault/\(file) --data-only --if-empty --confirm \(barn.database)"}

                    """
                ),
                "\(outcome)"
            )
            let archived = try ArchiveReader(FileSource(path: barn.folder.file("vault/\(file)"))).manifest
            #expect(archived.tables.map(\.name).sorted() == ["countries", "orders", "users"])
            let again = try await barn.granary("clean", "--service", "shop", "--keep", "audit")
            #expect(again.status == 0)
            #expect(again.stderr.contains("there is nothing to clean"))
        }
    }

    @Test func aCleanerThatIsKilledOrKeptWaitingLeavesEverythingAsItWas() async throws {
        try await TestProject.with(Self.schema) { barn in
            try await barn.mark()
            let before = try await DatabasePortrait.of(barn.url)
            // The rows have been deleted when the command waits for the sequence.
            let lock = "ALTER SEQUENCE shop.users_id_seq INCREMENT 1"
            try await barn.holding(lock) {
                let busy = try await barn.granary(
                    "clean",
                    "--service",
                    "shop",
                    "--confirm",
                    barn.database,
                    "--lock-timeout",
                    "2s"
                )
                #expect(busy.status == 5, "\(busy)")
                #expect(busy.stderr.contains("the holder of granary"), "\(busy)")
                #expect(busy.stderr.contains("had been made, and is kept"))
                async let killed = runCommand(
                    "sh",
                    [
                        "-c", #"echo $$ > "$1"; shift; exec "$@""#, "sh", barn.folder.file("pid"), granaryBinary(),
                        "clean",
                        "--service", "shop", "--confirm", barn.database, "--no-undo", "--lock-timeout", "10m",
                        "--database-url", barn.url,
                    ],
                    workingDirectory: barn.folder.path
                )
                try await eventually {
                    try await barn.sql(
                        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'ALTER SEQUENCE%' AND wait_event_type = 'Lock' AND datname = current_database()"
                    ) == "1"
                }
                let process = try await barn.sql(
                    "SELECT pid FROM pg_stat_activity WHERE query LIKE 'ALTER SEQUENCE%' AND wait_event_type = 'Lock' AND datname = current_database()"
                )
                #expect(!process.isEmpty)
                let command = String(decoding: barn.folder.read("pid"), as: UTF8.self).filter(\.isNumber)
                kill(try #require(pid_t(command)), SIGKILL)
                try await #expect(killed.status == 137)
                try await eventually {
                    try await barn.sql("SELECT count(*) FROM pg_stat_activity WHERE pid = \(process)") == "0"
                }
            }
            try await #expect(DatabasePortrait.of(barn.url) == before)
        }
    }
}
