import Migrations
import TestSupport
import Testing

/// The states of `status`, and what each means to the next run.
@Suite struct StateTests {
    static let two: KeyValuePairs = [
        "1_a.up.sql": "CREATE SCHEMA shop;", "1_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "2_b.up.sql": "CREATE TABLE shop.b ();", "2_b.down.sql": "DROP TABLE shop.b;",
    ]

    @Test func aBaselineSaysWhatIsAppliedAndRunsNothing() async throws {
        try await Project.with(Self.two) { project in
            try project.write("CREATE TABLE public.c ();", to: "3_c.up.sql")
            let unknown = await failure { try await project.migrator().baseline(7) }
            #expect(unknown?.code == .usage)
            try await #expect(project.migrator().baseline(2) == ["1_a", "2_b"])
            try await #expect(project.sql("SELECT to_regnamespace('shop') IS NULL") == "t")
            try await #expect(project.states() == "1 unverified, 2 unverified, 3 pending")
            try await #expect(
                project.sql("SELECT string_agg(event || version, ' ' ORDER BY id) FROM granary.migration_log")
                    == "baseline1 baseline2"
            )
            let again = await failure { try await project.migrator().baseline(3) }
            #expect(again?.code == .policy)
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            // What was not run by us can be reverted by its file all the same.
            try await project.sql("CREATE SCHEMA shop; CREATE TABLE shop.b ()")
            try project.write("DROP TABLE public.c;", to: "3_c.down.sql")
            try await #expect(project.down(2).revertedSteps.map(\.version) == [3, 2])
        }
    }

    @Test func whatIsAppliedAndHasNoFileIsMissingAndBlocksNothingUntilItsDown() async throws {
        try await Project.with(Self.two) { project in
            try await project.up()
            try project.folder.remove("migrations/2_b.up.sql")
            try project.folder.remove("migrations/2_b.down.sql")
            try project.write("CREATE TABLE shop.c ();", to: "3_c.up.sql")
            try project.write("DROP TABLE shop.c;", to: "3_c.down.sql")
            try await #expect(project.states() == "1 applied, 2 missing, 3 pending")
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            // The ledger has kept its down file.
            try await #expect(project.down(2).revertedSteps.map(\.version) == [3, 2])
            try await #expect(project.sql("SELECT to_regclass('shop.b') IS NULL") == "t")
            try await #expect(project.states() == "1 applied, 3 pending")
        }
    }

    @Test func theNextAttemptOfAFailedFileIsFreeWhenNothingOfItRemains() async throws {
        try await Project.with(Self.two) { project in
            try project.write("SELECT * FROM shop.later;", to: "3_c.up.sql")
            _ = await failure { try await project.up() }
            try await #expect(project.states() == "1 applied, 2 applied, 3 failed")
            try await project.sql("CREATE TABLE shop.later ()")
            // The same text: what was wrong was somewhere else.
            try await #expect(project.up().appliedSteps.map(\.version) == [3])
            try await #expect(project.states() == "1 applied, 2 applied, 3 applied")
        }
    }

    @Test func aDownThatBrokeOffIsFailedAndStopsUpUntilItIsRepaired() async throws {
        try await Project.with(Self.two) { project in
            try project.write("-- no-transaction\nDROP TABLE shop.b;\nSELECT 1 / 0;", to: "2_b.down.sql")
            try await project.up()
            let error = await failure { try await project.down() }
            #expect(error?.message.contains("what its first 1 of 2 statements did remains") == true)
            try await #expect(project.states() == "1 applied, 2 failed")
            for request in [MigrationRequest.up(nil), .down(1)] {
                let blocked = await failure { try await project.migrator().run(request) }
                #expect(blocked?.code == .disagreement)
            }
            try project.write("-- no-transaction\nDROP TABLE shop.b;\nSELECT 1 / 1;", to: "2_b.down.sql")
            _ = try await project.migrator().repair(trusting: nil)
            try await #expect(project.states() == "1 applied, 2 pending")
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
        }
    }

    @Test func repairRefusesAFileWhoseDonePartIsGone() async throws {
        try await Project.with(Self.two) { project in
            try project.write(
                "-- no-transaction\nCREATE TABLE shop.x ();\nCREATE TABLE shop.y ();\nSELECT 1 / 0;",
                to: "3_c.up.sql"
            )
            _ = await failure { try await project.up() }
            try project.write("-- no-transaction\nSELECT 1;", to: "3_c.up.sql")
            let error = await failure { try await project.migrator().repair(trusting: nil) }
            #expect(error?.code == .disagreement)
            #expect(error?.message.hasSuffix("3_c.up.sql was changed: of its 3 statements 2 had run") == true)
            try project.folder.remove("migrations/3_c.up.sql")
            try project.write("", to: "3_c.down.sql")
            let gone = await failure { try await project.migrator().repair(trusting: nil) }
            #expect(gone?.code == .file)
        }
    }
}
