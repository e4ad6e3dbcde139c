import TestSupport
import Testing

/// A marked database, and a project that declares its environment.
extension TestProject {
    /// - Parameter environments: The content of `environments.json`.
    static func withOrders(
        marked environment: String,
        _ environments: String? = nil,
        _ body: (TestProject) async throws -> Void
    ) async throws {
        let orders = """
            CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY, note text);
            INSERT INTO shop.orders VALUES (1, 'one'), (2, 'two');
            """
        let file = "migrations/environments.json"
        try await with(orders, files: [file: declaring(environment)]) { project in
            try await project.mark(environment)
            if let environments {
                try project.folder.write(environments, to: file)
                // Refused if a rule is in the wrong place; then the first marker stays.
                try await project.granary("env", "mark", environment, "--force", "--quiet")
            }
            try await body(project)
        }
    }

    static func declaring(_ environment: String) -> String {
        "{\"service\": \"shop\", \"environments\": {\"\(environment)\": {}, \"other\": {}}}"
    }

    func rows(_ table: String = "shop.orders", at other: String? = nil) async throws -> String {
        try await psql(other ?? url, "SELECT string_agg(id || ' ' || note, ', ' ORDER BY id) FROM \(table)")
    }

    /// Makes an archive of the database, marked with another environment.
    func archive(of environment: String, _ arguments: String...) async throws {
        try await mark(environment)
        let made = try await granary(["backup", "--output", "\(environment).zip", "--quiet"] + arguments)
        try #require(made.status == 0, "\(made)")
    }
}

private let productionNames = [
    "production", "prod", "prd", "live", "PRODUCTION", "Prod", "prod-eu", "eu_prod", "eu.live",
]
private let nearMisses = ["non-prod", "preprod", "pre-live", "product", "delivery", "reproduction"]

/// All destructive commands use the same definition of production.
@Suite struct ProductionTests {
    @Test(arguments: productionNames) func noCommandDestroysDataInProduction(_ name: String) async throws {
        try await TestProject.withOrders(marked: name) { site in
            try site.folder.write("- {id: 1, note: seeded}", to: "seeds/common/orders.yaml")
            let refused = [
                try await site.granary("clean", "--confirm", site.database),
                try await site.granary("reset", "--confirm", site.database),
                try await site.granary("seed", "--confirm", site.database),
                try await site.granary("seed", "--generate", "shop.*", "--rows", "3", "--confirm", site.database),
            ]
            for outcome in refused { #expect(outcome.status == 3, "\(outcome)") }
            #expect(refused[0].stderr.contains("is \(name), which is not cleaned"))
            #expect(refused[0].stderr.contains("hint: production is never cleaned"))
            #expect(refused[1].stderr.contains("\(name) is never reset"))
            #expect(refused[2].stderr.contains("production allows reference tables only"))
            #expect(refused[3].stderr.contains("generated rows are forbidden in production"))
            try await #expect(site.rows() == "1 one, 2 two")
            try await #expect(site.granary("clean", "--plan").stdout.contains("is \(name), which is not cleaned"))

            try #require(try await site.granary("backup", "--output", "a.zip", "--quiet").status == 0)
            let restored = try await site.granary("restore", "a.zip")
            #expect(restored.status == 3, "\(restored)")
            let local = try await runCommand(
                granaryBinary(),
                ["tables", "--local", "--env", name],
                workingDirectory: site.folder.path
            )
            #expect(local.status == 3, "\(local)")
            #expect(local.stderr.contains("the local server is not used for \(name)"))
        }
    }

    @Test(arguments: nearMisses) func aNameThatOnlyLooksLikeItIsTreatedAsAnyOther(_ name: String) async throws {
        try await TestProject.withOrders(marked: name) { site in
            try site.folder.write("- {id: 3, note: seeded}", to: "seeds/common/orders.yaml")
            try #require(try await site.granary("backup", "--output", "a.zip", "--quiet").status == 0)
            let seeded = try await site.granary("seed")
            #expect(seeded.status == 0, "\(seeded)")
            try await #expect(site.rows() == "1 one, 2 two, 3 seeded")
            let cleaned = try await site.granary("clean", "--confirm", site.database)
            #expect(cleaned.status == 0, "\(cleaned)")
            try await #expect(site.rows() == "")
            let restored = try await site.granary("restore", "a.zip", "--drop-old")
            #expect(restored.status == 0, "\(restored)")
            try await #expect(site.rows() == "1 one, 2 two")
            // The command has a list of its own.
            let reset = try await site.granary("reset", "--confirm", site.database)
            #expect(reset.status == 3, "\(reset)")
        }
    }

    @Test func theFileMakesAnyEnvironmentProductionAndTakesItBack() async throws {
        let environments = """
            {"service": "shop", "environments": {
              "customers": {"config": {"production": true}}, "development": {"config": {"production": true}},
              "prod": {"config": {
                "production": false}}}}
            """
        try await TestProject.withOrders(marked: "customers", environments) { site in
            let shown = try await site.granary("env", "--json")
            #expect(shown.stdout.contains("\"production\":true"), "\(shown)")
            try await #expect(site.granary("clean", "--confirm", site.database).status == 3)
            try await site.mark("development")
            try await #expect(site.granary("reset", "--confirm", site.database).status == 3)
            try await #expect(site.granary("clean", "--confirm", site.database).status == 3)
            try await #expect(site.rows() == "1 one, 2 two")
            try await site.mark("prod")
            let cleaned = try await site.granary("clean", "--confirm", site.database)
            #expect(cleaned.status == 0, "\(cleaned)")
            let validated = try await site.granary("validate", "--offline")
            #expect(validated.status == 2, "\(validated)")
            #expect(validated.stdout.contains("denied-production"), "\(validated)")
            #expect(
                validated.stdout.contains("prod is not treated as production, although its name says so"),
                "\(validated)"
            )
        }
    }

    @Test(arguments: ["prod", "prod-eu", "customers"])
    func seedsAndMigrationsOfProductionAreHeldToItsRules(_ name: String) async throws {
        try await ScratchFolder.with { folder in
            try folder.write(
                """
                {"service": "shop", "environments": {"\(name)": {"config": {"production": true}}, "non-prod": {}}}
                """,
                to: "migrations/environments.json"
            )
            let sql = "INSERT INTO shop.people (id, email) VALUES (1, 'ada@example.com');"
            try folder.write(
                "CREATE SCHEMA shop; CREATE TABLE shop.people (id int, email text);",
                to: "migrations/1_a.up.sql"
            )
            try folder.write(sql, to: "migrations/\(name)/2_b.up.sql")
            try folder.write(sql, to: "migrations/non-prod/3_c.up.sql")
            try folder.write("- {id: 1, email: ada@example.com}", to: "seeds/\(name)/people.yaml")
            try folder.write("- {id: 1, email: ada@example.com}", to: "seeds/non-prod/people.yaml")
            let validated = try await runCommand(
                granaryBinary(),
                ["validate", "--offline", "--json"],
                workingDirectory: folder.path
            )
            #expect(
                validated.stdout.contains(
                    "\"rule\":\"example-people\",\"severity\":\"warning\",\"file\":\"migrations/\(name)/2_b.up.sql\""
                )
            )
            #expect(
                validated.stdout.contains(
                    "\"rule\":\"example-people\",\"severity\":\"warning\",\"file\":\"seeds/\(name)/people.yaml\""
                )
            )
            #expect(
                !validated.stdout.contains(
                    "\"rule\":\"example-people\",\"severity\":\"warning\",\"file\":\"migrations/non-prod"
                )
            )
            #expect(
                !validated.stdout.contains(
                    "\"rule\":\"example-people\",\"severity\":\"warning\",\"file\":\"seeds/non-prod"
                )
            )
        }
    }
}

/// A rule in the wrong place stops the commands that would have obeyed it.
@Suite struct MisplacedRuleTests {
    private static let beside = """
        {"service": "shop", "environments": {"production": {
          "allow_destructive_operations": false}, "development": {}}}
        """

    @Test(arguments: [
        (beside, 2), ("{\"service\": \"shop\",\n\n\"allow_destructive_operations\": false}", 3),
        (
            "{\"service\": \"shop\", \"environments\": {\"production\": {\"config\": {\n\"allow_destructive\": false}}}}",
            2
        ),
    ])
    func aMigrationDoesNotRunWithoutTheRule(_ text: String, _ line: Int) async throws {
        try await TestProject.withOrders(marked: "production", text) { site in
            try site.folder.write("DROP TABLE shop.orders;", to: "migrations/1_drop.up.sql")
            let place = "migrations/environments.json:\(line): "
            for command in ["up", "plan"] {
                let outcome = try await site.granary("migrate", command)
                #expect(outcome.status == 3, "\(outcome)")
                #expect((outcome.stdout + outcome.stderr).contains(place), "\(outcome)")
            }
            try await #expect(site.rows() == "1 one, 2 two")
            // Commands that do not use the rule still work.
            try await #expect(site.granary("migrate", "status").status == 0)
            try await #expect(site.granary("backup", "--output", "a.zip").status == 0)
            let validated = try await site.granary("validate", "--offline")
            #expect(validated.status == 2)
            #expect(validated.stdout.contains("misplaced-rule"), "\(validated)")
        }
    }

    @Test func theRuleOfAnotherEnvironmentStopsNothing() async throws {
        try await TestProject.withOrders(marked: "development", Self.beside) { site in
            try site.folder.write("DROP TABLE shop.orders;", to: "migrations/1_drop.up.sql")
            let outcome = try await site.granary("migrate", "up")
            #expect(outcome.status == 0, "\(outcome)")
        }
    }

    @Test(arguments: ["allow_destructive_operations", "production", "is_production"])
    func cleaningStops(_ rule: String) async throws {
        let text = "{\"service\": \"shop\", \"environments\": {\"qa\": {\n\"\(rule)\": false}}}"
        try await TestProject.withOrders(marked: "qa", text) { site in
            for arguments in [["clean", "--confirm", site.database], ["clean", "--plan"]] {
                let outcome = try await runCommand(
                    granaryBinary(),
                    arguments,
                    environment: ["DATABASE_URL": site.url],
                    workingDirectory: site.folder.path
                )
                #expect(outcome.status == 3, "\(outcome)")
                #expect(
                    outcome.stderr.contains("migrations/environments.json:2: environments.qa.\(rule)"),
                    "\(outcome)"
                )
            }
            try await #expect(site.rows() == "1 one, 2 two")
        }
    }

    @Test func seedingResettingAndRestoringStopAtProductionInTheWrongPlace() async throws {
        let text = "{\"service\": \"shop\", \"environments\": {\"development\": {\n\"production\": true}}}"
        try await TestProject.withOrders(marked: "development", text) { site in
            try site.folder.write("- {id: 1, note: seeded}", to: "seeds/common/orders.yaml")
            try #require(try await site.granary("backup", "--output", "a.zip", "--quiet").status == 0)
            for outcome in [
                try await site.granary("seed"), try await site.granary("reset", "--confirm", site.database),
                try await site.granary("restore", "a.zip", "--drop-old", "--confirm", site.database),
            ] {
                #expect(outcome.status == 3, "\(outcome)")
                #expect(outcome.stderr.contains("migrations/environments.json:2: environments.development.production"))
            }
            try await #expect(site.rows() == "1 one, 2 two")
        }
    }

    @Test func aFieldThatMayBeARuleOfAnotherVersionIsNamed() async throws {
        let text = "{\"service\": \"shop\", \"environments\": {\"qa\": {\"config\": {\n\"quorum\": 2}}}}"
        try await TestProject.withOrders(marked: "qa", text) { site in
            let outcome = try await site.granary("clean", "--confirm", site.database)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.stderr.contains(
                    "migrations/environments.json:2: environments.qa.config.quorum is a field that granary does not know; it has no effect\n"
                ),
                "\(outcome)"
            )
        }
    }

    @Test func aRuleOfEnvironmentsInDependenciesStopsMigrations() async throws {
        try await TestProject.withOrders(marked: "qa") { site in
            try site.folder.write("DROP TABLE shop.orders;", to: "migrations/1_drop.up.sql")
            try site.folder.write(
                "{\"migrations\": {},\n\"global_config\": {\"allow_destructive_operations\": false}}",
                to: "migrations/dependencies.json"
            )
            let outcome = try await site.granary("migrate", "up")
            #expect(outcome.status == 3, "\(outcome)")
            #expect(
                outcome.stderr.contains("migrations/dependencies.json:2: global_config.allow_destructive_operations")
            )
            try await #expect(site.rows() == "1 one, 2 two")
        }
    }

    /// Each service follows its own rules, not those of the first service.
    @Test(arguments: ["alpha", "omega"]) func eachServiceIsHeldToItsOwnRules(_ strict: String) async throws {
        try await TestProject.withOrders(marked: "qa") { site in
            let lax = strict == "alpha" ? "omega" : "alpha"
            for (name, allows) in [(strict, "false"), (lax, "true")] {
                try site.folder.write(
                    "{\"service\": \"\(name)\", \"environments\": {\"qa\": {\"config\": {\"allow_destructive_operations\": \(allows)}}}}",
                    to: "services/\(name)/migrations/environments.json"
                )
            }
            try site.folder.write("DROP TABLE shop.orders;", to: "services/\(strict)/migrations/1_drop.up.sql")
            let outcome = try await site.granary("migrate", "up", "--root", "services")
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.stderr.contains("qa allows no destructive operations"), "\(outcome)")
            try await #expect(site.rows() == "1 one, 2 two")
            try await #expect(
                site.granary("clean", "--root", "services", "--schema", "shop", "--confirm", site.database).status == 3
            )
            // The other service may do it.
            try site.folder.write("SELECT 1;", to: "services/\(strict)/migrations/1_drop.up.sql")
            try site.folder.write("DROP TABLE shop.orders;", to: "services/\(lax)/migrations/1_drop.up.sql")
            let allowed = try await site.granary("migrate", "up", "--root", "services")
            #expect(allowed.status == 0, "\(allowed)")
        }
    }
}
