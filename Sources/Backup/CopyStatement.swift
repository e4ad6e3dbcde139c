internal import Archive
internal import PostgresClient

/// The COPY statements that read a table or a part of it.
struct CopyStatement {
    private let entry: TableEntry
    /// The table itself, or a shard of it.
    private let relation: TableName
    private let columns: [String]
    /// The encoding of the text, if it differs from the session's.
    private let encoding: String?

    /// - Parameter shard: The shard to read; nil for the table itself.
    init(_ entry: TableEntry, shard: TableName? = nil, columns: [Manifest.Column], encoding: String?) {
        self.entry = entry
        relation = shard ?? entry.table
        self.columns = columns.map(\.name)
        self.encoding = encoding
    }

    /// Rows as text: all, those in `blocks`, or those after the row at `tid`.
    func text(_ session: borrowing Session, blocks: DumpJob.BlockRange?, after tid: String?) -> String {
        let options = encoding.map { " WITH (ENCODING \(session.literal($0)))" } ?? ""
        let conditions = conditions(blocks, after: tid)
        guard conditions.isEmpty else {
            return "COPY (\(select(session, conditions))) TO STDOUT\(options)"
        }
        // Without a list of columns COPY takes all except generated ones, which also works for a table without columns.
        let list = columns.isEmpty ? "" : " (\(session.quoted(columns)))"
        return "COPY \(session.quoted(relation))\(list) TO STDOUT\(options)"
    }

    /// The row at `tid` in binary format.
    func binaryText(_ session: borrowing Session, tid: String) -> String {
        "COPY (\(select(session, ["ctid = '\(tid)'"]))) TO STDOUT WITH (FORMAT binary)"
    }

    /// A query for the position of the row after the first `count`.
    func position(
        _ session: borrowing Session,
        blocks: DumpJob.BlockRange?,
        after tid: String?,
        skipping count: Int
    ) -> String {
        let conditions = conditions(blocks, after: tid)
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        return "SELECT ctid FROM ONLY \(session.quoted(relation))\(filter) OFFSET \(count) LIMIT 1"
    }

    private func select(_ session: borrowing Session, _ conditions: [String]) -> String {
        "SELECT \(session.quoted(columns)) FROM ONLY \(session.quoted(relation)) WHERE "
            + conditions.joined(separator: " AND ")
    }

    private func conditions(_ blocks: DumpJob.BlockRange?, after tid: String?) -> [String] {
        var conditions: [String] = []
        // The extension stored `WHERE …`, and pg_dump inserts it into its query in the same way.
        if let condition = entry.condition {
            let bare = condition.drop { $0 == " " || $0 == "\n" || $0 == "\t" }
            conditions.append("(\(bare.lowercased().hasPrefix("where") ? String(bare.dropFirst(5)) : condition))")
        }
        if let tid {
            conditions.append("ctid > '\(tid)'")
        } else if let start = blocks?.start {
            conditions.append("ctid >= '(\(start),0)'")
        }
        if let end = blocks?.end { conditions.append("ctid < '(\(end),0)'") }
        return conditions
    }
}

extension CopyStatement {
    /// Large objects as lines of oid, offset and at most 256 KiB of content. An empty object is one line without
    /// content.
    ///
    /// Ordinary users cannot read `pg_largeobject`, so the size is found by opening, seeking and closing.
    static func largeObjects(from first: UInt32, through last: UInt32) -> String {
        """
        COPY (
            SELECT m.oid, g.start, pg_catalog.lo_get(m.oid, g.start, 262144)
            FROM pg_catalog.pg_largeobject_metadata m
            CROSS JOIN LATERAL (SELECT pg_catalog.lo_open(m.oid, 262144) AS fd OFFSET 0) o
            CROSS JOIN LATERAL (SELECT pg_catalog.lo_lseek64(o.fd, 0, 2) AS size OFFSET 0) s
            CROSS JOIN LATERAL (SELECT pg_catalog.lo_close(o.fd) + (s.size * 0)::int AS closed OFFSET 0) c
            CROSS JOIN LATERAL pg_catalog.generate_series(0, greatest(s.size - 1, 0) + c.closed, 262144) AS g (start)
            WHERE m.oid BETWEEN \(first) AND \(last)
        ) TO STDOUT
        """
    }
}
