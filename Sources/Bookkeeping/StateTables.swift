package import PostgresClient

// The expected form of granary's tables, and the comparison with the actual tables, which other versions or users may
// have changed.
extension StateSchema {
    package enum Table: String, Sendable, CaseIterable, CustomStringConvertible {
        case environment, migrations
        case log = "migration_log"
        case seeds

        package var description: String { rawValue }
    }

    struct Column: Sendable {
        var name: String
        /// As `format_type` spells it.
        var type: String
        /// The rest of the column's declaration.
        var constraint: String
        /// Whether the column can be added to an older table that has rows.
        var isAddable = true
        /// Whether a table of an older version is in order without the column.
        var isOptional = false

        var declaration: String { "\(name) \(type) \(constraint)" }
        var addition: String? { isAddable ? "\(type) \(constraint)" : nil }
    }

    /// A fault of a table.
    package enum Fault: Sendable {
        case missingTable(Table)
        case missingColumn(Table, ColumnName)
        case otherType(Table, column: String, type: String)
        case missingKey(Table)

        /// A missing column, and the statement that adds it.
        package struct ColumnName: Sendable {
            package var name: String
            var addition: String?
        }

        package var table: Table {
            switch self {
            case .missingTable(let table), .missingColumn(let table, _), .otherType(let table, _, _),
                .missingKey(let table):
                table
            }
        }

        package var isMissingTable: Bool { if case .missingTable = self { true } else { false } }

        /// Whether `ensure` fixes it.
        package var isOld: Bool {
            switch self {
            case .missingTable: true
            case .missingColumn(_, let column): column.addition != nil
            case .otherType, .missingKey: false
            }
        }

        /// A clause that follows the table's name.
        package var text: String {
            switch self {
            case .missingTable: "is not there"
            case .missingColumn(_, let column): "has no column \(column.name)"
            case .otherType(_, let column, let type): "has a column \(column) of the type \(type)"
            case .missingKey: "has no primary key"
            }
        }
    }
}

// The expected tables.
extension StateSchema {
    private static func columns(_ table: Table) -> [Column] {
        let text = "text"
        let time = "timestamp with time zone"
        return switch table {
        case .environment:
            [
                Column(name: "single", type: "boolean", constraint: "DEFAULT true CHECK (single)", isAddable: false),
                Column(name: "name", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "fingerprint", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "marked_at", type: time, constraint: "NOT NULL DEFAULT pg_catalog.now()"),
                Column(name: "marked_by", type: text, constraint: "NOT NULL DEFAULT session_user"),
            ] + policyColumns
        case .migrations:
            [
                Column(name: "service", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "version", type: "bigint", constraint: "NOT NULL", isAddable: false),
                Column(name: "name", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "layer", type: text, constraint: "NOT NULL DEFAULT ''"),
                Column(name: "up_sha256", type: text, constraint: ""),
                Column(name: "down_sha256", type: text, constraint: ""),
                Column(name: "down_sql", type: text, constraint: ""),
                Column(name: "verified", type: "boolean", constraint: "NOT NULL", isAddable: false),
                Column(name: "applied_at", type: time, constraint: "NOT NULL", isAddable: false),
                Column(name: "applied_by", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "duration_ms", type: "bigint", constraint: ""),
                Column(name: "requires", type: "text[]", constraint: "NOT NULL DEFAULT '{}'"),
                Column(name: "applied_order", type: "bigint", constraint: "GENERATED ALWAYS AS IDENTITY"),
            ]
        case .log:
            [
                Column(name: "id", type: "bigint", constraint: "GENERATED ALWAYS AS IDENTITY", isAddable: false),
                Column(name: "service", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "version", type: "bigint", constraint: ""),
                Column(name: "name", type: text, constraint: "NOT NULL DEFAULT ''"),
                Column(name: "event", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "environment", type: text, constraint: "NOT NULL DEFAULT ''"),
                Column(name: "layer", type: text, constraint: "NOT NULL DEFAULT ''"),
                Column(name: "sha256", type: text, constraint: ""),
                Column(name: "actor", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "client_host", type: text, constraint: "NOT NULL DEFAULT ''"),
                Column(name: "tool_version", type: text, constraint: "NOT NULL DEFAULT ''"),
                Column(name: "started_at", type: time, constraint: "NOT NULL", isAddable: false),
                Column(name: "finished_at", type: time, constraint: ""),
                Column(name: "duration_ms", type: "bigint", constraint: ""),
                Column(name: "estimated_duration", type: text, constraint: ""),
                Column(name: "outcome", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "statements_done", type: "integer", constraint: ""),
                Column(name: "statements_total", type: "integer", constraint: ""),
                Column(name: "wrapped", type: "boolean", constraint: "NOT NULL DEFAULT true"),
                Column(name: "sqlstate", type: text, constraint: ""),
                Column(name: "message", type: text, constraint: ""),
                Column(name: "note", type: text, constraint: ""),
            ]
        case .seeds:
            [
                Column(name: "service", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "environment", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "source", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "sha256", type: text, constraint: "NOT NULL", isAddable: false),
                Column(name: "seeded_at", type: time, constraint: "NOT NULL DEFAULT pg_catalog.now()"),
                Column(name: "layer", type: text, constraint: "NOT NULL DEFAULT ''"),
                Column(name: "rows", type: "bigint", constraint: ""),
                Column(name: "details", type: text, constraint: ""),
            ]
        }
    }

    /// Of the table `environment`: the rules that are stored beside the marker.
    private static let policyColumns = [
        Column(name: "production", type: "boolean", constraint: "", isOptional: true),
        Column(name: "encrypted", type: "boolean", constraint: "", isOptional: true),
        Column(name: "recipients", type: "text[]", constraint: "", isOptional: true),
    ]

    private static func key(_ table: Table) -> String {
        switch table {
        case .environment: "single"
        case .migrations: "service, version"
        case .log: "id"
        case .seeds: "service, environment, source"
        }
    }

    /// The statements that create a table.
    func creation(of table: Table, _ session: borrowing Session) -> String {
        let schema = session.quoted(name)
        let lines = Self.columns(table).map(\.declaration) + ["PRIMARY KEY (\(Self.key(table)))"]
        let creation = "CREATE TABLE \(schema).\(table) (\(lines.joined(separator: ", ")))"
        let rest =
            switch table {
            case .environment:
                [
                    "COMMENT ON TABLE \(schema).environment IS 'The marker: which environment this database is, and of which server and database that was said'"
                ]
            case .migrations:
                ["COMMENT ON TABLE \(schema).migrations IS 'The ledger: the migrations that are applied now'"]
            case .log:
                [
                    "CREATE INDEX migration_log_service ON \(schema).migration_log (service, version, id)",
                    "COMMENT ON TABLE \(schema).migration_log IS 'Each run of each migration, and how it ended'",
                ]
            case .seeds:
                [
                    "COMMENT ON TABLE \(schema).seeds IS 'What was seeded: files and tables, by the hash of their content'",
                    "COMMENT ON COLUMN \(schema).seeds.source IS 'A file below the folder of seeds, or the word table and its name'",
                    "COMMENT ON COLUMN \(schema).seeds.details IS 'JSON: the keys that seeding inserted, where generated rows begin, what now is'",
                ]
            }
        return ([creation] + rest).joined(separator: "; ")
    }
}

// The columns for rules beside the marker.
extension StateSchema {
    /// Whether the table `environment` was made by a version that stored no rules.
    func lacksPolicy(_ session: borrowing Session) throws -> Bool {
        let names = Self.policyColumns.map(\.name)
        let found = try session.query(
            """
            SELECT a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = 'environment' AND NOT a.attisdropped
                AND a.attname = ANY ($2::pg_catalog.text[])
            """,
            [name, QuotedText.array(names)]
        )
        return found.count < names.count
    }

    /// - Throws: `BookkeepingError` with `.database` if the role may not add the columns; `PostgresError`.
    func addPolicy(_ session: borrowing Session) throws {
        guard try lacksPolicy(session) else { return }
        do {
            for column in Self.policyColumns {
                try session.execute(
                    "ALTER TABLE \(quoted(.environment, session)) ADD COLUMN IF NOT EXISTS \(column.declaration)"
                )
            }
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw BookkeepingError(
                .database,
                "the role \(session.user) may not update \(name).environment: \(error.message)",
                hint: "let the table's owner run `granary env mark NAME` once"
            )
        }
    }
}

// The actual tables.
extension StateSchema {
    /// What the tables are like at one moment.
    struct Examination: Sendable {
        /// Those whose flaws are known.
        var tables: [Table]
        var flaws: [TableFlaw]
        /// Of all tables.
        var faults: [Fault]
    }

    /// The same schema after one look at its tables, for several readings in a row. Each of them would look again
    /// otherwise, which takes longer than the reading itself. An examined schema is not looked at again.
    ///
    /// - Parameter tables: The ones to be read. The look waits for a session that has locked one of them.
    /// - Throws: `PostgresError`.
    package func examined(
        _ session: borrowing Session,
        _ tables: [Table] = Table.allCases
    ) throws -> StateSchema {
        var examined = self
        examined.examination = Examination(
            tables: tables,
            flaws: try flaws(session, tables),
            faults: try faults(session)
        )
        return examined
    }

    /// Requires that the objects with the names of granary's tables are ordinary tables, which run no code.
    ///
    /// - Throws: `PostgresError` with `.untrusted`.
    package func requireOrdinary(_ session: borrowing Session, _ tables: [Table] = Table.allCases) throws {
        if let flaw = try flaws(session, tables).first { throw flaw.error(hint: Self.suspicionRemedy) }
    }

    /// The flaws of the objects with the names of granary's tables.
    package func flaws(_ session: borrowing Session, _ tables: [Table] = Table.allCases) throws -> [TableFlaw] {
        if let examination, tables.allSatisfy(examination.tables.contains) {
            return examination.flaws.filter { flaw in tables.contains { $0.rawValue == flaw.table.name } }
        }
        return try session.flaws(of: tables.map { TableName(schema: name, name: $0.rawValue) }, areOurs: true)
    }

    package func isOrdinary(_ session: borrowing Session) throws -> Bool { try flaws(session).isEmpty }

    package static let suspicionRemedy =
        "check it in psql as its owner; drop or rename it, or keep granary's tables in another schema with --state-schema"

    /// Whether there is a fault that `ensure` cannot fix.
    package func isDamaged(_ session: borrowing Session) throws -> Bool {
        try faults(session).contains { !$0.isOld }
    }

    /// The faults of granary's tables. A missing table has no other fault.
    package func faults(_ session: borrowing Session) throws -> [Fault] {
        if let examination { return examination.faults }
        // Not with to_regclass(), which fails for a role that may not use the schema.
        let rows = try session.query(
            """
            SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, NULL) AS type,
                EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname = ANY ($2::pg_catalog.text[])
            """,
            [name, QuotedText.array(Table.allCases.map(\.rawValue))]
        )
        return Table.allCases.flatMap { table -> [Fault] in
            let found = rows.filter { $0.text("relname") == table.rawValue }
            guard let first = found.first else { return [.missingTable(table)] }
            let types = Dictionary(
                found.map { ($0.text("attname"), $0.text("type")) },
                uniquingKeysWith: { one, _ in one }
            )
            let columns = Self.columns(table).compactMap { column -> Fault? in
                guard let type = types[column.name] else {
                    if column.isOptional { return nil }
                    return .missingColumn(table, .init(name: column.name, addition: column.addition))
                }
                return type == column.type ? nil : .otherType(table, column: column.name, type: type)
            }
            return columns + (first.bool("keyed") ? [] : [.missingKey(table)])
        }
    }

    /// Whether some tables exist and can be read by this version.
    ///
    /// - Returns: False if one of them is missing.
    /// - Throws: `BookkeepingError` with `.database`, which names the fault of a table and how to fix it;
    ///   `PostgresError` with `.untrusted`.
    package func isReadable(_ tables: [Table], _ session: borrowing Session) throws -> Bool {
        try requireOrdinary(session, tables)
        let faults = try faults(session).filter { tables.contains($0.table) }
        if faults.contains(where: \.isMissingTable) { return false }
        try Self.require(faults, name)
        return true
    }

    /// - Throws: `BookkeepingError` with `.database` if one of the tables is missing or damaged.
    func require(_ tables: [Table], _ session: borrowing Session) throws {
        try Self.require(try faults(session).filter { tables.contains($0.table) }, name)
    }

    private static func require(_ faults: [Fault], _ name: String) throws {
        guard let fault = faults.first(where: { !$0.isOld }) ?? faults.first else { return }
        throw BookkeepingError(.database, "\(name).\(fault.table) \(fault.text)", hint: remedy(fault, name))
    }

    /// How to fix a fault.
    package static func remedy(_ fault: Fault, _ name: String) -> String {
        guard !fault.isOld else {
            return
                "an older granary created it: `granary env mark NAME`, as the owner of the schema \(name), updates it"
        }
        return switch fault.table {
        case .environment: "`granary env mark NAME --force` creates it again"
        case .migrations, .log:
            "rename the schema \(name) in psql, create it again with `granary env mark NAME`, and record what is applied with `granary migrate baseline VERSION`"
        case .seeds: "drop it in psql: `granary seed` creates it again, and finds the existing rows"
        }
    }
}
