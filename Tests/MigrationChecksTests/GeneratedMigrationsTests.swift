import MigrationChecks
import Migrations
import Project
import TestSupport
import Testing

/// Replays of generated migrations.
@Suite struct GeneratedMigrationsTests {
    @Test func everyKindGoesUpAndDownAndLeavesNothing() async throws {
        try await TestProject.with(migrations: [
            "000001_a.up.sql": """
            CREATE SCHEMA shop; CREATE TABLE shop.users (id bigint PRIMARY KEY, email text, name text);
            CREATE TABLE shop.orders (id bigint PRIMARY KEY, user_id bigint); CREATE TABLE shop.change_me (id bigint); CREATE TABLE shop.levels (id bigint PRIMARY KEY, name text);
            """
        ]) { project in
            for (name, kind) in [
                ("add_prefs", MigrationKind.table), ("add_phone_to_users", .column), ("index_users_on_email", .index),
                ("add_users_email_check", .constraint), ("link_orders_to_users", .foreignKey),
                ("add_levels_data", .data), ("unique_users_name", .constraint), ("drop_index_users_on_email", .index),
                ("add_mood", .enum), ("normalize", .function), ("things", .view), ("change_users_name", .schema),
            ] {
                _ = try Generator(
                    service: Service(name: "shop", schemas: ["shop"], folder: project.migrations),
                    environments: EnvironmentsFile.read(migrations: project.migrations),
                    name: name,
                    kind: kind,
                    layer: "",
                    now: "2026-02-09T09:00:00Z"
                ).run()
            }
            let report = try await project.replay()
            #expect(report.findings == [])
            #expect(report.steps.count == 13)
            #expect(report.steps.dropFirst().allSatisfy { $0.undoes == true })
        }
    }
}
