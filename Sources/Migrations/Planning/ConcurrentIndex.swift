internal import PostgresClient
internal import SQLText

extension ConcurrentIndexWork {
    /// The state of the statement's index in the catalog.
    struct Standing {
        var name: TableName
        var isValid: Bool
        /// Whether a session is building it at present.
        var isBeingBuilt: Bool
    }

    /// nil if the index does not exist, or has no name in the statement.
    func standing(_ session: borrowing Session) throws -> Standing? {
        guard let index else { return nil }
        // An index is always in the schema of its table, whatever the search path.
        let schemas = try (index.schema ?? table?.schema).map { [$0] } ?? session.searchedSchemas()
        let row = try session.underEmptySearchPath { session in
            try session.query(
                """
                SELECT n.nspname, c.relname, i.indisvalid,
                    EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid) AS building
                FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
                WHERE c.relname = $1 AND n.nspname::pg_catalog.text = ANY ($2::pg_catalog.text[])
                ORDER BY pg_catalog.array_position($2::pg_catalog.text[], n.nspname::pg_catalog.text) LIMIT 1
                """,
                [index.name, QuotedText.array(schemas)]
            ).first
        }
        return row.map { row in
            Standing(
                name: TableName(schema: row.text("nspname"), name: row.text("relname")),
                isValid: row.bool("indisvalid"),
                isBeingBuilt: row.bool("building")
            )
        }
    }

    /// The name of the index if it exists, is INVALID, and is not being built.
    func invalidName(_ session: borrowing Session) throws -> TableName? {
        guard action == .create, let standing = try standing(session), !standing.isValid,
            !standing.isBeingBuilt
        else { return nil }
        return standing.name
    }
}
