package import PostgresClient

/// A table of a database in which another tool keeps what it has applied.
package struct OtherLedger: Sendable, Equatable {
    package var oid: UInt32
    package var table: TableName
    package var tool: String
    package var purpose: KnownLedgers.Purpose
    /// An ordinary table whose rows may be read without running anything of its owner's.
    package var isReadable: Bool
    /// What it says; nil until it is read, and where it may not be.
    package var record: Record?

    package struct Record: Sendable, Equatable {
        package var entries: Int
        /// The name or number of the last entry.
        package var last: String?
        package var isDirty: Bool
        /// Whether the one row holds the version that the database is at.
        package var isOneRow: Bool
    }

    /// All ledgers of other tools that the database has, by their names. Only the catalog is read.
    package static func all(_ session: borrowing Session) throws -> [OtherLedger] {
        let rows = try session.query(
            """
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
                AND (pg_catalog.lower(c.relname) = ANY ($1)
                    OR c.oid IN (SELECT a.attrelid FROM pg_catalog.pg_attribute a WHERE a.attname = ANY ($2)))
            ORDER BY n.nspname, c.relname
            """,
            [QuotedText.array(KnownLedgers.names), QuotedText.array(KnownLedgers.tellingColumns)]
        )
        let found = rows.compactMap { row -> OtherLedger? in
            let table = TableName(schema: row.text("nspname"), name: row.text("relname"))
            guard
                let shape = KnownLedgers.shape(schema: table.schema, name: table.name, columns: row.texts("columns"))
            else { return nil }
            return OtherLedger(
                oid: row.oid("oid"),
                table: table,
                tool: shape.tool,
                purpose: shape.purpose,
                isReadable: row.bool("readable")
            )
        }
        return found.map { ledger in
            guard ledger.tool == "dbmate or Rails" else { return ledger }
            var ledger = ledger
            let isOfRails = found.contains { $0.tool == "Rails" && $0.table.schema == ledger.table.schema }
            ledger.tool = isOfRails ? "Rails" : ledger.tool
            return ledger
        }
    }

    /// The ledgers of migrators that record something, or that may not be read.
    package static func recording(_ session: borrowing Session) throws -> [OtherLedger] {
        try all(session).filter { $0.purpose == .migrations }.compactMap { ledger in
            var ledger = ledger
            guard ledger.isReadable else { return ledger }
            ledger.record = try ledger.read(session)
            return ledger.record?.entries == 0 ? nil : ledger
        }
    }

    private func read(_ session: borrowing Session) throws -> Record {
        let columns = try session.query(
            """
            SELECT a.attname || ' ' || t.typname AS column
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped
            """,
            [String(oid)]
        ).map { $0.text("column") }
        let reading =
            KnownLedgers.shape(schema: table.schema, name: table.name, columns: columns, exactly: true)?.reading
            ?? KnownLedgers.Reading()
        let name = session.quoted(table)
        let condition = reading.condition.replacing("TABLE_NAME", with: name)
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

    /// What it records, as a clause: `public.schema_migrations says version 1 (golang-migrate)`.
    package var sentence: String {
        guard let record else { return "\(table) is the ledger of \(tool), and may not be read" }
        if record.isOneRow, let last = record.last {
            return "\(table) says version \(last)\(record.isDirty ? ", dirty" : "") (\(tool))"
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
    /// As the log notes a table: its schema and its name, with U+001F between them.
    package var note: String { "\(schema)\u{1F}\(name)" }

    package init?(noted note: String) {
        let parts = note.split(separator: "\u{1F}", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(schema: String(parts[0]), name: String(parts[1]))
    }
}
