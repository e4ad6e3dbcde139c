package import PostgresClient

/// A table of the database in which another tool records its applied migrations.
package struct OtherLedger: Sendable, Equatable {
    package var oid: UInt32
    package var table: TableName
    package var tool: String
    package var purpose: KnownLedgers.Purpose
    /// Whether its migrations are SQL files, which `adopt` can find.
    package var isOfSQLFiles: Bool
    /// Whether it is an ordinary table whose rows can be read without running code of its owner.
    package var isReadable: Bool
    /// Its content; nil until it is read, and if it may not be read.
    package var record: Record?
    private var reading: KnownLedgers.Reading

    package struct Record: Sendable, Equatable {
        package var entries: Int
        /// The name or number of the last entry.
        package var last: String?
        package var isDirty: Bool
        /// Whether a single row holds the version of the database.
        package var isOneRow: Bool
    }

    /// All ledgers of other tools in the database, recognized by their names and columns. Only the catalog is read.
    package static func all(_ session: borrowing Session) throws -> [OtherLedger] {
        let rows = try session.query(
            """
            \(selection)
                AND (pg_catalog.lower(c.relname) = ANY ($1)
                    OR c.oid IN (SELECT a.attrelid FROM pg_catalog.pg_attribute a WHERE a.attname = ANY ($2)))
            ORDER BY n.nspname, c.relname
            """,
            [QuotedText.array(KnownLedgers.names), QuotedText.array(KnownLedgers.tellingColumns)]
        )
        let found = rows.compactMap { row -> OtherLedger? in
            let (schema, name, columns) = (row.text("nspname"), row.text("relname"), row.texts("columns"))
            guard let shape = KnownLedgers.shape(schema: schema, name: name, columns: columns) else { return nil }
            let exact = KnownLedgers.shape(schema: schema, name: name, columns: columns, exactly: true)
            return OtherLedger(row, shape, exact?.reading ?? KnownLedgers.Reading())
        }
        return found.map { ledger in
            guard ledger.tool == KnownLedgers.dbmateOrRails,
                found.contains(where: { $0.tool == "Rails" && $0.table.schema == ledger.table.schema })
            else { return ledger }
            var ledger = ledger
            ledger.tool = "Rails"
            ledger.isOfSQLFiles = false
            return ledger
        }
    }

    /// The table of this name as a ledger. The user has named it, so its columns alone may decide which tool it belongs
    /// to.
    package static func find(_ table: TableName, _ session: borrowing Session) throws -> OtherLedger? {
        if let known = try all(session).first(where: { $0.table == table }) { return known }
        let row = try session.query(
            "\(selection) AND n.nspname = $1 AND c.relname = $2",
            [table.schema, table.name]
        ).first
        guard let row, let shape = KnownLedgers.shape(chosen: row.texts("columns")) else { return nil }
        return OtherLedger(row, shape, shape.reading)
    }

    /// Tables with their columns, and whether their rows may be read.
    private static let selection = """
        SELECT c.oid, n.nspname, c.relname,
            ARRAY(SELECT a.attname || ' ' || t.typname
                FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
            c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relhasrules
                AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                        AND t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace) AS readable
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        """

    private init(_ row: Rows.Row, _ shape: KnownLedgers.Shape, _ reading: KnownLedgers.Reading) {
        oid = row.oid("oid")
        table = TableName(schema: row.text("nspname"), name: row.text("relname"))
        tool = shape.tool
        purpose = shape.purpose
        isOfSQLFiles = shape.isOfSQLFiles
        isReadable = row.bool("readable")
        self.reading = reading
    }

    /// The columns of a table or view, each with the name of its type in `pg_type`; none if there is no such table.
    static func columns(of table: TableName, _ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            SELECT a.attname || ' ' || t.typname AS column
            FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            """,
            [table.schema, table.name]
        ).map { $0.text("column") }
    }

    /// The ledgers of migrators that have entries, or that may not be read.
    package static func recording(_ session: borrowing Session) throws -> [OtherLedger] {
        try all(session).filter { $0.purpose == .migrations }.compactMap { ledger in
            var ledger = ledger
            guard ledger.isReadable else { return ledger }
            ledger.record = try ledger.read(session)
            return ledger.record?.entries == 0 ? nil : ledger
        }
    }

    private func read(_ session: borrowing Session) throws -> Record {
        let (name, condition) = source(session)
        let order = reading.order.map { "ORDER BY \($0.replacing(", ", with: " DESC, ")) DESC NULLS LAST" } ?? ""
        let entry = reading.entry.map { "(SELECT \($0) FROM ONLY \(name) t WHERE \(condition) \(order) LIMIT 1)" }
        let row = try session.query(
            """
            SELECT pg_catalog.count(*) AS entries, \(entry ?? "NULL::pg_catalog.text") AS last,
                coalesce(pg_catalog.bool_or(\(reading.isDirty ?? "false")), false) AS dirty
            FROM ONLY \(name) t WHERE \(condition)
            """
        )[0]
        return Record(
            entries: row.int("entries"),
            last: row["last"],
            isDirty: row.bool("dirty"),
            isOneRow: reading.isOneRow
        )
    }

    private func source(_ session: borrowing Session) -> (table: String, condition: String) {
        let name = session.quoted(table)
        return (name, reading.condition.replacing("TABLE_NAME", with: name))
    }

    /// A migration that is applied according to the ledger.
    package struct Entry: Sendable, Equatable {
        /// Its name or number: `20240101120000`, `1.1`, `20240101_init`.
        package var name: String
        /// The name of its file or folder, if the ledger has it.
        package var file: String?
        /// Whether its run was interrupted.
        package var isDirty: Bool
        /// Whether it means that everything up to it existed before the tool was introduced.
        package var isBaseline: Bool

        package init(name: String, file: String? = nil, isDirty: Bool = false, isBaseline: Bool = false) {
            self.name = name
            self.file = file
            self.isDirty = isDirty
            self.isBaseline = isBaseline
        }
    }

    /// Its entries, in no particular order.
    ///
    /// - Returns: nil if its rows may not be read.
    package func entries(_ session: borrowing Session) throws -> [Entry]? {
        guard isReadable, let entry = reading.entry else { return nil }
        let (name, condition) = source(session)
        return try session.query(
            """
            SELECT \(entry) AS name, \(reading.file ?? "NULL::pg_catalog.text") AS file,
                coalesce(\(reading.isDirty ?? "false"), false) AS dirty,
                coalesce(\(reading.isBaseline ?? "false"), false) AS baseline
            FROM ONLY \(name) t WHERE \(condition)
            """
        ).compactMap { row in
            row["name"].map {
                Entry(name: $0, file: row["file"], isDirty: row.bool("dirty"), isBaseline: row.bool("baseline"))
            }
        }
    }

    /// Its content as a clause: `public.schema_migrations has version 1 (golang-migrate)`.
    package var sentence: String {
        guard let record else { return "\(table) is the ledger of \(tool), but this role has no right to read it" }
        if record.isOneRow, let last = record.last {
            return "\(table) has version \(last)\(record.isDirty ? ", dirty" : "") (\(tool))"
        }
        let entries = counted(record.entries, "migration", isGrouped: false)
        let last = record.last.map { record.entries == 1 ? ", \($0)" : ", the last one \($0)" } ?? ""
        return "\(table) lists \(entries)\(last) (\(tool))"
    }
}

extension StateSchema {
    /// The ledgers of other tools beside which migrations run in this database, for all services.
    package func tablesBeside(_ session: borrowing Session) throws -> Set<TableName> {
        guard try exists(session), try mayRead(session) else { return [] }
        return try MigrationLog(self, session).tablesBeside(session)
    }
}

extension TableName {
    /// The form of a table's name in the log: schema and name, separated by U+001F.
    package var note: String { "\(schema)\u{1F}\(name)" }

    package init?(noted note: String) {
        let parts = note.split(separator: "\u{1F}", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(schema: String(parts[0]), name: String(parts[1]))
    }
}
