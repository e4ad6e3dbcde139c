import Migrations
import TestSupport
import Testing

/// The files that run in each environment.
@Suite struct LayoutTests {
    @Test func overlayAddsTheEnvironmentsOwnFilesToTheBaseInOneNumberSpace() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": "CREATE SCHEMA shop;", "000003_c.up.sql": "CREATE TABLE shop.c ();",
            "development/000002_dev.up.sql": "CREATE TABLE shop.dev ();",
            "staging/000002_stage.up.sql": "CREATE TABLE shop.stage ();",
            "production/.keep": "", "templates/000009_t.up.sql": "SELECT 1 / 0;", "README.md": "",
        ]) { project in
            var production = project
            production.environment = "production"
            try await #expect(production.states() == "1 pending, 3 pending")
            try await #expect(project.up().appliedSteps.map(\.layer) == ["", "development", ""])
            try await #expect(
                project.sql("SELECT to_regclass('shop.dev') IS NOT NULL, to_regclass('shop.stage') IS NULL") == "t|t"
            )
            try await #expect(
                project.sql("SELECT string_agg(version || layer, ' ' ORDER BY version) FROM granary.migrations")
                    == "1 2development 3"
            )
        }
    }

    @Test func aFileThatMovesFromTheOverlayToTheBaseTakesItsLedgerRowAlong() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop;", "development/2_b.up.sql": "CREATE TABLE shop.b ();",
        ]) { project in
            try await project.up()
            try project.rename("development/2_b.up.sql", "2_b.up.sql")
            try await #expect(project.states() == "1 applied, 2 applied")
            try await #expect(project.up().appliedSteps.isEmpty)
            try await #expect(project.sql("SELECT layer = '' FROM granary.migrations WHERE version = 2") == "t")
        }
    }

    @Test func theSameFileUnderAnotherNumberIsOtherLayerAndBlocksNothing() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop;", "development/2_b.up.sql": "CREATE TABLE shop.b ();",
        ]) { project in
            try await project.up()
            try project.rename("development/2_b.up.sql", "development/5_b.up.sql")
            try project.writeMigration("CREATE TABLE shop.c ();", to: "6_c.up.sql")
            try await #expect(project.states() == "1 applied, 2 other_layer, 5 other_layer, 6 pending")
            try await #expect(project.up().appliedSteps.map(\.version) == [6])
        }
    }

    /// In a copy of another environment's database, the migrations of that environment's folder block nothing.
    @Test func migrationsOfAnotherEnvironmentsFolderAreOtherLayer() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE SCHEMA shop;", "development/2_dev.up.sql": "CREATE TABLE shop.dev ();",
            "staging/2_stage.up.sql": "CREATE TABLE shop.stage ();", "3_c.up.sql": "CREATE TABLE shop.c ();",
        ]) { project in
            var staging = project
            staging.environment = "staging"
            try await project.up(2)
            try await #expect(staging.states() == "1 applied, 2 other_layer, 3 pending")
            try await #expect(staging.up().appliedSteps.map(\.version) == [3])
        }
    }

    @Test func copiesAreASetForEachEnvironment() async throws {
        try await TestProject.with(migrations: [
            "development/000001_a.up.sql": "CREATE SCHEMA shop;",
            "development/000002_x.up.sql": "CREATE TABLE shop.x ();",
            "development/000003_b.up.sql": "CREATE TABLE shop.b ();",
            "production/000001_a.up.sql": "CREATE SCHEMA shop;",
            "production/000002_b.up.sql": "CREATE TABLE shop.b ();",
        ]) { project in
            var (production, staging) = (project, project)
            production.environment = "production"
            staging.environment = "staging"
            let error = await failure { try await staging.up() }
            #expect(error?.code == .file)
            #expect(
                error?.description
                    == "the environment staging has no migrations: there is no folder \(project.migrations)/staging"
            )
            try await #expect(production.states() == "1 pending, 2 pending")
            try await project.up()
            try await #expect(project.ledger() == "1 2 3")
            // The other environment has the same content under its number.
            try await #expect(production.states() == "1 applied, 2 other_layer, 3 other_layer")
            try await #expect(production.up().appliedSteps.isEmpty)
        }
    }

    @Test func timestampsAreNumbersToo() async throws {
        try await TestProject.with(migrations: [
            "20240315120000_a.up.sql": "CREATE SCHEMA shop;", "20240315120000_a.down.sql": "DROP SCHEMA shop;",
            "20240401080000_b.c.up.sql": "CREATE TABLE shop.b ();",
        ]) { project in
            try await #expect(project.up().version == 20_240_401_080_000)
            try await #expect(project.ledger() == "20240315120000 20240401080000")
            try await #expect(
                project.sql("SELECT name FROM granary.migrations ORDER BY version DESC LIMIT 1") == "20240401080000_b.c"
            )
        }
    }

    @Test(arguments: [("\"000002\"", "\"000001\""), ("\"000002_b\"", "\"000001_a\""), ("\"2\"", "\"1\"")])
    func bothSpellingsOfTheKeysMeanTheSame(_ spelling: (key: String, need: String)) async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": "CREATE SCHEMA shop;", "000002_b.up.sql": "CREATE TABLE shop.b ();",
            "dependencies.json":
                #"{"migrations": {\#(spelling.key): {"depends_on": [\#(spelling.need)], "estimated_duration": "30s"}}}"#,
        ]) { project in
            let plan = try await project.migrator().plan(.up(nil))
            #expect(plan.steps.map(\.version) == [1, 2])
            #expect(plan.steps[1].estimatedDuration == "30s")
            try project.folder.remove("migrations/000001_a.up.sql")
            try await #expect(project.migrator().plan(.up(nil)).obstacles.first?.code == .dependency)
        }
    }

    @Test(arguments: [
        #""migrations": ["000001_a.up.sql", "migrations/dev/000002_b.up.sql"]"#, #""migrations": "dev""#,
        #""migrations": "migrations/dev""#,
    ])
    func theListOfFilesAndTheNameOfAFolderAreBothRead(shape: String) async throws {
        let isFolder = !shape.contains("[")
        try await TestProject.with(migrations: [
            "environments.json": "{\"environments\": {\"development\": {\(shape)}}}",
            "000001_a.up.sql": "CREATE SCHEMA shop;", "dev/000002_b.up.sql": "CREATE TABLE shop.b ();",
            "development/000003_c.up.sql": "CREATE TABLE shop.c ();",
        ]) { project in
            try await #expect(project.up().appliedSteps.map(\.version) == [1, isFolder ? 2 : 3])
        }
    }
}
