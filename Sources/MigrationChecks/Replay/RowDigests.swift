internal import PostgresClient

/// The row count of each table, and a digest of its rows that does not depend on the order of rows or columns.
struct RowDigests: Sendable, Equatable {
    private struct Digest: Equatable {
        var rows: Int
        var sum: String
    }

    /// By name of the table. Tables without rows are omitted.
    private var tables: [String: Digest] = [:]
    /// The number of tables that one query reads.
    private static let atOnce = 200

    /// - Throws: `PostgresError`.
    static func read(_ session: borrowing Session) throws -> RowDigests {
        // A table of Citus is empty itself.
        let isDistributed =
            try session.hasCitus() ? "OR c.oid IN (SELECT logicalrelid FROM pg_catalog.pg_dist_partition)" : ""
        let names = try session.query(
            """
            SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND (pg_catalog.pg_relation_size(c.oid) > 0 \(isDistributed)) AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
            """
        ).map { $0.text("name") }
        var digests = RowDigests()
        for start in stride(from: 0, to: names.count, by: atOnce) {
            let part = names[start..<min(start + atOnce, names.count)]
            let queries = part.enumerated().map { place, name in
                """
                SELECT \(place) AS place, pg_catalog.count(*) AS rows, coalesce(pg_catalog.sum(
                    pg_catalog.hashtextextended(pg_catalog.to_jsonb(t)::pg_catalog.text, 0)::pg_catalog.numeric), 0) AS sum
                FROM ONLY \(name) AS t
                """
            }
            for row in try session.query(queries.joined(separator: " UNION ALL ")) where row.int("rows") > 0 {
                digests.tables[part[start + row.int("place")]] = Digest(rows: row.int("rows"), sum: row.text("sum"))
            }
        }
        return digests
    }

    /// The empty tables in order of creation, with their OIDs. Partitions are omitted, because they get their rows
    /// through the parent.
    static func emptyTables(
        in schemas: Set<String>,
        _ session: borrowing Session
    ) throws -> [(oid: String, name: String)] {
        try session.query(
            """
            SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY ($1)
                AND pg_catalog.pg_relation_size(c.oid) = 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i
                    WHERE i.inhparent = c.oid AND pg_catalog.pg_relation_size(i.inhrelid) > 0)
            ORDER BY c.oid
            """,
            [QuotedText.array(schemas.sorted())]
        ).map { (oid: $0.text("oid"), name: $0.text("name")) }
    }

    /// A clause for each table whose rows differ.
    func differences(from before: RowDigests) -> [String] {
        Set(before.tables.keys).union(tables.keys).sorted().compactMap { name in
            let (old, new) = (before.tables[name], tables[name])
            if old == new { return nil }
            let (was, has) = (old?.rows ?? 0, new?.rows ?? 0)
            return was == has
                ? "the rows of \(name) have changed values"
                : "\(name) has \(counted(has, "row", isGrouped: false)) where it had \(was)"
        }
    }
}
