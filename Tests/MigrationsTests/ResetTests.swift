import Migrations
import PostgresClient
import TestSupport
import Testing

/// `granary reset`, which recreates the schemas in development and test.
@Suite struct ResetTests {
    @Test func everythingInTheSchemasGoesAndIsMigratedUpAgain() async throws {
        try await TestProject.with(migrations: RunTests.three) { project in
            try await project.up()
            try await project.sql("CREATE TABLE shop.by_hand (id int); CREATE TABLE public.beside AS SELECT 7 AS id")
            try await project.sql("INSERT INTO shop.b VALUES (3, 'x'); ANALYZE shop.b")
            let doomed = try await project.migrator().whatResetDestroys()
            #expect(doomed.map(\.name) == ["shop"])
            #expect(doomed.first?.tables == 3)
            #expect(doomed.first?.rowsEstimate == 3)
            let report = try await project.migrator().reset()
            #expect(report.dropped == doomed)
            #expect(report.migrations.appliedSteps.map(\.version) == [1, 2, 10])
            try await #expect(project.states() == "1 applied, 2 applied, 10 applied")
            try await #expect(project.sql("SELECT to_regclass('shop.by_hand') IS NULL") == "t")
            try await #expect(project.sql("SELECT string_agg(id || coalesce(note, '-'), ' ') FROM shop.b") == "1- 2-")
            try await #expect(project.sql("SELECT id FROM public.beside") == "7")
            try await #expect(
                project.sql("SELECT count(*) FROM granary.migration_log WHERE event = 'reset' AND service = 'shop'")
                    == "1"
            )
        }
    }

    @Test(arguments: ["staging", "production"]) func nowhereElse(environment: String) async throws {
        try await TestProject.with(migrations: RunTests.three) { project in
            try await project.up()
            let error = await failure {
                try await project.migrator { options in options.environment = environment }.reset()
            }
            #expect(error?.code == .policy)
            #expect(error?.description == "\(environment) is never reset: all its data would be lost")
            try await #expect(project.sql("SELECT count(*) FROM shop.b") == "2")
        }
    }

    @Test func nothingIsDroppedIfTheMigrationsCannotBeApplied() async throws {
        try await TestProject.with(migrations: RunTests.three) { project in
            try await project.up()
            try project.writeMigration("SELECT 1", to: "000002_other.up.sql")
            let error = await failure { try await project.migrator().reset() }
            #expect(error?.description.contains("000002") == true)
            try await #expect(project.sql("SELECT count(*) FROM shop.b") == "2")
        }
    }

    @Test func dependentObjectsOfOtherSchemasAreNamedAndKept() async throws {
        try await TestProject.with(migrations: RunTests.three) { project in
            try await project.up()
            try await project.sql("CREATE VIEW public.seen AS SELECT id FROM shop.b")
            let error = await failure { try await project.migrator().whatResetDestroys() }
            #expect(
                error?.description
                    == "a reset of shop would drop objects in other schemas that depend on it: view public.seen"
            )
            await #expect(throws: MigrationError.self) { try await project.migrator().reset() }
            try await #expect(project.sql("SELECT count(*) FROM public.seen") == "2")
        }
    }

    @Test func aSchemaThatNoMigrationMakesIsMadeAgainWithItsOwnerAndPrivileges() async throws {
        let files: KeyValuePairs = ["000001_a.up.sql": "CREATE TABLE shop.a (id int);"]
        try await TestProject.with(migrations: files) { project in
            try await project.sql("CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO PUBLIC")
            try await project.sql("GRANT CREATE ON SCHEMA shop TO pg_monitor WITH GRANT OPTION")
            try await project.up()
            let privileges = """
                SELECT nspowner::regrole || ' ' || (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(nspacl) a)
                FROM pg_namespace WHERE nspname = 'shop'
                """
            let before = try await project.sql(privileges)
            try await project.migrator().reset()
            let after = try await project.sql(privileges)
            #expect(after == before)
            #expect(after.contains("pg_monitor=C*/"))
            try await #expect(project.states() == "1 applied")
        }
    }

    @Test func aMigrationThatWasLeftHalfDoneIsPendingAgain() async throws {
        let files: KeyValuePairs = [
            "000001_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int);",
            "000002_b.up.sql":
                "-- no-transaction\nCREATE INDEX CONCURRENTLY a_id ON shop.a (id);\nSELECT 1 / 0;",
        ]
        try await TestProject.with(migrations: files) { project in
            await #expect(throws: MigrationError.self) { try await project.up() }
            try await #expect(project.states() == "1 applied, 2 failed")
            try project.writeMigration("CREATE INDEX a_id ON shop.a (id);", to: "000002_b.up.sql")
            try await project.migrator().reset()
            try await #expect(project.states() == "1 applied, 2 applied")
        }
    }

    @Test func golangMigratesRowElsewhereIsKeptInStep() async throws {
        try await TestProject.with(migrations: RunTests.three) { project in
            try await project.sql(
                "CREATE TABLE public.schema_migrations (version bigint PRIMARY KEY, dirty bool NOT NULL)"
            )
            try await project.sql("INSERT INTO public.schema_migrations VALUES (1, false)")
            try await project.sql("CREATE SCHEMA shop; CREATE TABLE shop.a (id int)")
            _ = try await project.migrator().adopt(.init(schema: "public", name: "schema_migrations"))
            try await project.migrator().reset()
            try await #expect(project.sql("SELECT version || ' ' || dirty FROM public.schema_migrations") == "10 false")
            try await #expect(project.states() == "1 applied, 2 applied, 10 applied")
        }
    }
}
