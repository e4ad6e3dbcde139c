import Cleaning
import PostgresClient
import TestSupport
import Testing

/// Cleaning of tables that Citus stores. Without a cluster its catalogs say so of ordinary tables.
@Suite struct CitusCleanTests {
    private static let tables = [
        "CREATE SCHEMA shop", "CREATE TABLE shop.kinds (code text PRIMARY KEY)",
        "CREATE TABLE shop.orders (id bigserial PRIMARY KEY, kind text)",
        "CREATE TABLE shop.items (order_id bigint REFERENCES shop.orders, sku text, PRIMARY KEY (order_id, sku))",
        "CREATE TABLE shop.empty (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        "CREATE TABLE shop.plain (id bigserial PRIMARY KEY)",
    ]
    private static let distribution = [
        "SELECT create_distributed_table('shop.orders', 'id', colocate_with => 'none', shard_count => 4)",
        "SELECT create_distributed_table('shop.items', 'order_id', colocate_with => 'shop.orders')",
        "SELECT create_distributed_table('shop.empty', 'id', colocate_with => 'none', shard_count => 4)",
        "SELECT create_reference_table('shop.kinds')",
    ]
    private static let rows = [
        "ALTER TABLE shop.orders ADD CONSTRAINT kind FOREIGN KEY (kind) REFERENCES shop.kinds (code)",
        "INSERT INTO shop.kinds VALUES ('a'), ('b')",
        "INSERT INTO shop.orders (kind) SELECT 'a' FROM generate_series(1, 30)",
        "INSERT INTO shop.items SELECT n, 'x' FROM generate_series(1, 20) n", "INSERT INTO shop.plain DEFAULT VALUES",
        "INSERT INTO shop.empty DEFAULT VALUES", "DELETE FROM shop.empty",
    ]

    private static func with(_ body: (TestProject) async throws -> Void) async throws {
        let sql = tables.joined(separator: ";\n") + ";\n" + CitusCatalog.sql()
        try await TestProject.with(sql + (distribution + rows).joined(separator: ";\n"), body)
    }

    private static func isCleaned(_ project: TestProject) async throws {
        let plan = try await project.plan()
        #expect(
            plan.summary
                == "shop.items 20 truncate, shop.kinds 2 truncate, shop.orders 30 truncate, shop.plain 1 delete"
        )
        #expect(plan.isExact)
        #expect(plan.sequences == ["shop.empty_id_seq", "shop.orders_id_seq", "shop.plain_id_seq"])
        #expect(
            plan.notes.contains { $0.hasPrefix("Citus distributes shop.items, shop.kinds, shop.orders:") },
            "\(plan.notes)"
        )
        try await project.clean()
        #expect(try await project.rows() == "empty 0, items 0, kinds 0, orders 0, plain 0")
        for name in ["empty", "orders", "plain"] {
            #expect(try await project.sql("SELECT nextval('shop.\(name)_id_seq')") == "1")
        }
    }

    @Test func tablesOfCitusAreTruncatedWithTheirSequences() async throws {
        try await Self.with { try await Self.isCleaned($0) }
    }

    @Test(.enabled(if: CitusCluster.isAvailable, "\(CitusCluster.absence)"))
    func tablesOfAClusterAreEmptiedOnAllNodes() async throws {
        try await TestProject.onCluster(Self.tables + Self.distribution + Self.rows) { try await Self.isCleaned($0) }
    }

    @Test func aSequenceThatNoTruncateReachesKeepsItsNumber() async throws {
        try await Self.with { project in
            try await project.sql("CREATE SCHEMA other; CREATE TABLE other.notes (o bigint REFERENCES shop.orders)")
            let plan = try await project.plan { $0.keep = ["other.notes"] }
            #expect(plan.summary.contains("shop.orders 30 delete"))
            #expect(plan.sequences == ["shop.empty_id_seq", "shop.plain_id_seq"])
            #expect(plan.notes.contains { $0.hasPrefix("shop.orders_id_seq keeps its number: ") }, "\(plan.notes)")
            try await project.clean { $0.keep = ["other.notes"] }
            #expect(try await project.rows() == "empty 0, items 0, kinds 0, orders 0, plain 0")
            #expect(try await project.sql("SELECT nextval('shop.orders_id_seq')") == "31")
        }
    }
}
