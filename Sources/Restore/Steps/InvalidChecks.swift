internal import PostgresClient

/// CHECK constraints that rows of the archive violate: dropped for the load, then added again NOT VALID.
enum InvalidChecks {
    /// The CHECK constraint of a table that rejected rows; nil if it belongs to a domain, which cannot be dropped from
    /// the table.
    static func violated(_ error: PostgresError) -> String? {
        guard error.sqlState == "23514", error.server?.table != nil else { return nil }
        return error.server?.constraint
    }

    /// Drops the constraint from the table on which it was declared: for a partition, this may be an ancestor.
    static func waive(
        _ constraint: String,
        of table: TableName,
        _ record: RestoreRecord,
        _ session: inout Session
    ) throws {
        let found = try session.query(
            """
            WITH RECURSIVE lineage (oid) AS (
                SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relname = $2
                UNION
                SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN lineage l ON l.oid = i.inhrelid
            )
            SELECT n.nspname, c.relname, pg_catalog.pg_get_constraintdef(k.oid) AS definition
            FROM lineage l JOIN pg_catalog.pg_constraint k ON k.conrelid = l.oid
            JOIN pg_catalog.pg_class c ON c.oid = l.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE k.conname = $3 AND k.contype = 'c' AND k.coninhcount = 0
            """,
            [table.schema, table.name, constraint]
        )
        // It no longer exists, because another worker met the same violation.
        guard let row = found.first else { return }
        let check = WaivedCheck(
            schema: row.text("nspname"),
            table: row.text("relname"),
            constraint: constraint,
            definition: row.text("definition")
        )
        guard record.waive(check) else { return }
        let owner = session.quoted(TableName(schema: check.schema, name: check.table))
        try session.execute("ALTER TABLE \(owner) DROP CONSTRAINT \(session.quoted(constraint))")
    }

    /// Adds the constraints again, and returns their names for the report.
    static func restore(_ checks: [WaivedCheck], _ session: inout Session) throws -> [String] {
        try checks.map { check in
            let table = TableName(schema: check.schema, name: check.table)
            let validity = check.definition.hasSuffix("NOT VALID") ? "" : " NOT VALID"
            try session.execute(
                "ALTER TABLE \(session.quoted(table)) ADD CONSTRAINT \(session.quoted(check.constraint)) \(check.definition)\(validity)"
            )
            return "\(table) \(check.constraint)"
        }
    }
}

/// A CHECK constraint that rows violate. It will be added again NOT VALID.
struct WaivedCheck: Sendable, Equatable {
    var schema: String
    var table: String
    var constraint: String
    /// `pg_get_constraintdef`.
    var definition: String
}
