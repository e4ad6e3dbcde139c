import TestSupport
import Testing

/// Damaged tables of granary do not prevent a backup, and every command reports the damage.
@Suite struct DamagedStateTests {
    private static func with(
        _ damage: String,
        _ body: (_ url: String, _ granary: (String...) async throws -> CommandOutcome) async throws -> Void
    ) async throws {
        let files: KeyValuePairs = [
            "migrations/1_a.up.sql": "CREATE TABLE public.a (id int); INSERT INTO public.a VALUES (7);",
            "migrations/1_a.down.sql": "DROP TABLE public.a;",
        ]
        try await TestProject.with(files: files) { project in
            var project = project
            project.variables["GRANARY_ENV"] = "development"
            project.variables["SERVICE_NAME"] = "shop"
            let up = try await project.granary("migrate", "up")
            #expect(up.status == 0, "\(up)")
            try await project.sql(damage)
            try await body(project.url) { [project] (arguments: String...) in try await project.granary(arguments) }
        }
    }

    @Test func aLedgerWithoutAColumnStopsNoBackupAndNoRestoreOverIt() async throws {
        try await Self.with("ALTER TABLE granary.migrations DROP COLUMN down_sql") { url, granary in
            let backup = try await granary("backup", "-o", "a.zip")
            #expect(backup.status == 0, "\(backup)")
            #expect(backup.stderr.contains("the ledger of migrations is not included"), "\(backup)")
            try await psql(url, "TRUNCATE public.a")
            let name = try await psql(url, "SELECT current_database()")
            let restore = try await granary("restore", "a.zip", "--drop-old", "--confirm", name)
            #expect(restore.status == 0, "\(restore)")
            try await #expect(psql(url, "SELECT id FROM public.a") == "7")
        }
    }

    @Test func aLedgerWithoutAColumnIsNamedByMigrateAndDoctor() async throws {
        try await Self.with("ALTER TABLE granary.migrations DROP COLUMN down_sql") { _, granary in
            let status = try await granary("migrate", "status")
            #expect(status.status == 1, "\(status)")
            #expect(status.stderr.contains("granary.migrations has no column down_sql"), "\(status)")
            let doctor = try await granary("doctor")
            #expect(doctor.status == 2)
            #expect(doctor.stdout.contains("granary.migrations has no column down_sql"), "\(doctor)")
        }
    }

    @Test func aDamagedMarkerIsMadeAgainByForceAlone() async throws {
        try await Self.with("ALTER TABLE granary.environment DROP COLUMN fingerprint") { _, granary in
            let refused = try await granary("env", "mark", "development")
            #expect(refused.status == 1, "\(refused)")
            #expect(refused.stderr.contains("hint: `granary env mark NAME --force` creates it again"), "\(refused)")
            let made = try await granary("env", "mark", "development", "--force")
            #expect(made.status == 0, "\(made)")
            let up = try await granary("migrate", "up")
            #expect(up.status == 0, "\(up)")
        }
    }

    @Test func twoMarkersAreRefusedAndForceLeavesOne() async throws {
        let damage = """
            CREATE TABLE granary.two AS TABLE granary.environment;
            DROP TABLE granary.environment;
            ALTER TABLE granary.two RENAME TO environment;
            INSERT INTO granary.environment TABLE granary.environment;
            """
        try await Self.with(damage) { url, granary in
            let up = try await granary("migrate", "up")
            #expect(up.status == 3, "\(up)")
            #expect(up.stderr.contains("granary.environment has several rows"), "\(up)")
            let made = try await granary("env", "mark", "development", "--force")
            #expect(made.status == 0, "\(made)")
            try await #expect(psql(url, "SELECT count(*) FROM granary.environment") == "1")
        }
    }

    @Test func aRowOfTheLedgerThatCannotBeDeletedIsNamed() async throws {
        try await Self.with("CREATE RULE keep AS ON DELETE TO granary.migrations DO INSTEAD NOTHING") { url, granary in
            let down = try await granary("migrate", "down")
            #expect(down.status != 0, "\(down)")
            #expect(down.stderr.contains("granary.migrations"), "\(down)")
            try await #expect(psql(url, "SELECT id FROM public.a") == "7")
        }
    }
}
