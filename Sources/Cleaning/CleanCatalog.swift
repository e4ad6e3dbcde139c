internal import Bookkeeping
internal import PostgresClient

/// Tables and the relations between them, from the catalog. It has only the structure, without sizes and rows, so that
/// two readings are equal exactly if nothing has changed.
struct CleanCatalog: Sendable, Equatable {
    enum Kind: String, Sendable {
        case ordinary = "r"
        case partitioned = "p"
        case foreign = "f"
    }

    struct Relation: Sendable, Equatable {
        var oid: UInt32
        var name: TableName
        var kind: Kind
        /// The table that it is a partition of.
        var partitionOf: UInt32?
        /// The tables that it inherits from, except the one that it is a partition of.
        var inheritsFrom: [UInt32]
        var extensionName: String?
        /// The migrator, if the table is a ledger.
        var ledgerOf: String?
        /// Whether the current role owns it, directly or as a member of the owner.
        var isOwn: Bool
        var mayBeRead: Bool
        /// Whether row security hides some of its rows from the current role.
        var hidesRows: Bool
        var isHeap: Bool
        /// The number of its indexes, which are locked too.
        var indexes: Int
        /// Whether it has a `NOT VALID` CHECK, which its own rows may violate.
        var hasInvalidCheck: Bool
        /// Triggers and rules that would react to a DELETE or a TRUNCATE, and how to disable and enable each.
        var switches: [Switch]
        /// Whether a publication includes its deletes although it has no replica identity. Then the server refuses
        /// DELETE but not TRUNCATE.
        var refusesDelete = false
        /// Whether it is in the metadata of Citus. Its rows are then in shards, and it is emptied by TRUNCATE.
        var isDistributed = false
    }

    struct Switch: Sendable, Equatable {
        /// `TRIGGER` or `RULE`.
        var kind: String
        var name: String
        /// `ENABLE` or `ENABLE ALWAYS`.
        var enable: String
        var onDelete: Bool
        var onTruncate: Bool
    }

    /// A foreign key, or its copy in a partition.
    struct Key: Sendable, Equatable {
        var oid: UInt32
        var name: String
        var from: UInt32
        var to: UInt32
        var columns: [String]
    }

    /// A sequence owned by a column.
    struct Sequence: Sendable, Equatable {
        var oid: UInt32
        var name: TableName
        var table: UInt32
        var start: Int
        var isOwn: Bool
    }

    var relations: [Relation]
    var keys: [Key]
    var sequences: [Sequence]
    var schemas: [String]

    static func read(_ session: borrowing Session) throws -> CleanCatalog {
        CleanCatalog(
            relations: try relations(session, try switches(session)),
            keys: try keys(session),
            sequences: try sequences(session),
            schemas: try session.query(
                "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' ORDER BY nspname"
            ).map { $0.text("nspname") }
        )
    }
}

// The queries.
extension CleanCatalog {
    private static let isUserTable = """
        c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
            AND c.relnamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace
                                       WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
        """

    private static func relations(
        _ session: borrowing Session,
        _ switches: [UInt32: [Switch]]
    ) throws -> [Relation] {
        let ledgers = Dictionary(
            try OtherLedger.all(session).map { ($0.oid, $0.tool) },
            uniquingKeysWith: { one, _ in one }
        )
        let distributed = Set(try session.distributedTables())
        return try session.query(
            """
            SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition, e.extname,
                (SELECT pg_catalog.array_agg(inhparent ORDER BY inhseqno) FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid) AS parents,
                pg_catalog.pg_has_role(c.relowner, 'USAGE') AS own,
                pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
                    AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
                CASE WHEN c.relrowsecurity THEN pg_catalog.row_security_active(c.oid) ELSE false END AS hides,
                c.relkind = 'r' AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'heap') AS heap,
                (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) AS indexes,
                EXISTS (SELECT FROM pg_catalog.pg_constraint k
                        WHERE k.conrelid = c.oid AND k.contype = 'c' AND NOT k.convalidated) AS invalid_check,
                NOT CASE c.relreplident WHEN 'f' THEN true WHEN 'n' THEN false
                    WHEN 'd' THEN EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
                    ELSE EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident) END
                AND EXISTS (SELECT FROM pg_catalog.pg_publication_tables p
                    JOIN pg_catalog.pg_publication b ON b.pubname = p.pubname AND b.pubdelete
                    JOIN pg_catalog.pg_namespace s ON s.nspname = p.schemaname
                    JOIN pg_catalog.pg_class o ON o.relnamespace = s.oid AND o.relname = p.tablename
                    WHERE o.oid = c.oid OR o.oid IN (SELECT relid FROM pg_catalog.pg_partition_ancestors(c.oid)))
                AS refuses_delete
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_depend d
                ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
            LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
            WHERE \(isUserTable)
            ORDER BY n.nspname, c.relname
            """
        ).map { row in
            let parents = row.texts("parents").compactMap { UInt32($0) }
            let isPartition = row.bool("relispartition")
            let name = TableName(schema: row.text("nspname"), name: row.text("relname"))
            return Relation(
                oid: row.oid("oid"),
                name: name,
                kind: Kind(rawValue: row.text("relkind")) ?? .foreign,
                partitionOf: isPartition ? parents.first : nil,
                inheritsFrom: isPartition ? [] : parents,
                extensionName: row["extname"],
                ledgerOf: ledgers[row.oid("oid")],
                isOwn: row.bool("own"),
                mayBeRead: row.bool("readable"),
                hidesRows: row.bool("hides"),
                isHeap: row.bool("heap"),
                indexes: row.int("indexes"),
                hasInvalidCheck: row.bool("invalid_check"),
                switches: switches[row.oid("oid")] ?? [],
                refusesDelete: row.bool("refuses_delete"),
                isDistributed: distributed.contains(name)
            )
        }
    }

    /// Users' triggers and rules that fire in this session. Bits of `tgtype`: 8 DELETE, 32 TRUNCATE.
    private static func switches(_ session: borrowing Session) throws -> [UInt32: [Switch]] {
        let rows = try session.query(
            """
            SELECT tgrelid AS table, 'TRIGGER' AS kind, tgname AS name, tgenabled = 'A' AS always,
                tgtype::int & 8 > 0 AS on_delete, tgtype::int & 32 > 0 AS on_truncate
            FROM pg_catalog.pg_trigger
            WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype::int & 40 > 0
            UNION ALL
            SELECT ev_class, 'RULE', rulename, ev_enabled = 'A', true, false
            FROM pg_catalog.pg_rewrite WHERE ev_type = '4' AND ev_enabled IN ('O', 'A')
            ORDER BY 1, 2, 3
            """
        )
        return Dictionary(grouping: rows) { $0.oid("table") }.mapValues { rows in
            rows.map { row in
                Switch(
                    kind: row.text("kind"),
                    name: row.text("name"),
                    enable: row.bool("always") ? "ENABLE ALWAYS" : "ENABLE",
                    onDelete: row.bool("on_delete"),
                    onTruncate: row.bool("on_truncate")
                )
            }
        }
    }

    private static func keys(_ session: borrowing Session) throws -> [Key] {
        try session.query(
            """
            SELECT k.oid, k.conname, k.conrelid, k.confrelid,
                (SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
                 WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS columns
            FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' ORDER BY k.oid
            """
        ).map { row in
            Key(
                oid: row.oid("oid"),
                name: row.text("conname"),
                from: row.oid("conrelid"),
                to: row.oid("confrelid"),
                columns: row.texts("columns")
            )
        }
    }

    private static func sequences(_ session: borrowing Session) throws -> [Sequence] {
        try session.query(
            """
            SELECT s.seqrelid, n.nspname, c.relname, d.refobjid, s.seqstart, pg_catalog.pg_has_role(c.relowner, 'USAGE') AS own
            FROM pg_catalog.pg_sequence s
            JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_depend d
                ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0
            WHERE c.relpersistence <> 't'
            ORDER BY n.nspname, c.relname
            """
        ).map { row in
            Sequence(
                oid: row.oid("seqrelid"),
                name: TableName(schema: row.text("nspname"), name: row.text("relname")),
                table: row.oid("refobjid"),
                start: row.int("seqstart"),
                isOwn: row.bool("own")
            )
        }
    }
}
