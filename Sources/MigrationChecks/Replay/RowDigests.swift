internal import PostgresClient

/// How many rows each table holds, and a digest of them, whatever their order and that of the columns.
struct RowDigests: Sendable, Equatable {
    struct Digest: Equatable {
        var name: String
        var rows: Int
        var sum: String
    }

    /// By oid; tables without rows are left out.
    private var tables: [String: Digest] = [:]
    /// So many tables are read with one query.
    private static let atOnce = 200

    /// - Throws: `PostgresError`.
    static func read(_ session: borrowing Session) throws -> RowDigests {
        var digests = RowDigests()
        try digests.add(session)
        return digests
    }

    private mutating func add(_ session: borrowing Session) throws {
        let found = try session.query(
            """
            SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND pg_catalog.pg_relation_size(c.oid) > 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
            """
        ).map { (oid: $0.text("oid"), name: $0.text("name")) }
        for start in stride(from: 0, to: found.count, by: Self.atOnce) {
            let part = found[start..<min(start + Self.atOnce, found.count)]
            let queries = part.map { oid, name in
                """
                SELECT '\(oid)' AS oid, pg_catalog.count(*) AS rows, coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
                    pg_catalog.to_jsonb(t)::pg_catalog.text, 0)::pg_catalog.numeric), 0) AS sum
                FROM ONLY \(name) AS t
                """
            }
            let names = Dictionary(uniqueKeysWithValues: part.map { ($0.oid, $0.name) })
            for row in try session.query(queries.joined(separator: " UNION ALL ")) where row.int("rows") > 0 {
                let oid = row.text("oid")
                tables[oid] = Digest(name: names[oid] ?? "", rows: row.int("rows"), sum: row.text("sum"))
            }
        }
    }

    /// Tables without rows, in the order in which they were made, with their oids. A partition's rows come through its
    /// parent.
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

    /// A clause for each table whose rows are not what they were.
    func differences(from before: RowDigests) -> [String] {
        let (old, new) = (before.byName, byName)
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (old, new) = (old[name], new[name])
            if old?.rows == new?.rows, old?.sum == new?.sum { return nil }
            let (was, has) = (old?.rows ?? 0, new?.rows ?? 0)
            return was == has
                ? "the rows of \(name) have other values than before"
                : "\(name) has \(counted(has, "row", isGrouped: false)) where it had \(was)"
        }
    }

    private var byName: [String: Digest] {
        Dictionary(tables.values.map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
    }
}
