import Migrations
import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import MigrationChecks

/// Which tables Citus stores together, and so which foreign keys and joins it refuses: as the lint rules know it, and as a
/// cluster does it.
@Suite struct CitusColocationTests {
    private static let tables = """
        CREATE SCHEMA shop;
        CREATE SCHEMA tenant;
        CREATE SCHEMA other;
        CREATE SCHEMA late;
        CREATE TABLE shop.countries (code text PRIMARY KEY);
        CREATE TABLE shop.orders (id bigint PRIMARY KEY, country text, number bigint);
        CREATE TABLE shop.items (order_id bigint, sku text, PRIMARY KEY (order_id, sku));
        CREATE TABLE shop.settings (key text PRIMARY KEY);
        CREATE TABLE shop.one (id bigint PRIMARY KEY);
        CREATE TABLE shop.plain (id bigint PRIMARY KEY);
        CREATE TABLE shop.numbers (id int PRIMARY KEY);
        CREATE TABLE shop.apart (id bigint PRIMARY KEY);
        CREATE TABLE shop.head (id bigint PRIMARY KEY);
        CREATE TABLE shop.lines (id bigint REFERENCES shop.head);
        CREATE TABLE tenant.users (id bigint PRIMARY KEY);
        CREATE TABLE other.users (id bigint PRIMARY KEY);
        SELECT citus_schema_distribute('tenant'), citus_schema_distribute('other');
        SELECT create_reference_table('shop.countries');
        SELECT create_distributed_table('shop.orders', 'id'), create_distributed_table('shop.items', 'order_id');
        SELECT create_distributed_table('shop.one', NULL);
        SELECT citus_add_local_table_to_metadata('shop.settings');
        SELECT create_distributed_table('shop.numbers', 'id');
        SELECT create_distributed_table('shop.apart', 'id', colocate_with => 'none');
        SELECT create_distributed_table('shop.head', 'id'), create_distributed_table('shop.lines', 'id')
        """

    /// A new table with a column that refers to another table, and the call that distributes it.
    private static func made(_ column: String, _ call: String) -> String {
        "CREATE TABLE shop.n (\(column), x bigint);\nSELECT create_distributed_table('shop.n', \(call))"
    }

    private static let refusedKeys = [
        "ALTER TABLE shop.orders ADD FOREIGN KEY (number) REFERENCES shop.plain",
        "ALTER TABLE shop.orders ADD FOREIGN KEY (country) REFERENCES shop.settings",
        "ALTER TABLE shop.items ADD FOREIGN KEY (order_id) REFERENCES shop.orders ON UPDATE CASCADE",
        "ALTER TABLE shop.items ADD FOREIGN KEY (order_id) REFERENCES shop.numbers",
        "ALTER TABLE shop.items ADD FOREIGN KEY (order_id) REFERENCES shop.apart",
        "CREATE TABLE tenant.n (id bigint REFERENCES shop.orders)",
        "CREATE TABLE tenant.n (id bigint REFERENCES other.users)",
        "CREATE TABLE tenant.n (id bigint REFERENCES shop.plain)",
        made("id bigint REFERENCES shop.orders", "'x'"), made("id bigint REFERENCES shop.plain", "'id'"),
        made("id int REFERENCES shop.numbers", "'x'"), made("id int REFERENCES shop.orders", "'id'"),
        made("id bigint REFERENCES shop.orders", "'id', colocate_with => 'none'"),
        made("id bigint REFERENCES shop.orders", "'id', colocate_with => 'shop.apart'"),
        made("id bigint REFERENCES shop.apart", "'id'"),
        made("id bigint REFERENCES shop.orders ON DELETE SET NULL", "'id'"),
        made("code text REFERENCES shop.countries ON DELETE SET NULL", "'code'"),
        made("id bigint PRIMARY KEY, parent bigint REFERENCES shop.n", "'id'"),
        made("id bigint REFERENCES shop.one", "NULL, colocate_with => 'none'"),
        made("id bigint REFERENCES shop.one", "'id'"), made("id bigint REFERENCES shop.orders", "NULL"),
        "CREATE TABLE shop.n (id bigint REFERENCES shop.orders);\nSELECT create_reference_table('shop.n')",
        "CREATE TABLE late.n (id bigint REFERENCES shop.plain);\nSELECT citus_schema_distribute('late')",
        """
        CREATE TABLE shop.k (id bigint PRIMARY KEY);
        CREATE TABLE shop.n (id bigint REFERENCES shop.k);
        SELECT create_distributed_table('shop.n', 'id'), create_distributed_table('shop.k', 'id')
        """,
    ]

    private static let refusedOthers = [
        made("id int", "'id', colocate_with => 'shop.orders'"),
        made("id int", "'id', colocate_with => 'shop.numbers', shard_count => 4"),
        "SELECT undistribute_table('shop.lines')", "SELECT undistribute_table('shop.head')",
        "UPDATE shop.orders SET number = 1 FROM shop.items WHERE items.sku = country",
        "UPDATE shop.orders SET number = 1 FROM shop.items WHERE items.sku = country AND orders.id = 5",
        "DELETE FROM shop.orders o USING shop.items i WHERE i.sku = o.country",
        "UPDATE shop.orders SET number = 1 FROM shop.numbers n WHERE n.id = orders.id",
        "UPDATE shop.orders SET number = 1 FROM shop.apart a WHERE a.id = orders.id",
        "UPDATE shop.orders SET number = 1 FROM shop.one WHERE one.id = orders.id",
        "DELETE FROM shop.countries c USING shop.orders o WHERE o.country = c.code",
        "INSERT INTO shop.plain SELECT o.id FROM shop.orders o LEFT JOIN shop.items i ON i.sku = o.country",
        "INSERT INTO shop.plain SELECT o.id FROM shop.orders o JOIN shop.apart a USING (id)",
    ]

    private static let accepted = [
        "ALTER TABLE shop.orders ADD FOREIGN KEY (country) REFERENCES shop.countries ON DELETE SET NULL",
        "ALTER TABLE shop.items ADD FOREIGN KEY (order_id) REFERENCES shop.orders ON DELETE CASCADE",
        "ALTER TABLE shop.countries ADD FOREIGN KEY (code) REFERENCES shop.settings",
        "ALTER TABLE shop.plain ADD FOREIGN KEY (id) REFERENCES shop.orders",
        "CREATE TABLE shop.n (id bigint REFERENCES shop.orders)",
        "CREATE TABLE tenant.n (id bigint REFERENCES tenant.users, code text REFERENCES shop.countries)",
        made("id bigint REFERENCES shop.orders ON DELETE CASCADE", "'id'"),
        made("code text REFERENCES shop.countries", "'x'"),
        made("id bigint REFERENCES shop.apart", "'id', colocate_with => 'shop.apart'"),
        made("id bigint PRIMARY KEY REFERENCES shop.n", "'id'"), made("id bigint REFERENCES shop.one", "NULL"),
        made("id bigint", "'id', shard_count => 4"),
        "CREATE TABLE shop.n (id bigint REFERENCES shop.plain);\nSELECT create_reference_table('shop.n')",
        """
        CREATE TABLE shop.k (id bigint PRIMARY KEY);
        CREATE TABLE shop.n (id bigint REFERENCES shop.k);
        SELECT create_distributed_table('shop.k', 'id'), create_distributed_table('shop.n', 'id')
        """,
        """
        CREATE TABLE shop.n (id bigint REFERENCES shop.plain);
        ALTER TABLE shop.n DROP CONSTRAINT n_id_fkey;
        SELECT create_distributed_table('shop.n', 'id')
        """,
        """
        CREATE TABLE shop.n (id bigint REFERENCES shop.plain);
        ALTER TABLE shop.n RENAME CONSTRAINT n_id_fkey TO k;
        ALTER TABLE shop.n DROP CONSTRAINT k;
        SELECT create_distributed_table('shop.n', 'id')
        """,
        """
        ALTER TABLE shop.orders RENAME COLUMN id TO number_of_order;
        ALTER TABLE shop.orders RENAME TO purchases;
        CREATE TABLE shop.n (id bigint REFERENCES shop.purchases (number_of_order));
        ALTER TABLE shop.n RENAME COLUMN id TO purchase;
        SELECT create_distributed_table('shop.n', 'purchase')
        """,
        "SELECT undistribute_table('shop.lines', cascade_via_foreign_keys => true)",
        "ALTER TABLE shop.lines DROP CONSTRAINT lines_id_fkey;\nSELECT undistribute_table('shop.lines')",
        "SELECT undistribute_table('shop.apart')",
        "UPDATE shop.orders SET number = 1 FROM shop.items i WHERE i.order_id = orders.id",
        "UPDATE shop.orders SET number = 1 FROM shop.countries c WHERE c.code = country",
        "UPDATE shop.orders SET number = 1 FROM shop.plain p WHERE p.id = number",
        "UPDATE shop.plain SET id = 1 FROM shop.orders WHERE number = plain.id",
        "WITH items AS MATERIALIZED (SELECT 1 AS n) UPDATE shop.orders SET number = 1 FROM items WHERE items.n = number",
        "UPDATE shop.orders SET number = 1 WHERE country IN (SELECT sku FROM shop.items)",
        "INSERT INTO shop.plain SELECT o.id FROM shop.orders o JOIN shop.items i ON i.order_id = o.id",
        "INSERT INTO shop.plain SELECT 1 FROM shop.orders o NATURAL JOIN shop.lines",
        """
        WITH items AS MATERIALIZED (SELECT sku FROM shop.items)
        INSERT INTO shop.plain SELECT o.id FROM shop.orders o JOIN items ON items.sku = o.country
        """,
        """
        SET LOCAL citus.enable_repartition_joins = on;
        INSERT INTO shop.plain SELECT o.id FROM shop.orders o JOIN shop.items i ON i.sku = o.country
        """,
    ]

    private func rules(_ sql: String) throws -> Set<String> {
        var linter = Linter(rules: Set(LintRules.named("citus").map(\.name)))
        linter.schema.learn(from: try SQLScript(Self.tables))
        let found = try linter.findings(in: parsedFile(sql)).map { String($0.rule.dropFirst("citus-".count)) }
        // Tables of earlier files may be large.
        return Set(found).subtracting(["distribution-blocks-writes"])
    }

    @Test(arguments: refusedKeys)
    func aForeignKeyThatCitusRefusesIsFound(sql: String) throws { #expect(try rules(sql) == ["foreign-key"]) }

    @Test(arguments: refusedOthers)
    func aCallOrJoinThatCitusRefusesIsFound(sql: String) throws {
        #expect(try rules(sql) == ["unsupported-statement"])
    }

    @Test(arguments: accepted) func whatCitusAcceptsIsNot(sql: String) throws { #expect(try rules(sql) == []) }

    @Test func aTableOrGroupThatNoFileShowsMayBeAnything() throws {
        #expect(try rules("ALTER TABLE shop.items ADD FOREIGN KEY (order_id) REFERENCES shop.unknown") == [])
        #expect(try rules("DO 'BEGIN END'; ALTER TABLE shop.items ADD FOREIGN KEY (sku) REFERENCES shop.plain") == [])
        // The first group may be gone with its tables, so that the next table comes into that of shop.apart.
        #expect(
            try rules(
                """
                SELECT undistribute_table('shop.lines', cascade_via_foreign_keys => true);
                DROP TABLE shop.items, shop.orders;
                CREATE TABLE shop.n (id bigint REFERENCES shop.apart);
                SELECT create_distributed_table('shop.n', 'id')
                """
            ) == []
        )
    }

    @Test func tablesThatAreUndistributedTogetherAreOrdinary() throws {
        for (table, other) in [("lines", "head"), ("head", "lines")] {
            let cascade = "SELECT undistribute_table('shop.\(table)', cascade_via_foreign_keys => true);\n"
            #expect(try rules("\(cascade)CREATE TRIGGER t AFTER INSERT ON shop.\(other) EXECUTE FUNCTION f()") == [])
            // It is not connected with them.
            #expect(
                try rules("\(cascade)CREATE TRIGGER t AFTER INSERT ON shop.apart EXECUTE FUNCTION f()")
                    == ["unsupported-statement"]
            )
        }
    }

    @Test func theGroupsOfTheDatabaseCountInFilesThatAreNotApplied() throws {
        let (one, other) = (RelationName(schema: "a", name: "one"), RelationName(schema: "a", name: "other"))
        var linter = Linter(rules: ["citus-foreign-key"])
        let file = try parsedFile("ALTER TABLE a.one ADD FOREIGN KEY (id) REFERENCES a.other (id)")
        for (group, count) in [(2, 1), (1, 0)] {
            linter.cluster = ClusterTables(
                [one: .hash(column: "id"), other: .hash(column: "id")],
                groups: [one: ColocationGroup(number: 1), other: ColocationGroup(number: group)],
                applied: []
            )
            #expect(linter.findings(in: file).count == count)
        }
    }

    @Test(.enabled(if: CitusCluster.isAvailable, "\(CitusCluster.absence)"))
    func aClusterRefusesAndAcceptsTheSame() async throws {
        try await CitusCluster.withDatabase(Self.tables) { url in
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.execute("SET client_min_messages = error")
                for sql in Self.refusedKeys + Self.refusedOthers {
                    #expect(Self.error(of: sql, &session) != nil, "\(sql)")
                }
                for sql in Self.accepted { #expect(Self.error(of: sql, &session) == nil, "\(sql)") }
            }
        }
    }

    /// Runs statements in a transaction that is rolled back.
    private static func error(of sql: String, _ session: inout Session) -> String? {
        defer { try? session.execute("ROLLBACK") }
        do {
            try session.execute("BEGIN")
            for statement in sql.split(separator: ";\n") { try session.execute(String(statement)) }
            return nil
        } catch {
            return "\(error)"
        }
    }
}
