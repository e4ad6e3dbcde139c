internal import PostgresClient
internal import SQLText

extension ConcurrentIndexWork {
    /// How the index of the statement stands in the catalog.
    struct Standing {
        var name: TableName
        var isValid: Bool
        /// Some session is at it right now.
        var isBeingBuilt: Bool
    }

    /// nil where there is no such index, or it has no name in the statement.
    func standing(_ session: borrowing Session) throws -> Standing? {
        guard let index else { return nil }
        // An index is in the schema of its table, whatever the search path is.
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

    /// The index, where it is there, INVALID, and nobody is at it.
    func invalidName(_ session: borrowing Session) throws -> TableName? {
        guard action == .create, let standing = try standing(session), !standing.isValid,
            !standing.isBeingBuilt
        else { return nil }
        return standing.name
    }
}
