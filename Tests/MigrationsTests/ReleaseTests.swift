import Bookkeeping
import Migrations
import Project
import TestSupport
import Testing

/// Folders that contain other files, and releases that are older than the database.
@Suite struct ReleaseTests {
    private static let two: KeyValuePairs = [
        "1_a.up.sql": "CREATE TABLE a ();", "2_b.up.sql": "CREATE TABLE b ();", "2_b.down.sql": "DROP TABLE b;",
    ]

    @Test func filesThatAreNotMigrationsAreNamed() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            for name in ["schema.sql", "20240101_a.sql", "3-c.up.sql", ".4_d.up.sql", "notes.txt", "templates/x.sql"] {
                try project.writeMigration("SELECT 1;", to: name)
            }
            try project.writeMigration("SELECT 1;", to: "development/seed.SQL")
            try project.writeMigration("SELECT 1;", to: "staging/other.sql")
            let ignored = ["20240101_a.sql", "3-c.up.sql", "schema.sql", "development/seed.SQL"]
            let tree = try await project.migrator().status()[0].tree
            #expect(tree.ignored == ignored.map { "\(project.migrations)/\($0)" })
            try await #expect(
                project.migrator().plan(.up(nil)).notes == [
                    "4 .sql files are not migrations and were ignored: \(tree.ignored.joined(separator: ", ")): "
                        + "a migration file is named number_title.up.sql"
                ]
            )
            try await #expect(project.up().appliedSteps.map(\.version) == [1, 2])
        }
    }

    @Test(arguments: [
        ["20240101_a.sql", "002-b.up.sql"], ["V1__a.sql"], ["20240101_a/migration.sql"],
        ["2024-01-01-000000_a/up.sql", "2024-01-01-000000_a/down.sql"],
    ])
    func aFolderOfAnotherToolsFilesIsAnError(names: [String]) async throws {
        try await TestProject.with(migrations: [:]) { project in
            for name in names { try project.writeMigration("CREATE TABLE a ();", to: name) }
            for request in [MigrationRequest.up(nil), .up(1)] {
                let error = await failure { try await project.migrator().run(request) }
                #expect(error?.code == .file)
                for name in names { #expect(error?.description.contains(name) == true, "\(error?.description ?? "")") }
            }
            try await #expect(project.migrator().status()[0].tree.problems.count == 1)
        }
    }

    @Test func anEmptyFolderHasNothingToDo() async throws {
        try await TestProject.with(migrations: ["README.md": "x"]) { project in
            try await #expect(project.up().appliedSteps.isEmpty)
        }
    }

    @Test(arguments: ["72057594037927936", "20240101000001000000", "99999999999999999999999999"])
    func aNumberThatIsTooHighIsRefusedByItsFilesName(digits: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": "CREATE TABLE a ();"]) { project in
            try project.writeMigration("CREATE TABLE b ();", to: "\(digits)_b.up.sql")
            let error = await failure { try await project.up() }
            #expect(error?.code == .file)
            #expect(error?.description.contains("\(digits)_b.up.sql: its number is above 72057594037927935") == true)
            try await #expect(project.sql("SELECT to_regclass('a') IS NULL") == "t")
        }
    }

    @Test func theHighestNumberRuns() async throws {
        try await TestProject.with(migrations: ["072057594037927935_a.up.sql": "CREATE TABLE a ();"]) { project in
            try await #expect(project.up().appliedSteps.map(\.version) == [72_057_594_037_927_935])
            try await #expect(project.states() == "72057594037927935 applied")
        }
    }

    @Test func migrationsOfANewerReleaseAreNewerAndLowerOnesMissing() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try project.writeMigration("CREATE TABLE c (); DROP TABLE a;", to: "4_c.up.sql")
            try await project.up()
            try project.folder.remove("migrations/4_c.up.sql")
            try await #expect(project.states() == "1 applied, 2 applied, 4 newer")
            // A newer release may have dropped the missing table.
            try await #expect(project.migrator().status()[0].disagreements == [])
            try await #expect(project.up().appliedSteps.isEmpty)
            try project.writeMigration("CREATE TABLE d ();", to: "5_d.up.sql")
            try await #expect(project.states() == "1 applied, 2 applied, 4 missing, 5 pending")
        }
    }

    @Test func interruptedMigrationsOfANewerReleaseAreNewerToo() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try project.writeMigration("-- no-transaction\nCREATE TABLE c ();\nSELECT 1 / 0;", to: "3_c.up.sql")
            _ = await failure { try await project.up() }
            try project.folder.remove("migrations/3_c.up.sql")
            try await #expect(project.states() == "1 applied, 2 applied, 3 newer")
            try await #expect(project.migrator().status()[0].standings.all[2].unfinished?.statementsDone == 1)
        }
    }

    @Test func withoutAnyFileNothingIsNewer() async throws {
        try await TestProject.with(migrations: Self.two) { project in
            try await project.up()
            for name in ["1_a.up.sql", "2_b.up.sql", "2_b.down.sql"] { try project.folder.remove("migrations/\(name)") }
            try await #expect(project.states() == "1 missing, 2 missing")
        }
    }
}
