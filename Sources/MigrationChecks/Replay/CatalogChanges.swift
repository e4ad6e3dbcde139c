internal import PostgresClient

/// A moment in the life of a database: all that changes later has a transaction number from this one on.
struct CatalogMark: Sendable {
    fileprivate let transaction: String
    /// The open transaction has changed something: its own number is not among those that have ended.
    fileprivate let isInChange: Bool

    /// - Throws: `PostgresError`.
    init(_ session: borrowing Session) throws {
        let row = try session.query(
            """
            SELECT (pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) % 4294967296)::pg_catalog.text AS next,
                pg_catalog.txid_current_if_assigned() IS NOT NULL AS changes
            """
        )[0]
        transaction = row.text("next")
        isInChange = row.bool("changes")
    }
}

/// What has changed in the catalog since a mark, by the numbers of rows that are new there.
///
/// A row that is gone leaves no number. So the numbers of all rows that are there are read too.
struct CatalogChanges: Sendable {
    /// Oids of tables, indexes, sequences and views that have changed, also in a column, a constraint or a trigger.
    let relations: [String]
    let functions: [String]
    let types: [String]
    /// No transaction of the whole server has changed anything.
    let isNone: Bool
    private let alive: Set<Substring>
    /// Of which kinds of rows `alive` knows all.
    private static let kinds: Set<Character> = ["r", "c", "g", "w", "l", "p", "t"]

    /// Those with which objects are to be read again.
    var owners: Set<String> {
        Set(relations.map { "r\($0)" } + functions.map { "p\($0)" } + types.map { "t\($0)" })
    }

    func isAlive(_ identity: String) -> Bool {
        guard let kind = identity.first, Self.kinds.contains(kind) else { return true }
        return alive.contains(identity[...])
    }

    /// - Throws: `PostgresError`.
    static func read(since mark: CatalogMark, _ session: borrowing Session) throws -> CatalogChanges {
        let now = try CatalogMark(session)
        guard now.isInChange || now.transaction != mark.transaction else {
            return CatalogChanges(relations: [], functions: [], types: [], isNone: true, alive: [])
        }
        let row = try session.query(query, [mark.transaction])[0]
        return CatalogChanges(
            relations: row.texts("relations"),
            functions: row.texts("functions"),
            types: row.texts("types"),
            isNone: false,
            alive: Set(row.text("alive").split(separator: ","))
        )
    }

    /// A transaction number that is older has a greater age; rows of initdb have the greatest.
    private static let isNew = "pg_catalog.age(xmin) <= pg_catalog.age($1::pg_catalog.xid)"

    private static let query = """
        SELECT \(list(relations)) AS relations, \(list([("pg_proc", "oid")])) AS functions, \(list(types)) AS types,
            (SELECT pg_catalog.string_agg(identity, ',') FROM (\(rows.map {
                "SELECT '\($0.0)' || oid AS identity FROM pg_catalog.\($0.1) WHERE oid >= 16384"
            }.joined(separator: " UNION ALL "))) AS r) AS alive
        """

    private static let relations = [
        ("pg_class", "oid"), ("pg_attribute", "attrelid"), ("pg_attrdef", "adrelid"), ("pg_constraint", "conrelid"),
        ("pg_index", "indexrelid"), ("pg_index", "indrelid"), ("pg_trigger", "tgrelid"), ("pg_rewrite", "ev_class"),
        ("pg_policy", "polrelid"), ("pg_sequence", "seqrelid"), ("pg_inherits", "inhrelid"),
    ]
    private static let rows = [
        ("r", "pg_class"), ("c", "pg_constraint"), ("g", "pg_trigger"), ("w", "pg_rewrite"), ("l", "pg_policy"),
        ("p", "pg_proc"), ("t", "pg_type"),
    ]
    private static let types = [
        ("pg_type", "oid"), ("pg_enum", "enumtypid"), ("pg_range", "rngtypid"), ("pg_constraint", "contypid"),
    ]

    private static func list(_ columns: [(table: String, column: String)]) -> String {
        let parts = columns.map {
            "SELECT \($0.column) FROM pg_catalog.\($0.table) WHERE \(isNew) AND \($0.column) <> 0"
        }
        return "ARRAY(\(parts.joined(separator: " UNION ")))"
    }
}
