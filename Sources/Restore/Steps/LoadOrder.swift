internal import Archive
internal import PostgresClient

/// The order in which rows are loaded into empty tables with foreign keys: a table follows the tables that it refers
/// to.
///
/// Foreign keys within a cycle, including those of a table to itself, would need rows that follow later. They are
/// dropped and added again, which their owner may do. So are NOT VALID keys, which the rows need not satisfy.
struct LoadOrder {
    var tables: [Manifest.Table]
    /// The oids of keys that must be dropped while rows are loaded.
    var unorderable: [UInt32]

    static func read(_ tables: [Manifest.Table], _ session: borrowing Session) throws -> LoadOrder {
        let keys = try session.query(
            """
            WITH RECURSIVE tables AS (SELECT t::pg_catalog.oid AS oid, t::pg_catalog.text AS name FROM pg_catalog.unnest($1::pg_catalog.regclass[]) AS t),
            top (oid, conparentid, leaf) AS (
                SELECT oid, conparentid, oid FROM pg_catalog.pg_constraint
                WHERE contype = 'f' AND conrelid IN (SELECT oid FROM tables)
                UNION ALL
                SELECT p.oid, p.conparentid, t.leaf FROM top t JOIN pg_catalog.pg_constraint p ON p.oid = t.conparentid)
            SELECT t.oid AS key, k.convalidated, n.nspname AS schema, c.relname AS table, m.nspname AS to_schema, d.relname AS to_table
            FROM top t JOIN pg_catalog.pg_constraint k ON k.oid = t.leaf
            JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_class d ON d.oid = k.confrelid JOIN pg_catalog.pg_namespace m ON m.oid = d.relnamespace
            WHERE t.conparentid = 0
            ORDER BY 1
            """,
            [QuotedText.array(tables.map { session.quoted($0.tableName) })]
        )
        var references: [TableName: Set<TableName>] = [:]
        for key in keys { references[key.from, default: []].insert(key.to) }
        let groups = ReferenceOrder.groups(of: tables.map(\.tableName), references: references)
        var group: [TableName: Int] = [:]
        for (number, members) in groups.enumerated() { for table in members { group[table] = number } }
        let unorderable = keys.filter { key in
            !key.bool("convalidated") || (group[key.from] != nil && group[key.from] == group[key.to])
        }
        let byName = Dictionary(tables.map { ($0.tableName, $0) }, uniquingKeysWith: { first, _ in first })
        return LoadOrder(
            tables: groups.joined().compactMap { byName[$0] },
            unorderable: Array(Set(unorderable.map { $0.oid("key") }))
        )
    }
}

extension Rows.Row {
    fileprivate var from: TableName { TableName(schema: text("schema"), name: text("table")) }
    fileprivate var to: TableName { TableName(schema: text("to_schema"), name: text("to_table")) }
}
