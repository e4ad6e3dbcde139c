// Uses the catalog, because to_regclass() and to_regnamespace() fail for names in schemas that the role cannot use.
extension Session {
    /// Whether there is a table, view, sequence, index or composite type of this name, whatever rights the role has on
    /// it.
    package borrowing func exists(_ relation: TableName) throws -> Bool {
        try query(
            """
            SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relname = $2::pg_catalog.name AND (n.nspname = $1::pg_catalog.name
                    OR $1::pg_catalog.text = 'pg_temp' AND n.oid = pg_catalog.pg_my_temp_schema())) AS there
            """,
            [relation.schema, relation.name]
        )[0].bool("there")
    }

    package borrowing func exists(schema: String) throws -> Bool {
        try query(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1::pg_catalog.name) AS there",
            [schema]
        )[0].bool("there")
    }
}
