import TestSupport
import Testing

/// The migrate commands with the layouts of folders that are in use.
@Suite struct MigrateTreesTests {
    private struct Shell {
        let project: TestProject
        var folder: ScratchFolder { project.folder }
        var url: String { project.url }

        /// The output of a command; records an issue if it fails.
        func granary(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
            let outcome = try await project.granary(words + ["--quiet"])
            #expect(outcome.status == 0, "\(outcome)", sourceLocation: sourceLocation)
            return outcome.stdout
        }

        func refused(_ words: String...) async throws -> CommandOutcome {
            try await project.granary(words + ["--quiet"])
        }
    }

    private func with(_ files: KeyValuePairs<String, String>, _ body: (Shell) async throws -> Void) async throws {
        try await TestProject.with(files: files) { try await body(Shell(project: $0)) }
    }

    @Test func anEnvironmentsOwnFilesComeOnTopOfTheBase() async throws {
        let files: KeyValuePairs = [
            "migrations/000001_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
            "migrations/000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "migrations/000003_c.up.sql": "CREATE TABLE shop.c (id int);",
            "migrations/000003_c.down.sql": "DROP TABLE shop.c;",
            "migrations/development/000002_b.up.sql": "CREATE TABLE shop.b (id int);",
            "migrations/development/000002_b.down.sql": "DROP TABLE shop.b;",
            "migrations/staging/000004_d.up.sql": "CREATE TABLE shop.d (id int);",
            "migrations/environments.json": #"{"service": "shop"}"#,
        ]
        try await with(files) { shell in
            try await #expect(
                shell.granary("migrate", "up", "--env", "development") == "3 migrations applied: version 3\n"
            )
            try await #expect(
                psql(
                    shell.url,
                    "SELECT string_agg(relname, ' ' ORDER BY 1) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'shop'::regnamespace"
                )
                    == "a b c"
            )
            try await #expect(shell.granary("migrate", "goto", "1") == "2 migrations reverted: version 1\n")
            try await #expect(shell.granary("migrate", "goto", "0003") == "2 migrations applied: version 3\n")
            let status = try await shell.granary("migrate", "status")
            #expect(status.contains("000002_b  applied"))
            #expect(!status.contains("000004_d"))
            let wrong = try await shell.refused("migrate", "up", "--env", "staging")
            #expect(wrong.status == 3)
            #expect(wrong.stderr.contains("marked development"))
        }
    }

    @Test func aFullCopyForEachEnvironmentRunsAlone() async throws {
        let files: KeyValuePairs = [
            "migrations/development/000001_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
            "migrations/development/000001_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "migrations/development/000002_play.up.sql": "CREATE TABLE shop.play (id int);",
            "migrations/development/000002_play.down.sql": "DROP TABLE shop.play;",
            "migrations/development/000003_b.up.sql": "CREATE TABLE shop.b (id int);",
            "migrations/production/000001_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
            "migrations/production/000002_b.up.sql": "CREATE TABLE shop.b (id int);",
            "migrations/environments.json": #"{"service": "shop"}"#,
        ]
        try await with(files) { shell in
            try await #expect(
                shell.granary("migrate", "up", "--env", "production") == "2 migrations applied: version 2\n"
            )
            try await #expect(
                psql(shell.url, "SELECT to_regclass('shop.play') IS NULL AND to_regclass('shop.b') IS NOT NULL") == "t"
            )
            let missing = try await shell.refused("migrate", "down", "--confirm", "2")
            #expect(missing.status == 1)
            #expect(missing.stderr.contains("000002_b"))
            try await #expect(psql(shell.url, "SELECT to_regclass('shop.b') IS NOT NULL") == "t")
        }
    }

    /// Three services in one database, each of which depends on the one before.
    static let services: KeyValuePairs = [
        "services/user-service/migrations/000001_init.up.sql":
            "CREATE SCHEMA user_service; CREATE TABLE user_service.users (id bigint PRIMARY KEY);",
        "services/user-service/migrations/000001_init.down.sql": "DROP SCHEMA user_service CASCADE;",
        "services/user-service/migrations/000002_email.up.sql": "ALTER TABLE user_service.users ADD email text;",
        "services/user-service/migrations/000002_email.down.sql": "ALTER TABLE user_service.users DROP email;",
        "services/order-service/migrations/000001_init.up.sql":
            "CREATE SCHEMA order_service; CREATE TABLE order_service.orders (user_id bigint REFERENCES user_service.users (id), id bigint PRIMARY KEY);",
        "services/order-service/migrations/000001_init.down.sql": "DROP SCHEMA order_service CASCADE;",
        "services/order-service/migrations/dependencies.json":
            #"{"migrations": {"000001_init": {"cross_service_depends_on": {"user-service": ["000002"]}}}}"#,
        "services/mail-service/migrations/000001_init.up.sql":
            "CREATE SCHEMA mail_service; CREATE TABLE mail_service.mails (order_id bigint REFERENCES order_service.orders (id));",
        "services/mail-service/migrations/000001_init.down.sql": "DROP SCHEMA mail_service CASCADE;",
        "services/mail-service/migrations/dependencies.json":
            #"{"migrations": {"000001": {"cross_service_depends_on": {"order-service": ["1"]}}}}"#,
    ]

    @Test func threeServicesGoUpInTheOrderOfTheirNeeds() async throws {
        try await with(Self.services) { shell in
            try await psql(shell.url, "SELECT 1")
            _ = try await shell.granary("env", "mark", "development")
            let alone = try await shell.refused("migrate", "up", "--migrations", "services/mail-service/migrations")
            #expect(alone.status == 1)
            #expect(alone.stderr.contains("depends on order-service/1, which is not applied"))
            let plan = try await shell.granary("migrate", "plan", "--root", "services")
            #expect(
                plan.split(separator: "\n").filter { $0.hasPrefix("up ") }.map { $0.split(separator: " ")[1] } == [
                    "user-service/000001_init", "user-service/000002_email", "order-service/000001_init",
                    "mail-service/000001_init",
                ]
            )
            _ = try await shell.granary("migrate", "up", "--root", "services")
            try await #expect(
                psql(
                    shell.url,
                    "SELECT string_agg(service || '/' || version, ' ' ORDER BY applied_order) FROM granary.migrations"
                )
                    == "user-service/1 user-service/2 order-service/1 mail-service/1"
            )
            let pulled = try await shell.refused(
                "migrate",
                "down",
                "--migrations",
                "services/user-service/migrations"
            )
            #expect(pulled.status == 3)
            #expect(pulled.stderr.contains("order-service/1"), "\(pulled)")
            try await #expect(psql(shell.url, "SELECT count(email) FROM user_service.users") == "0")
            _ = try await shell.granary("reset", "--root", "services", "--confirm", databaseName(shell.url))
            _ = try await shell.granary("migrate", "down", "--all", "--root", "services")
            try await #expect(psql(shell.url, "SELECT count(*) FROM granary.migrations") == "0")
            try await #expect(psql(shell.url, "SELECT to_regnamespace('user_service') IS NULL") == "t")
        }
    }

    private func databaseName(_ url: String) async throws -> String { try await psql(url, "SELECT current_database()") }
}
