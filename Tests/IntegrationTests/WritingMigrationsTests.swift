import Glibc
import TestSupport
import Testing

/// The built commands `migrate generate`, `deps` and `renumber`.
@Suite struct WritingMigrationsTests {
    private struct Shell: Sendable {
        let folder: ScratchFolder
        var url: String?

        func granary(_ words: String...) async throws -> CommandOutcome { try await run(words) }

        /// The output of a command; records an issue if it fails.
        func result(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
            let outcome = try await run(words + ["--quiet"])
            #expect(outcome.status == 0, "\(outcome)", sourceLocation: sourceLocation)
            return outcome.stdout
        }

        private func run(_ words: [String]) async throws -> CommandOutcome {
            try await runCommand(
                granaryBinary(),
                words,
                environment: ["DATABASE_URL": url],
                workingDirectory: folder.path
            )
        }

        func make(_ words: String...) async throws -> CommandOutcome {
            try await runCommand(
                "make",
                ["-f", "granary.mk", "GRANARY=\(granaryBinary())"] + words,
                environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil],
                workingDirectory: folder.path
            )
        }

        func git(_ words: String...) async throws {
            let who = [
                "-C", folder.path, "-c", "user.name=a", "-c", "user.email=a@b.test", "-c", "commit.gpgsign=false",
            ]
            let outcome = try await runCommand("git", who + words)
            #expect(outcome.status == 0, "\(outcome)")
        }

        func text(_ name: String) -> String { String(decoding: folder.read(name), as: UTF8.self) }
    }

    /// Passes a new project of `granary init` to `body`.
    private func withProject(_ body: (Shell) async throws -> Void) async throws {
        try await ScratchFolder.with { folder in
            let shell = Shell(folder: folder)
            _ = try await shell.result("init", "--service", "shop-service")
            try await body(shell)
        }
    }

    @Test func generatedMigrationsOfANewProjectRunUnchanged() async throws {
        try await withProject { shell in
            let made = try await shell.make("db-migration-generate", "NAME=add_customers", "TYPE=table")
            #expect(made.status == 0, "\(made)")
            #expect(
                made.stdout == """
                    made migrations/000001_add_customers.up.sql
                    made migrations/000001_add_customers.down.sql
                    made docs/migrations/000001_add_customers.md
                    edited migrations/dependencies.json

                    """
            )
            // Only the first migration creates the schema.
            #expect(shell.text("migrations/000001_add_customers.up.sql").contains("CREATE SCHEMA shop_service;\n"))
            _ = try await shell.result("migrate", "generate", "add_email_to_customers", "--type", "column")
            _ = try await shell.result("migrate", "generate", "index_customers_on_email", "--type", "index")
            _ = try await shell.result("migrate", "generate", "add_moods", "--type", "enum", "--env", "development")
            #expect(!shell.text("migrations/development/000004_add_moods.up.sql").contains("SCHEMA"))
            // The index depends on the migration that added the column, and through it on the one that created the
            // table.
            try await #expect(
                shell.result("migrate", "deps") == """
                    shop-service
                      000001_add_customers                   low risk
                      ├── 000002_add_email_to_customers      medium risk
                      │   ↓ 000003_index_customers_on_email  low risk
                      └── 000004_add_moods                   of development, low risk

                    """
            )
            try await ThrowawayServer.shared().withDatabase { url in
                let shell = Shell(folder: shell.folder, url: url)
                _ = try await shell.result("migrate", "up", "--env", "development")
                try await #expect(
                    psql(url, "SELECT indisvalid FROM pg_index WHERE indrelid = 'shop_service.customers'::regclass")
                        == "t\nt"
                )
                try await #expect(shell.result("migrate", "deps").contains("medium risk, applied"))
                _ = try await shell.result("migrate", "down", "--all")
                try await #expect(psql(url, "SELECT to_regnamespace('shop_service') IS NULL") == "t")
            }
        }
    }

    @Test func manyAtOnceTakeNumbersOfTheirOwn() async throws {
        try await withProject { shell in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in ["a", "b", "c", "d", "e"] {
                    group.addTask {
                        _ = try await shell.result("migrate", "generate", "add_\(name)", "--type", "table")
                    }
                }
                try await group.waitForAll()
            }
            let names = shell.folder.names(in: "migrations").filter { $0.hasSuffix(".up.sql") }
            #expect(names.map { $0.prefix(6) } == ["000001", "000002", "000003", "000004", "000005"])
            // No entry was lost.
            try await #expect(shell.result("migrate", "deps").split(separator: "\n").count == 6)
            #expect(shell.text("migrations/dependencies.json").matches(of: #/"description"/#).count == 5)
        }
    }

    @Test(arguments: ["", "../x", "a'b", "a; DROP TABLE b", "`touch x`", "$$(touch x)", "Add", "a b", "-a", "--env"])
    func anUnsafeNameIsRefusedByMakeAndByTheCommand(name: String) async throws {
        try await withProject { shell in
            let made = try await shell.make("db-migration-generate", "NAME=\(name)", "TYPE=table")
            #expect(made.status == 2 && made.stdout == "", "\(made)")
            let outcome = try await shell.granary("migrate", "generate", "--type", "table", "--", name)
            #expect(outcome.status == 64)
            #expect(outcome.stderr.contains("cannot be the name of a migration"), "\(outcome)")
            #expect(shell.folder.names(in: "migrations") == ["dependencies.json", "environments.json", "templates"])
            #expect(!shell.folder.names().contains("x"))
        }
    }

    @Test func programsGetOneDocument() async throws {
        try await withProject { shell in
            try await #expect(
                shell.result("migrate", "generate", "add_email_to_users", "--type", "column", "--json")
                    == #"{"version":1,"name":"000001_add_email_to_users","made":["migrations/000001_add_email_to_users.up.sql","migrations/000001_add_email_to_users.down.sql","docs/migrations/000001_add_email_to_users.md"],"edited":["migrations/dependencies.json"],"placeholders":false}"#
                    + "\n"
            )
            let wrong = try await shell.granary(
                "migrate",
                "generate",
                "x",
                "--type",
                "column",
                "--env",
                "test",
                "--json"
            )
            #expect(wrong.status == 64)
            #expect(wrong.stdout.hasPrefix(#"{"error":{"message":"test is no environment","#), "\(wrong)")
            try await #expect(
                shell.result("migrate", "deps", "--format", "json").hasPrefix(#"{"services":["shop-service"],"#)
            )
            try await #expect(
                shell.result("migrate", "renumber", "1", "7", "--json").contains(
                    #""renamed":"000007_add_email_to_users""#
                )
            )
        }
    }

    @Test func onlyWhatNoLedgerKnowsGetsAnotherNumber() async throws {
        try await withProject { shell in
            _ = try await shell.result("migrate", "generate", "add_customers", "--type", "table")
            _ = try await shell.result("migrate", "generate", "add_orders", "--type", "table")
            try await ThrowawayServer.shared().withDatabase { url in
                let shell = Shell(folder: shell.folder, url: url)
                _ = try await shell.result("migrate", "up", "1", "--env", "development")
                let refused = try await shell.granary("migrate", "renumber", "000001", "000009")
                #expect(refused.status == 3)
                #expect(refused.stderr.contains("000001_add_customers is applied in"), "\(refused)")
                #expect(shell.folder.names(in: "migrations").contains("000001_add_customers.up.sql"))
                _ = try await shell.result("migrate", "renumber", "000002", "000009")
                try await #expect(shell.result("migrate", "up") == "1 migration applied: version 9\n")
                // Part of a file is in the database under its number.
                try shell.folder.write(
                    "-- no-transaction\nCREATE TABLE shop_service.half (id int);\nSELECT 1 / 0;\n",
                    to: "migrations/000010_half.up.sql"
                )
                try await #expect(shell.granary("migrate", "up").status == 1)
                let half = try await shell.granary("migrate", "renumber", "000010")
                #expect(half.status == 3)
                #expect(half.stderr.contains("000010_half is half applied in"), "\(half)")
            }
        }
    }

    @Test func migrationsThatCollideWithABranchGetTheNextNumber() async throws {
        try await withProject { shell in
            _ = try await shell.result("migrate", "generate", "add_customers", "--type", "table")
            try await shell.git("init", "-q", "-b", "main")
            try await shell.git("add", "-A")
            try await shell.git("commit", "-qm", "first")
            try await shell.git("checkout", "-qb", "mine")
            _ = try await shell.result("migrate", "generate", "add_orders", "--type", "table")
            try await shell.git("add", "-A")
            try await shell.git("commit", "-qm", "mine")
            try await shell.git("checkout", "-q", "main")
            _ = try await shell.result("migrate", "generate", "add_mails", "--type", "table")
            try await shell.git("add", "-A")
            try await shell.git("commit", "-qm", "theirs")
            try await shell.git("checkout", "-q", "mine")
            // This repository has no remote `origin`.
            let missing = try await shell.granary("migrate", "renumber")
            #expect(missing.status == 64 && missing.stderr.contains("origin/main is not a commit"), "\(missing)")
            let plan = try await shell.result("migrate", "renumber", "--base", "main", "--plan")
            #expect(plan.hasPrefix("would move migrations/000002_add_orders.up.sql to 000003_add_orders.up.sql\n"))
            #expect(shell.folder.names(in: "docs/migrations").last == "000002_add_orders.md")
            _ = try await shell.result("migrate", "renumber", "--base", "main")
            #expect(shell.folder.names(in: "docs/migrations").last == "000003_add_orders.md")
            #expect(shell.text("migrations/dependencies.json").contains("\"000003\": {"))
            try await #expect(shell.result("migrate", "renumber", "--base", "main") == "")
        }
    }

    @Test func theDrawingOfServicesHasAllOfThem() async throws {
        try await ScratchFolder.with { folder in
            for (name, text) in MigrateTreesTests.services { try folder.write(text, to: name) }
            let shell = Shell(folder: folder)
            let text = try await shell.result("migrate", "deps", "--root", "services")
            #expect(text.contains("\norder-service\n  000001_init  low risk, also needs user-service/000002_email\n"))
            let dot = try await shell.result("migrate", "deps", "--root", "services", "--format", "dot")
            #expect(dot.contains(#""user-service/000002_email" -> "order-service/000001_init";"#))
            let mermaid = try await shell.result("migrate", "deps", "--root", "services", "--format", "mermaid")
            #expect(mermaid.contains("subgraph mail-service\n    m1[\"000001_init<br>low risk\"]"))
            // A number means a migration of one service. References in other services are changed too.
            let vague = try await shell.granary("migrate", "renumber", "2", "5", "--root", "services")
            #expect(vague.status == 64)
            let moved = try await shell.granary(
                "migrate",
                "renumber",
                "2",
                "5",
                "--root",
                "services",
                "--service",
                "user-service"
            )
            #expect(moved.status == 0, "\(moved)")
            #expect(
                shell.text("services/order-service/migrations/dependencies.json").contains(
                    #"{"user-service": ["000005"]}"#
                )
            )
        }
    }

    @Test func aCircleIsDrawnWithItsPathAndLine() async throws {
        try await ScratchFolder.with { folder in
            for name in ["000001_a", "000002_b"] { try folder.write("SELECT 1;", to: "migrations/\(name).up.sql") }
            try folder.write(
                "{\"migrations\": {\n\"000001\": {\"depends_on\": [\"2\"]},\n\"000002\": {\"depends_on\": [\"1\"]}}}",
                to: "migrations/dependencies.json"
            )
            let outcome = try await Shell(folder: folder).granary("migrate", "deps")
            #expect(outcome.status == 0)
            #expect(
                outcome.stdout.contains(
                    "fault: migrations/dependencies.json:2: dependencies form a cycle: 000001_a → 000002_b → 000001_a"
                ),
                "\(outcome)"
            )
        }
    }

    // MARK: Concurrent commands

    /// A project with migrations 1 to 10, all of which need approval, and a list of them in environments.json.
    private func withTen(_ body: (Shell) async throws -> Void) async throws {
        try await ScratchFolder.with { folder in
            for number in 1...10 {
                try folder.write("CREATE TABLE t\(number) ();", to: "migrations/\(number)_t\(number).up.sql")
                try folder.write("DROP TABLE t\(number);", to: "migrations/\(number)_t\(number).down.sql")
            }
            let entries = (1...10).map { "\"\($0)\": {}" }.joined(separator: ", ")
            try folder.write("{\"migrations\": {\(entries)}}", to: "migrations/dependencies.json")
            let list = (1...10).map { "\"\($0)_t\($0).up.sql\"" }.joined(separator: ", ")
            try folder.write(
                "{\"service\": \"shop\", \"environments\": {\"development\": {\"migrations\": [\(list)]}}}",
                to: "environments.json"
            )
            try await body(Shell(folder: folder))
        }
    }

    private func atOnce(_ shell: Shell, _ commands: [[String]]) async throws {
        try await withThrowingTaskGroup(of: CommandOutcome.self) { group in
            for words in commands {
                group.addTask {
                    try await runCommand(
                        granaryBinary(),
                        words + ["--quiet"],
                        environment: ["DATABASE_URL": nil],
                        workingDirectory: shell.folder.path
                    )
                }
            }
            for try await outcome in group { #expect(outcome.status == 0, "\(outcome)") }
        }
    }

    @Test func ofTenApprovalsAtOnceNoneIsLost() async throws {
        try await withTen { shell in
            try await atOnce(shell, (1...10).map { ["migrate", "approve", "\($0)"] })
            #expect(shell.text("migrations/dependencies.json").matches(of: #/"approved": \{"sha256"/#).count == 10)
        }
    }

    @Test func concurrentApproveGenerateAndRenumberLoseNothing() async throws {
        try await withTen { shell in
            try await atOnce(
                shell,
                (1...5).map { ["migrate", "approve", "\($0)"] }
                    + (1...3).map { ["migrate", "generate", "add_a\($0)", "--type", "table"] }
                    + [["migrate", "renumber", "9", "90"], ["migrate", "renumber", "10", "95"]]
            )
            let dependencies = shell.text("migrations/dependencies.json")
            #expect(dependencies.matches(of: #/"approved": \{"sha256"/#).count == 5, "\(dependencies)")
            #expect(dependencies.matches(of: #/"description": "Add a[123]"/#).count == 3, "\(dependencies)")
            #expect(dependencies.contains("\"90\": {}") && dependencies.contains("\"95\": {}"), "\(dependencies)")
            let environments = shell.text("environments.json")
            #expect(environments.matches(of: #/_add_a[123]\.up\.sql"/#).count == 3, "\(environments)")
            #expect(environments.contains("90_t9.up.sql") && environments.contains("95_t10.up.sql"), "\(environments)")
        }
    }

    /// `init` does not overwrite files that other processes have created or edited.
    @Test func initLeavesWhatOthersMakeMeanwhile() async throws {
        try await ScratchFolder.with { folder in
            let shell = Shell(folder: folder)
            try folder.write("", to: "migrations/.keep")
            try await atOnce(
                shell,
                (1...4).map { _ in ["init", "--service", "shop"] }
            )
            try await atOnce(
                shell,
                (1...4).flatMap { [["init"], ["migrate", "generate", "add_a\($0)", "--type", "table"]] }
            )
            let dependencies = shell.text("migrations/dependencies.json")
            #expect(dependencies.matches(of: #/"description": "Add a[1234]"/#).count == 4, "\(dependencies)")
        }
    }

    @Test func writersWaitForTheLockOfTheFolder() async throws {
        try await withTen { shell in
            let folder = open(shell.folder.file("migrations"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            #expect(flock(folder, LOCK_EX) == 0)
            async let approval = shell.granary("migrate", "approve", "1")
            try await Task.sleep(for: .milliseconds(700))
            #expect(!shell.text("migrations/dependencies.json").contains("approved"))
            close(folder)
            let outcome = try await approval
            #expect(outcome.status == 0, "\(outcome)")
            #expect(shell.text("migrations/dependencies.json").contains("approved"))
        }
    }
}
