import PostgresClient
import TestSupport
import Testing

/// Granary writes only to the database that the user means.
@Suite struct GuardTests {
    private func granary(
        _ arguments: String...,
        at url: String,
        in folder: ScratchFolder
    ) async throws -> CommandOutcome {
        try await runCommand(
            granaryBinary(),
            arguments + ["--database-url", url],
            workingDirectory: folder.path
        )
    }

    @Test func theTemplateOfNewDatabasesIsNoTarget() async throws {
        let server = try await ThrowawayServer.start()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { source in
                try await psql(source, "CREATE TABLE t AS SELECT 1 AS a")
                try #require(try await granary("env", "mark", "staging", at: source, in: folder).status == 0)
                try #require(try await granary("backup", "--output", "a.zip", at: source, in: folder).status == 0)
                for flag in ["--drop-old", "--in-place", "--plan"] {
                    let words = ["restore", "a.zip", "--into", "template1", "--env", "staging"]
                    let refused = try await runCommand(
                        granaryBinary(),
                        words + ["--database-url", source, flag],
                        workingDirectory: folder.path
                    )
                    #expect(refused.status == 3, "\(refused)")
                    #expect(refused.stderr.contains("template1 is the template of new databases"), "\(refused)")
                }
                let template = server.url(database: "template1")
                try await #expect(psql(template, "SELECT to_regnamespace('granary') IS NULL") == "t")
            }
        }
        try await server.stop()
    }

    @Test func aRestoreAsksTheMarkerAndLeavesItToTheTarget() async throws {
        let server = try await ThrowawayServer.start()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { source in
                try await server.withDatabase { target in
                    try await psql(source, "CREATE TABLE t AS SELECT 1 AS a")
                    try await psql(target, "CREATE TABLE t AS SELECT 2 AS a")
                    try #require(try await granary("env", "mark", "production", at: source, in: folder).status == 0)
                    try #require(try await granary("backup", "--output", "a.zip", at: source, in: folder).status == 0)

                    let unmarked = try await granary("restore", "a.zip", at: target, in: folder)
                    #expect(unmarked.status == 3)
                    let hint = "hint: if this is the right database, run `granary env mark NAME`"
                    #expect(unmarked.stderr.contains(hint))
                    let chosen = try await granary("restore", "a.zip", "--env", "staging", at: target, in: folder)
                    #expect(chosen.status == 3)
                    #expect(chosen.stderr.contains("granary env mark staging"))
                    try await #expect(psql(target, "SELECT a FROM t") == "2")

                    try #require(try await granary("env", "mark", "staging", at: target, in: folder).status == 0)
                    let other = try await granary("restore", "a.zip", "--env", "production", at: target, in: folder)
                    #expect(other.status == 3)
                    #expect(other.stderr.contains("marked staging, but --env says production"))
                    try await psql(
                        target,
                        "INSERT INTO granary.migration_log (service, event, actor, started_at, outcome) VALUES ('x', 'up', 'me', now(), 'done')"
                    )
                    for flags in [["--drop-old"], ["--in-place"]] {
                        try await psql(target, "UPDATE t SET a = 2")
                        let restored = try await runCommand(
                            granaryBinary(),
                            ["restore", "a.zip", "--env", "staging", "--database-url", target] + flags,
                            workingDirectory: folder.path
                        )
                        #expect(restored.status == 0, "\(restored)")
                        try await #expect(psql(target, "SELECT a FROM t") == "1")
                        let shown = try await granary("env", "show", "--json", at: target, in: folder)
                        #expect(shown.stdout.contains("\"marker\":\"staging\""), "\(shown)")
                    }
                    try await #expect(
                        psql(
                            target,
                            "SELECT string_agg(event || ' ' || outcome, ', ' ORDER BY id) FROM granary.migration_log"
                        )
                            == "up done, restored done, restored done"
                    )
                    try await #expect(
                        psql(target, "SELECT note FROM granary.migration_log ORDER BY id DESC LIMIT 1") == "a.zip"
                    )
                }
            }
        }
        try await server.stop()
    }

    /// As during a long restore of the rows of seeds.
    @Test func theMarkerIsReadWhileAnotherTableOfGranarysIsLocked() async throws {
        try await TestProject.with { project in
            try await project.mark()
            try await withHeldSession(
                ServerAddress(project.url),
                logger: quietLogger,
                prepare: { session in try session.execute("BEGIN; LOCK TABLE granary.seeds") },
                while: { _ in
                    let shown = try await runCommand(
                        granaryBinary(),
                        ["env", "show", "--database-url", project.url],
                        workingDirectory: project.folder.path,
                        timeout: .seconds(60)
                    )
                    #expect(shown.status == 0 && shown.stdout.contains("development"), "\(shown)")
                }
            )
        }
    }

    @Test func aDatabaseCopiedByOtherMeansCountsAsUnmarked() async throws {
        let server = try await ThrowawayServer.start()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await psql(url, "CREATE TABLE t AS SELECT 1 AS a")
                try #require(try await granary("env", "mark", "production", at: url, in: folder).status == 0)
                try #require(try await granary("backup", "--output", "a.zip", at: url, in: folder).status == 0)
                let name = try await psql(url, "SELECT current_database()")
                try await psql(server.url(database: "postgres"), "CREATE DATABASE copied TEMPLATE \(name)")
                let copy = server.url(database: "copied")
                let refused = try await granary("restore", "a.zip", at: copy, in: folder)
                #expect(refused.status == 3)
                #expect(refused.stderr.contains("is an unmarked copy of production"))
            }
        }
        try await server.stop()
    }

    @Test func envShowsTheFilesIfNoDatabaseIsGiven() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(
                #"{"service": "shop", "schemas": ["a", "b"], "environments": {"qa": {}}, "current_environment": "qa"}"#,
                to: "migrations/environments.json"
            )
            let shown = try await runCommand(granaryBinary(), ["env", "show"], workingDirectory: folder.path)
            #expect(shown.status == 0, "\(shown)")
            #expect(
                shown.stdout == """
                    environment  qa (current_environment of migrations/environments.json)
                    service      shop, schema a, b
                    database     no database given
                    declared     qa

                    """
            )
            let json = try await runCommand(granaryBinary(), ["env", "--json"], workingDirectory: folder.path)
            #expect(json.status == 0)
            #expect(
                json.stdout.contains(
                    #""services":[{"service":"shop","schemas":["a","b"],"migrations":"migrations"}],"database":null"#
                ),
                "\(json)"
            )
            #expect(json.stdout.contains(#""marker":null,"state":"no database given""#))
            // An incomplete address is an error, as elsewhere.
            let half = try await runCommand(
                granaryBinary(),
                ["env"],
                environment: ["DATABASE_HOST": "db"],
                workingDirectory: folder.path
            )
            #expect(half.status == 4, "\(half)")
        }
    }

    @Test func aMarkerThatTheFileDoesNotDeclareIsShownAndNothingIsWritten() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await ScratchFolder.with { folder in
                try #require(try await granary("env", "mark", "staging", at: url, in: folder).status == 0)
                try folder.write(#"{"environments": {"qa": {}}}"#, to: "migrations/environments.json")
                try folder.write("SELECT 1;", to: "migrations/1_a.up.sql")
                let status = try await granary("migrate", "status", at: url, in: folder)
                #expect(status.status == 0, "\(status)")
                #expect(status.stdout.contains(" in staging"))
                let up = try await granary("migrate", "up", at: url, in: folder)
                #expect(up.status == 3)
                #expect(up.stderr.contains("is marked staging, which migrations/environments.json does not declare"))
                try await #expect(psql(url, "SELECT count(*) FROM granary.migrations") == "0")
            }
        }
    }

    /// A plain dump contains tables but no ledger.
    @Test func afterAPlainDumpStatusShowsContradictions() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await ScratchFolder.with { folder in
                try folder.write("CREATE SCHEMA shop; CREATE TABLE shop.a ();", to: "migrations/1_a.up.sql")
                try folder.write("CREATE TABLE shop.b ();", to: "migrations/2_b.up.sql")
                let service = ["--service", "shop", "--env", "development", "--database-url", url]
                func granary(_ arguments: String...) async throws -> CommandOutcome {
                    try await runCommand(granaryBinary(), arguments + service, workingDirectory: folder.path)
                }
                try #require(try await granary("migrate", "up", "1").status == 0)
                try #require(try await granary("backup", "--output", "old.sql").status == 0)
                try #require(try await granary("migrate", "up").status == 0)
                try await #expect(granary("migrate", "status", "--check").status == 0)
                try await psql(url, "DROP SCHEMA shop CASCADE")
                let restored = try await runCommand(
                    granaryBinary(),
                    ["restore", "old.sql", "--in-place", "--env", "development", "--database-url", url],
                    workingDirectory: folder.path
                )
                try #require(restored.status == 0, "\(restored)")
                let status = try await granary("migrate", "status", "--check")
                #expect(status.status == 2, "\(status)")
                #expect(
                    status.stdout.contains(
                        "  disagrees: 2_b is applied, but the table shop.b that it creates does not exist\n"
                    ),
                    "\(status)"
                )
                let json = try await granary("migrate", "status", "--json")
                #expect(json.status == 0)
                #expect(
                    json.stdout.contains(
                        #""disagreements":[{"service":"shop","problem":"missing","version":2,"name":"2_b","table":"shop.b","message":"2_b is"#
                    ),
                    "\(json)"
                )
            }
        }
    }

    @Test func initMakesAProjectAndNeverOverwrites() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("mine", to: "granary.mk")
            let made = try await runCommand(
                granaryBinary(),
                ["init", "--service", "shop"],
                workingDirectory: folder.path
            )
            #expect(made.status == 0, "\(made)")
            // The templates are a pair for each of the eleven types.
            #expect(
                made.stdout == """
                    migrations/  dependencies.json, environments.json
                    seeds/common/  .gitkeep
                    backups/  .gitignore
                    migrations/templates/  22 files

                    """
            )
            #expect(
                made.stderr == """
                    next:
                      granary server start
                      granary migrate generate add_customers --type table
                      granary migrate up

                    """
            )
            #expect(String(decoding: folder.read("backups/.gitignore"), as: UTF8.self) == "*\n!.gitignore\n")
            #expect(String(decoding: folder.read("granary.mk"), as: UTF8.self) == "mine")
            let again = try await runCommand(granaryBinary(), ["init"], workingDirectory: folder.path)
            #expect(again.status == 0)
            #expect(again.stdout.isEmpty)
            let ignored = try await runCommand(
                granaryBinary(),
                ["init", "--schema", "public"],
                workingDirectory: folder.path
            )
            let hint =
                "migrations/environments.json exists already, so --schema cannot write into it; nothing was done\n"
            #expect(ignored.status == 64 && ignored.stderr.contains(hint), "\(ignored)")
            #expect(ignored.stderr.hasSuffix("hint: list the schemas there: \"schemas\": [\"public\"]\n"), "\(ignored)")
        }
    }

    @Test func initTakesTheSchemasFromTheMigrations() async throws {
        try await TestProject.with(
            files: [
                "migrations/1_a.up.sql": "CREATE TABLE orders (id int);",
                "migrations/2_b.up.sql":
                    "CREATE TABLE shop.a (id int); CREATE TABLE lines (id int); CREATE VIEW v.v AS SELECT 1;",
            ]
        ) { project in
            try await #expect(project.granary("init", "--service", "shop").status == 0)
            let text = String(decoding: project.folder.read("migrations/environments.json"), as: UTF8.self)
            #expect(text.contains("\"service\": \"shop\",\n  \"schemas\": [\"public\", \"shop\"],\n"), "\(text)")
        }
    }

    /// What is printed is typed as it is.
    @Test func theNextCommandsThatInitPrintsWork() async throws {
        try await TestProject.with { project in
            let made = try await project.granary("init", "--service", "shop", "--env", "development")
            let next = made.stderr.split(separator: "\n").filter { $0.hasPrefix("  granary ") }
            #expect(next.count == 3, "\(made)")
            for line in next {
                let outcome = try await project.granary(line.split(separator: " ").dropFirst().map(String.init))
                #expect(outcome.status == 0, "\(line): \(outcome)")
            }
            try await #expect(psql(project.url, "SELECT count(*) FROM shop.customers") == "0")
            // The database may be anyone's.
            let again = try await project.granary("init", "--service", "shop")
            #expect(
                again.stderr.contains("\n  granary env mark NAME  # development, staging, production\n"),
                "\(again)"
            )
        }
    }
}
