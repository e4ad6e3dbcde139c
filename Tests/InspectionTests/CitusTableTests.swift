import Citus
import GranaryCommands
import Inspection
import PostgresClient
import TestSupport
import Testing

/// Tables that Citus stores.
@Suite struct CitusTableTests {
    private static let tables = [
        "CREATE SCHEMA shop", "CREATE SCHEMA tenant", "CREATE TABLE shop.kinds (code text PRIMARY KEY)",
        "CREATE TABLE shop.orders (id bigint PRIMARY KEY, kind text)",
        "CREATE TABLE shop.items (order_id bigint, sku text, PRIMARY KEY (order_id, sku))",
        "CREATE TABLE shop.one (id bigint)", "CREATE TABLE shop.settings (key text)",
        "CREATE TABLE shop.plain (id int)",
        "CREATE TABLE tenant.users (id int PRIMARY KEY)",
        "CREATE TABLE shop.events (id int, at date) PARTITION BY RANGE (at)",
        "CREATE TABLE shop.events_1 PARTITION OF shop.events DEFAULT",
    ]
    private static let distribution = [
        "SELECT create_distributed_table('shop.orders', 'id', colocate_with => 'none', shard_count => 4)",
        "SELECT create_distributed_table('shop.items', 'order_id', colocate_with => 'shop.orders')",
        "SELECT create_distributed_table('shop.one', NULL, colocate_with => 'none')",
        "SELECT create_reference_table('shop.kinds')", "SELECT citus_add_local_table_to_metadata('shop.settings')",
        "SELECT citus_schema_distribute('tenant')",
    ]

    private static let kinds = [
        "kinds reference", "events nil", "items distributed by order_id", "one single-shard",
        "orders distributed by id",
        "plain nil", "settings managed local", "users schema",
    ]

    private static func told(_ tables: [TableReport.Table]) -> [String] {
        tables.map { table in
            let kind = table.distribution?.kind.rawValue ?? "nil"
            return "\(table.name.name) \(kind)" + (table.distribution?.column.map { " by \($0)" } ?? "")
        }
    }

    /// Their rows are those of the columnar tables, which are listed.
    @Test func theStripesOfColumnarTablesAreNotListed() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(
                url,
                """
                CREATE SCHEMA columnar_internal;
                CREATE TABLE columnar_internal.stripe (id int);
                CREATE TABLE public.own (id int);
                SET allow_system_table_mods = on;
                INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
                    VALUES (4000000002, 'citus_columnar', 10, 11, false, '11.3-1');
                INSERT INTO pg_catalog.pg_depend VALUES (2615, 'columnar_internal'::pg_catalog.regnamespace, 0, 3079, 4000000002, 0, 'e');
                """
            )
            let report = try await Shop.tables(url, .wholeDatabase)
            #expect(report.tables.map(\.name.name) == ["own"])
        }
    }

    @Test func catalogsTellHowATableIsStoredAndAnUnknownSizeIsNotZero() async throws {
        let sql = Self.tables.joined(separator: ";\n") + ";\n" + CitusCatalog.sql()
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(url, sql + Self.distribution.joined(separator: ";\n"))
            try await psql(url, "INSERT INTO shop.orders VALUES (1), (2)")
            let report = try await Shop.tables(url, .schemas(["shop", "tenant"]))
            #expect(Set(Self.told(report.tables)) == Set(Self.kinds))
            let orders = try #require(report.tables.first { $0.name.name == "orders" })
            let items = try #require(report.tables.first { $0.name.name == "items" })
            #expect(orders.distribution?.shards == 4 && orders.distribution?.group == items.distribution?.group)
            // These catalogs have no nodes to ask.
            #expect(!orders.sizeIsKnown && orders.rowsEstimate == nil)
            let listing = TableListing(report)
            #expect(
                listing.lines(width: nil).contains {
                    $0.contains("unknown") && $0.contains("distributed by id in 4 shards")
                }
            )
            #expect(listing.notes.contains { $0.hasPrefix("a node of the cluster") })
            let counts = try await Shop.counting(url).exact(.schemas(["shop"]), jobs: 1) { _ in }
            #expect(counts.tables.first { $0.name.name == "orders" }?.rows == 2)
        }
    }

    @Test func aSchemaTellsTheTablesThatAreStoredTogether() async throws {
        let sql = Self.tables.joined(separator: ";\n") + ";\n" + CitusCatalog.sql()
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(url, sql + Self.distribution.joined(separator: ";\n"))
            let report = try await Shop.report(url)
            let orders = report.tables.first { $0.name.name == "orders" }
            #expect(orders?.distribution?.colocated.map(\.name) == ["items"])
            let text = SchemaListing(report).text
            #expect(text.contains("table shop.orders\n  distributed by id, with shop.items\n"))
            #expect(text.contains("table shop.kinds\n  reference table of Citus\n"))
            #expect(SchemaMarkdown(report).text.contains("table, distributed by order\\_id, with shop.orders."))
        }
    }

    @Test(.enabled(if: CitusCluster.isAvailable, "\(CitusCluster.absence)"))
    func sizesAndRowsAreThoseOfTheShards() async throws {
        try await CitusCluster.withDatabase { url in
            let rows = [
                "INSERT INTO shop.orders SELECT n, 'a' FROM generate_series(1, 2000) n",
                "INSERT INTO shop.kinds VALUES ('a')",
                "SELECT create_distributed_table('shop.events', 'id', colocate_with => 'none', shard_count => 4)",
                "INSERT INTO shop.events SELECT n, '2026-01-01' FROM generate_series(1, 30) n", "ANALYZE shop.orders",
            ]
            for statement in Self.tables + Self.distribution + rows { try await psql(url, statement) }
            let report = try await Shop.tables(url)
            let orders = try #require(report.tables.first { $0.name.name == "orders" })
            #expect(orders.sizeIsKnown && orders.rowsEstimate == 2000 && orders.isAnalysed)
            // One page has fewer than 200 of these rows.
            #expect(orders.heapBytes > 10 * 8192 && orders.indexBytes > 4 * 8192)
            let kinds = try #require(report.tables.first { $0.name.name == "kinds" })
            #expect(kinds.heapBytes == 8192)
            for counts in [
                try await Shop.counting(url).quick(.schemas(["shop"])),
                try await Shop.counting(url).exact(.schemas(["shop"]), jobs: 2) { _ in },
            ] {
                let found = counts.tables.map { "\($0.name.name) \($0.rows ?? -1) \($0.isExact)" }
                #expect(
                    found.filter { $0.hasPrefix("orders") || $0.hasPrefix("events") } == [
                        "events 30 true", "orders 2000 true",
                    ]
                )
            }
        }
    }
}
