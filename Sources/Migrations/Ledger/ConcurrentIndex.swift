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
        let schema = index.schema ?? table?.schema
        let row = try session.query(
            """
            SELECT n.nspname, c.relname, i.indisvalid,
                EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid) AS building
            FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
            WHERE c.relname = $1
                AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2 END
            """,
            [index.name, schema]
        ).first
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
