import Storage
import TestSupport
import Testing

/// Commands on a Citus cluster, as users meet them.
@Suite(.enabled(if: CitusCluster.isAvailable, "\(CitusCluster.absence)"))
struct CitusWorkTests {
    private static let tables = [
        "CREATE SCHEMA shop", "CREATE TABLE shop.kinds (code text PRIMARY KEY, title text)",
        "CREATE TABLE shop.orders (id bigserial PRIMARY KEY, kind text)",
        "CREATE TABLE shop.items (order_id bigint, sku text, PRIMARY KEY (order_id, sku))",
        "CREATE TABLE shop.plain (id bigserial PRIMARY KEY)",
        "SELECT create_distributed_table('shop.orders', 'id', colocate_with => 'none', shard_count => 4)",
        "SELECT create_distributed_table('shop.items', 'order_id', colocate_with => 'shop.orders')",
        "SELECT create_reference_table('shop.kinds')",
        "ALTER TABLE shop.orders ADD CONSTRAINT kind FOREIGN KEY (kind) REFERENCES shop.kinds (code)",
        "ALTER TABLE shop.items ADD CONSTRAINT o FOREIGN KEY (order_id) REFERENCES shop.orders (id)",
    ]
    private static let rows = [
        "INSERT INTO shop.kinds VALUES ('a', 'A'), ('b', 'B')",
        "INSERT INTO shop.orders (kind) SELECT 'a' FROM generate_series(1, 300)",
        "INSERT INTO shop.items SELECT n, 'x' FROM generate_series(1, 200) n", "INSERT INTO shop.plain DEFAULT VALUES",
    ]

    private func counts(_ project: TestProject) async throws -> String {
        let outcome = try await project.granary("counts", "--service", "shop", "--json", "--quiet")
        return outcome.stdout.matches(of: #/"table":"shop\.(\w+)".*?"rows":(\d+)/#).map { "\($0.1) \($0.2)" }
            .joined(separator: ", ")
    }

    @Test func aCleanIsUndoneByTheRestoreThatItPrints() async throws {
        try await TestProject.onCluster(Self.tables + Self.rows) { project in
            try await project.mark()
            let before = "items 200, kinds 2, orders 300, plain 1"
            try await #expect(counts(project) == before)
            let name = try await project.sql("SELECT current_database()")
            let cleaned = try await project.granary("clean", "--service", "shop", "--confirm", name)
            #expect(cleaned.status == 0, "\(cleaned)")
            try await #expect(counts(project) == "items 0, kinds 0, orders 0, plain 0")
            let line = try #require(
                (cleaned.stdout + cleaned.stderr).split(separator: "\n").first { $0.hasPrefix("granary restore ") }
            )
            let undone = try await project.granary(line.split(separator: " ").dropFirst().map(String.init))
            #expect(undone.status == 0, "\(undone)")
            try await #expect(counts(project) == before)
            #expect(try await project.sql("SELECT nextval('shop.orders_id_seq')") == "301")
        }
    }

    @Test func aDrillUsesADatabaseOnEveryNode() async throws {
        try await TestProject.onCluster(Self.tables + Self.rows) { project in
            try await project.mark()
            let made = try await project.granary("backup", "--quiet")
            #expect(made.status == 0, "\(made)")
            let drill = try await project.granary("drill", "--server", project.url, "--same-server", "--json")
            #expect(drill.status == 0, "\(drill)")
            #expect(drill.stdout.contains("the database of the drill is on the coordinator and 2 workers"), "\(drill)")
            #expect(drill.stdout.contains("{\"check\":\"rows\",\"ok\":true,"), "\(drill)")
            #expect(try await CitusCluster.databases(like: "granary_drill%") == [])
        }
    }
}
