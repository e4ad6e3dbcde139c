import Archive
import Backup
import Citus
import PostgresClient
import Restore
import Storage
import TestSupport
import Testing

/// Databases whose catalogs say that Citus distributes tables. `CitusClusterTests` has a real cluster.
@Suite struct CitusTests {
    private static let shop = """
        CREATE SCHEMA shop; CREATE SCHEMA tenant;
        CREATE TABLE shop.countries (code text PRIMARY KEY);
        CREATE TABLE shop.customers (id int PRIMARY KEY, country text REFERENCES shop.countries);
        CREATE TABLE shop.orders (customer int REFERENCES shop.customers, total int);
        CREATE TABLE shop.events (tenant int, at date) PARTITION BY RANGE (at);
        CREATE TABLE shop.events_1 PARTITION OF shop.events DEFAULT;
        CREATE TABLE shop.one (id int); CREATE TABLE shop.two (id int); CREATE TABLE shop.settings (key text);
        CREATE TABLE shop.plain (id int); CREATE TABLE tenant.users (id int);
        CREATE FUNCTION shop.order_of(c int) RETURNS void LANGUAGE sql AS '';
        INSERT INTO shop.countries VALUES ('DE'); INSERT INTO shop.customers VALUES (1, 'DE');
        INSERT INTO shop.orders VALUES (1, 10), (1, 20); INSERT INTO tenant.users VALUES (1);
        """
    private static let distribution = """
        SELECT create_reference_table('shop.countries');
        SELECT create_distributed_table('shop.customers', 'id', 'none', 8);
        SELECT create_distributed_table('shop.orders', 'customer', 'shop.customers');
        SELECT create_distributed_table('shop.events', 'tenant', 'none', 4);
        SELECT create_distributed_table('shop.one', NULL, 'none');
        SELECT create_distributed_table('shop.two', NULL, 'shop.one');
        SELECT citus_add_local_table_to_metadata('shop.settings');
        SELECT citus_schema_distribute('tenant');
        SELECT create_distributed_function('shop.order_of(int)', '$1', 'shop.orders');
        """

    /// A database that is distributed, and its backup.
    private func withBackup(
        _ body: (_ server: ThrowawayServer, _ url: String, _ file: String) async throws -> Void
    ) async throws {
        try await withDatabase(Self.shop + CitusCatalog.sql() + Self.distribution) { server, url, folder in
            // Only Citus's own package has the extension, so it is not part of the backup.
            try await backup(url, to: folder.file("a.zip")) { $0.schemas = ["shop", "tenant"] }
            try await body(server, url, folder.file("a.zip"))
        }
    }

    private func distribution(at url: String) async throws -> Manifest.Distribution? {
        try await withSession(ServerAddress(url), logger: quietLogger) { session in
            try session.pin()
            return try session.distribution()
        }
    }

    @Test func anArchiveTellsHowTablesAreDistributed() async throws {
        try await withBackup { _, _, file in
            let found = try #require(try manifest(of: file).distribution)
            #expect(
                found.summary
                    == "5 distributed tables in 3 groups, 1 reference table, 1 managed local table, 1 distributed schema, 1 distributed function"
            )
            let orders = found.tables.first { $0.name == "orders" }
            let customers = found.tables.first { $0.name == "customers" }
            #expect(orders?.group == customers?.group && orders?.column == "customer" && orders?.shards == 8)
            #expect(found.functions.map(\.name) == ["shop.order_of(integer)"])
            #expect(found.functions.first?.argument == 1 && found.functions.first?.group == orders?.group)
            #expect(!found.tables.contains { $0.name == "events_1" || $0.name == "users" || $0.name == "plain" })
        }
    }

    @Test func aRestoreInPlaceDistributesTheTablesAgain() async throws {
        try await withBackup { _, url, file in
            let before = try await distribution(at: url)
            try await restore(file, url) { $0.inPlace = true }
            #expect(try await distribution(at: url) == before)
            #expect(try await psql(url, "SELECT sum(total) FROM shop.orders") == "30")
        }
    }

    @Test func aTableComesBackIntoTheGroupOfTheOthers() async throws {
        try await withBackup { _, url, file in
            let before = try await distribution(at: url)
            try await psql(url, "DROP TABLE shop.orders")
            try await restore(file, url) { $0.tables = [.init(table: "shop.orders")] }
            #expect(try await distribution(at: url)?.tables == before?.tables)
        }
    }

    @Test func aDatabaseWithoutCitusGetsOrdinaryTables() async throws {
        try await withBackup { server, _, file in
            try await server.withDatabase { url in
                let report = try await restore(file, url) { $0.inPlace = true }
                let reason = report.leftOut.first {
                    $0.object.hasPrefix("the distribution over nodes (5 distributed tables")
                }
                #expect(reason?.reason == "the database has no Citus")
                #expect(try await psql(url, "SELECT sum(total) FROM shop.orders") == "30")
            }
        }
    }

    @Test func aDatabaseOfSeveralServersIsNotSwapped() async throws {
        let sql = "CREATE TABLE accounts (id int);" + CitusCatalog.sql(distributing: ["accounts"])
        try await withDatabase(sql) { _, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(
                url,
                "INSERT INTO pg_dist_node VALUES (1, 0, 'a', 1, 'primary', true), (2, 1, 'b', 1, 'primary', true)"
            )
            let error = await failure { try await restore(folder.file("a.zip"), url) }
            #expect(error?.message.contains("over 2 servers") == true)
            #expect(error?.hint?.contains("--in-place") == true)
        }
    }

    @Test func aPartWithoutDistributedTablesSaysNothingOfThem() async throws {
        let sql = "CREATE TABLE accounts (id int); CREATE TABLE plain (id int);"
        try await withDatabase(sql + CitusCatalog.sql(distributing: ["accounts"])) { _, url, folder in
            let part = try await backup(url, to: folder.file("b.zip")) { $0.tables = ["plain"] }
            #expect(!part.notes.contains { $0.contains("Citus") })
            #expect(try manifest(of: folder.file("b.zip")).distributed == nil)
            #expect(try manifest(of: folder.file("b.zip")).distribution == nil)
        }
    }
}
