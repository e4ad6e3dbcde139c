import Project
import TestSupport
import Testing

@testable import Migrations

/// The import of other tools' files.
@Suite struct ImportTests {
    private struct Place {
        let folder: ScratchFolder

        var target: Service { Service(name: "shop", schemas: ["shop"], folder: folder.file("migrations")) }

        func plan() throws -> Import {
            try Import(from: folder.file("old"), into: target, EnvironmentsFile.read(migrations: target.folder))
        }

        /// The name and text of each file that was written.
        func imported() throws -> [String: String] {
            let work = try plan()
            try work.make()
            let paths = work.migrations.flatMap { [$0.up, $0.down].compactMap(\.self) }
            return Dictionary(
                uniqueKeysWithValues: paths.map { path in
                    let name = String(path.split(separator: "/").last ?? "")
                    return (name, String(decoding: folder.read("migrations/\(name)"), as: UTF8.self))
                }
            )
        }
    }

    private func with(_ files: KeyValuePairs<String, String>, _ body: (Place) throws -> Void) async throws {
        try await ScratchFolder.with { folder in
            for (name, text) in files { try folder.write(text, to: "old/\(name)") }
            try body(Place(folder: folder))
        }
    }

    /// The message of a refused import, with its place. Checks that nothing was written.
    private func refusal(_ files: KeyValuePairs<String, String>) async throws -> String {
        var message = ""
        try await with(files) { place in
            do {
                try place.plan().make()
                Issue.record("nothing was refused")
            } catch let error as MigrationError {
                message = error.description.replacing(place.folder.path + "/", with: "")
            }
            #expect(place.folder.names(in: "migrations").isEmpty)
        }
        return message
    }

    @Test func gooseFilesAreSplitAndKeepTheirNumbers() async throws {
        try await with([
            "00001_users.sql": """
            -- Users and what they may do.
            -- +goose Up
            CREATE TABLE users (id int);

            -- +goose StatementBegin
            CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$
            BEGIN
                RETURN 1;
            END
            $$
            -- +goose StatementEnd
            CREATE INDEX ON users (id); -- quick

            -- +goose Down
            DROP FUNCTION one();
            DROP TABLE users;

            """,
            "00002_index.sql": """
            -- +goose NO TRANSACTION
            -- +GOOSE UP
            CREATE INDEX CONCURRENTLY users_id ON users (id);
            VACUUM users;
            -- +goose down
            DROP INDEX CONCURRENTLY users_id;
            """,
            "00003_rows.sql": "-- +goose Up\r\nINSERT INTO users VALUES (1);\r\n",
        ]) { place in
            try #expect(
                place.imported() == [
                    "00001_users.up.sql": """
                    -- Users and what they may do.
                    CREATE TABLE users (id int);

                    CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$
                    BEGIN
                        RETURN 1;
                    END
                    $$;
                    CREATE INDEX ON users (id); -- quick

                    """,
                    "00001_users.down.sql": "DROP FUNCTION one();\nDROP TABLE users;\n",
                    "00002_index.up.sql":
                        "-- no-transaction\nCREATE INDEX CONCURRENTLY users_id ON users (id);\nVACUUM users;\n",
                    "00002_index.down.sql": "-- no-transaction\nDROP INDEX CONCURRENTLY users_id;\n",
                    "00003_rows.up.sql": "INSERT INTO users VALUES (1);\n",
                ]
            )
            let work = try? Import(
                from: place.folder.file("old"),
                into: Service(name: "b", schemas: [], folder: place.folder.file("b")),
                EnvironmentsFile.read(migrations: "b")
            )
            #expect(work?.tool == .goose)
            #expect(work?.isRenumbered == false)
            #expect(work?.notes == ["1 migration cannot be reverted, because goose has no down migration for it"])
        }
    }

    @Test func dbmateDeclaresTransactionsPerDirection() async throws {
        try await with([
            "20240101120000_users.sql": """
            -- migrate:up
            CREATE TABLE users (id int);

            -- migrate:down
            DROP TABLE users;
            """,
            "20240102120000_index.sql": """
            -- migrate:up transaction:false
            CREATE INDEX CONCURRENTLY users_id ON users (id);
            -- migrate:down
            DROP INDEX users_id;
            """,
            "schema.sql": "CREATE TABLE whatever ();",
        ]) { place in
            try #expect(
                place.imported() == [
                    "20240101120000_users.up.sql": "CREATE TABLE users (id int);\n",
                    "20240101120000_users.down.sql": "DROP TABLE users;\n",
                    "20240102120000_index.up.sql":
                        "-- no-transaction\nCREATE INDEX CONCURRENTLY users_id ON users (id);\n",
                    "20240102120000_index.down.sql": "DROP INDEX users_id;\n",
                ]
            )
        }
    }

    /// sql-migrate's ledger has whole names, whose numbers may repeat.
    @Test func sqlMigrateFilesKeepTheirNumbersOrTheNameOfTheirOriginal() async throws {
        try await with([
            "1_users.sql": "-- +migrate Up\nCREATE TABLE users ();\n-- +migrate Down\nDROP TABLE users;\n",
            "2-index.sql": "-- +migrate Up notransaction\nVACUUM users;\n-- +migrate Down\nSELECT 1;\n",
        ]) { place in
            try #expect(
                place.imported() == [
                    "1_users.up.sql": "CREATE TABLE users ();\n", "1_users.down.sql": "DROP TABLE users;\n",
                    "2_index.up.sql": "-- no-transaction\nVACUUM users;\n",
                    "2_index.down.sql": "SELECT 1;\n",
                ]
            )
        }
        try await with([
            "2024-01-01-b.sql": "-- +migrate Up\nSELECT 1;\n", "2024-01-01-a.sql": "-- +migrate Up\nSELECT 2;\n",
            "first.sql": "-- +migrate Up\nSELECT 3;\n",
        ]) { place in
            let plan = try place.plan()
            #expect(plan.isRenumbered)
            #expect(plan.migrations.map(\.name) == ["000001_01-01-a", "000002_01-01-b", "000003_first"])
            try #expect(
                place.imported()["000001_01-01-a.up.sql"] == "-- granary: from=2024-01-01-a.sql\nSELECT 2;\n"
            )
        }
    }

    @Test func flywaysDottedVersionsAreRenumberedInTheirOrder() async throws {
        try await with([
            "V1__users.sql": "CREATE TABLE users ();", "V1_10__c.sql": "SELECT 3;", "V1.2__b.sql": "SELECT 2;",
            "later/V2__d.sql": "SELECT 4;\nCREATE INDEX CONCURRENTLY i ON users (id);",
            "later/V2__d.sql.conf": "executeInTransaction=false\n",
            "U1_10__c.sql": "SELECT -3;", "R__views.sql": "CREATE OR REPLACE VIEW v AS SELECT 1;",
            "later/afterMigrate.sql": "SELECT 1;",
        ]) { place in
            let plan = try place.plan()
            #expect(plan.tool == .flyway)
            #expect(plan.isRenumbered)
            #expect(
                plan.migrations.map(\.name) == [
                    "000001_users", "000002_b", "000003_c", "000004_d", "000005_views",
                ]
            )
            #expect(plan.notes.count == 3)
            #expect(plan.notes.last?.hasSuffix("/old/later/afterMigrate.sql") == true)
            let files = try place.imported()
            #expect(files.count == 6)
            #expect(files["000003_c.up.sql"] == "-- granary: from=V1_10__c.sql\nSELECT 3;\n")
            #expect(files["000003_c.down.sql"] == "SELECT -3;\n")
            #expect(
                files["000004_d.up.sql"]
                    == "-- no-transaction\n-- granary: from=V2__d.sql\nSELECT 4;\nCREATE INDEX CONCURRENTLY i ON users (id);\n"
            )
            #expect(files["000005_views.up.sql"]?.hasPrefix("-- granary: from=R__views.sql\n") == true)
        }
    }

    @Test func flywaysWholeNumbersAreKept() async throws {
        try await with(["V007__b.sql": "SELECT 2;", "V3__a.sql": "SELECT 1;", "R__v.sql": "SELECT 3;"]) { place in
            let plan = try place.plan()
            #expect(!plan.isRenumbered)
            #expect(plan.migrations.map(\.name) == ["3_a", "007_b", "008_v"])
            try #expect(place.imported()["3_a.up.sql"] == "SELECT 1;\n")
        }
    }

    @Test func filesOfOneDirectionAreTakenWhole() async throws {
        try await with(["20240101_a.sql": "-- no-transaction\nVACUUM;\n", "20240102_b.sql": "SELECT 2;"]) { place in
            try #expect(place.plan().tool == .sqlx)
            try #expect(
                place.imported() == [
                    "20240101_a.up.sql": "-- no-transaction\nVACUUM;\n", "20240102_b.up.sql": "SELECT 2;\n",
                ]
            )
        }
        try await with([
            "20240101000000_init/migration.sql": "SELECT 1;", "20240102000000_more/migration.sql": "SELECT 2;",
            "migration_lock.toml": "provider = \"postgresql\"",
        ]) { place in
            try #expect(place.plan().tool == .prisma)
            try #expect(
                place.imported() == [
                    "20240101000000_init.up.sql": "SELECT 1;\n", "20240102000000_more.up.sql": "SELECT 2;\n",
                ]
            )
        }
    }

    @Test(arguments: [
        (
            "1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Up\n",
            "old/1_a.sql:3: there is a second `-- +goose Up`, after that of line 1"
        ),
        ("1_a.sql", "SELECT 0;\n-- +goose Up\n", "old/1_a.sql:1: this line comes before the first `-- +goose Up`"),
        ("1_a.sql", "-- +goose Down\nSELECT 1;", "old/1_a.sql:1: it has no `-- +goose Up`"),
        (
            "1_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${A}';",
            "old/1_a.sql:2: goose replaces environment variables"
        ),
        ("1_a.sql", "-- +goose Up\n-- +goose Sideways\n", "old/1_a.sql:2: `sideways` is not a marker of goose"),
        (
            "1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;",
            "old/1_a.sql:2: the statement that begins here"
        ),
        ("1_a.sql", "-- +goose Up\n-- +goose StatementEnd", "old/1_a.sql:2: StatementEnd has no StatementBegin"),
        (
            "1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1\n-- +goose Down",
            "old/1_a.sql:4: the statement that began in line 2 has no StatementEnd"
        ),
        ("1_a.sql", "-- +goose Up\n\nSELECT 'x", "old/1_a.sql:3: a string that begins here does not end"),
        ("1_a.sql", "-- +goose Up\nSELECT 1;\n\\echo x\n", "old/1_a.sql:3: \\echo is a command of psql"),
        (
            "1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Down\nCOPY a FROM STDIN;\n",
            "old/1_a.sql:4:1: the rows of this COPY do not end"
        ),
        (
            "1_a.sql", "-- +goose Up\nSELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a);",
            "old/1_a.sql:3:1: CREATE INDEX cannot run in a transaction"
        ),
        ("1_a.sql", "-- migrate:up lock:false\nSELECT 1;\n", "old/1_a.sql:1: `lock:false` is not a marker of dbmate"),
        (
            "V1__a.sql", "SELECT 1;\nSELECT '${schema}';",
            "old/V1__a.sql:2: ${schema} is a placeholder of Flyway, which granary does not replace"
        ),
    ])
    func filesThatCannotBeSplitAreRefusedWithTheLine(name: String, text: String, says: String) async throws {
        let message = try await refusal([name: text])
        #expect(message.hasPrefix(says), "\(message)")
    }

    @Test func foldersThatCannotBeImportedAreRefused() async throws {
        let up = "-- +goose Up\nSELECT 1;"
        try await #expect(
            refusal(["1_a.sql": up, "01_b.sql": up]) == "old/01_b.sql and old/1_a.sql have the same number"
        )
        try await #expect(
            refusal(["1_a.sql": up, "1_a_test.go": "", "2_b.go": ""])
                == "old/2_b.go is a program, but granary runs SQL only"
        )
        try await #expect(
            refusal(["V1__a.sql": "SELECT 1;", "later/R__b.java": ""])
                == "old/later/R__b.java is a program, but granary runs SQL only"
        )
        try await #expect(
            refusal(["1_a.sql": up, "2_b.sql": "-- migrate:up\n"]) == "old has files of dbmate and of goose"
        )
        try await #expect(refusal(["1_a.up.sql": ""]) == "old/1_a.up.sql already has the name of a granary migration")
        try await #expect(refusal(["a.sql": ""]) == "there are no migrations of a known tool in old")
        try await #expect(
            refusal(["V1__a.sql": "", "B2__all.sql": ""])
                == "old/B2__all.sql replaces V1__a.sql and the files after it up to 2, so both would run"
        )
        try await #expect(
            refusal(["V1__a.sql": "", "V1.0__b.sql": ""]) == "old/V1.0__b.sql and old/V1__a.sql have the same number"
        )
    }

    @Test func aNumberThatIsTakenIsRefusedAndNothingIsWritten() async throws {
        try await with(["1_a.sql": "-- +goose Up\nSELECT 1;", "2_b.sql": "-- +goose Up\nSELECT 2;"]) { place in
            try place.folder.write("SELECT 2;", to: "migrations/000002_x.up.sql")
            let error = #expect(throws: MigrationError.self) { try place.plan() }
            #expect(error?.message.hasSuffix("would become 2_b, and 000002_x has that number") == true)
            #expect(place.folder.names(in: "migrations") == ["000002_x.up.sql"])
        }
    }

    @Test func aSecondImportWritesOnlyNewMigrations() async throws {
        try await with(["1_a.sql": "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT -1;"]) { place in
            _ = try place.imported()
            try place.folder.write("-- +goose Up\nSELECT 2;", to: "old/2_b.sql")
            let plan = try place.plan()
            #expect(plan.migrations.map(\.isThere) == [true, false])
            try plan.make()
            #expect(place.folder.names(in: "migrations") == ["1_a.down.sql", "1_a.up.sql", "2_b.up.sql"])
            try place.folder.write("SELECT 3;", to: "migrations/1_a.up.sql")
            let error = #expect(throws: MigrationError.self) { try place.plan() }
            #expect(error?.message.hasSuffix("would become 1_a, which exists with other content") == true)
        }
    }

    @Test func theFolderOfMigrationsItselfIsNotImported() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("-- +goose Up\nSELECT 1;", to: "migrations/1_a.sql")
            let path = folder.file("migrations")
            let service = Service(name: "shop", schemas: ["shop"], folder: path)
            let error = #expect(throws: MigrationError.self) {
                try Import(from: path, into: service, EnvironmentsFile.read(migrations: path))
            }
            #expect(error?.code == .usage)
            #expect(error?.hint?.contains("git mv") == true)
        }
    }

    private static let flywaysLedger = """
        CREATE TABLE flyway_schema_history (installed_rank int, version varchar(50), description text, type varchar(20),
            script text, checksum int, installed_by text, installed_on timestamp, execution_time int, success bool);
        """

    /// Files of Flyway, which are renumbered from 1 to 4 in this project.
    private static func withRenumbered(_ body: (TestProject) async throws -> Void) async throws {
        try await TestProject.with(migrations: [:]) { project in
            for (name, text) in [
                ("V1__a.sql", "CREATE TABLE a ();"), ("V1_2__b.sql", "CREATE TABLE b ();"),
                ("V1_10__c.sql", "CREATE TABLE c ();"), ("R__v.sql", "CREATE VIEW v AS SELECT 1;"),
            ] {
                try project.folder.write(text, to: "old/\(name)")
            }
            let service = Service(name: "shop", schemas: ["shop"], folder: project.migrations)
            try Import(
                from: project.folder.file("old"),
                into: service,
                EnvironmentsFile.read(migrations: project.migrations)
            ).make()
            try await body(project)
        }
    }

    /// Versions of granary's own migrations are not versions of Flyway: Flyway applied neither the repeatable file nor
    /// the later migration.
    @Test func aBaselineOfFlywayTakesItsOwnVersionsOnly() async throws {
        try await Self.withRenumbered { project in
            try project.writeMigration("CREATE TABLE d ();", to: "000005_d.up.sql")
            try await project.sql(
                """
                CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c (); \(Self.flywaysLedger)
                INSERT INTO flyway_schema_history (installed_rank, version, type, script, success)
                    VALUES (1, '9', 'BASELINE', '<< Flyway Baseline >>', true)
                """
            )
            try await #expect(project.migrator().adopt(nil).names == ["000001_a", "000002_b", "000003_c"])
            try await #expect(project.up().appliedSteps.map(\.version) == [4, 5])
        }
    }

    @Test func aFlywayVersionIsNotTheNumberOfALaterFile() async throws {
        try await Self.withRenumbered { project in
            try project.writeMigration("CREATE TABLE d ();", to: "000005_d.up.sql")
            try await project.sql(
                """
                \(Self.flywaysLedger)
                INSERT INTO flyway_schema_history (installed_rank, version, type, script, success)
                    VALUES (1, '5', 'SQL', 'V5__x.sql', true)
                """
            )
            let error = await failure { try await project.migrator().adopt(nil) }
            #expect(error?.message.contains("lists 5, and") == true, "\(error?.message ?? "")")
        }
    }

    /// Renumbered migrations are found by the names in the ledger.
    @Test func aLedgerOfFlywayIsAdoptedAfterItsFilesWereRenumbered() async throws {
        try await Self.withRenumbered { project in
            try await project.sql(
                """
                CREATE TABLE a (); CREATE TABLE b (); CREATE VIEW v AS SELECT 1; \(Self.flywaysLedger)
                INSERT INTO flyway_schema_history (installed_rank, version, type, script, success) VALUES
                    (1, '1', 'SQL', 'V1__a.sql', true), (2, '1.2', 'SQL', 'V1_2__b.sql', true),
                    (3, NULL, 'SQL', 'R__v.sql', true), (4, NULL, 'SQL', 'R__v.sql', true)
                """
            )
            try await #expect(project.migrator().adopt(nil).names == ["000001_a", "000002_b", "000004_v"])
            // Version 1.10 comes after 1.2 and was not applied yet.
            try await #expect(project.up { $0.allowsOutOfOrder = true }.appliedSteps.map(\.version) == [3])
            try await #expect(project.sql("SELECT to_regclass('c') IS NOT NULL") == "t")
        }
    }
}
