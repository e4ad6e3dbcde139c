import PostgresClient

extension TableMerge {
    /// The number and a hash of all rows of the target, whatever their order, and a hash of its columns' collations and
    /// of the settings that decide how values are read and written. NULL if the target has more rows than `most`, or
    /// rules, which may write other rows than the given ones.
    ///
    /// `$1` is the name of the target. Needs PostgreSQL 14. The search path is the service's, so operators need their schema
    /// too.
    func state(atMost most: Int) -> String {
        let names = table.columns.map { q($0.name) }
        let values = table.columns.map { "t.\(q($0.name))\($0.hasHash ? "" : "::pg_catalog.text")" }
        let settings = [
            "DateStyle", "TimeZone", "timezone_abbreviations", "IntervalStyle", "lc_monetary", "array_nulls",
        ]
        .map { "pg_catalog.current_setting('\($0)')" }
        return """
            SELECT pg_catalog.concat_ws(' ', r.count, r.sum, pg_catalog.hashtextextended(pg_catalog.concat_ws(' ',
                \(settings.joined(separator: ", ")),
                (SELECT pg_catalog.string_agg(pg_catalog.concat(a.attname, ' ', a.attcollation), ',' ORDER BY a.attnum)
                    FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass AND a.attnum OPERATOR(pg_catalog.>) 0
                        AND NOT a.attisdropped)), 0))
            FROM (SELECT pg_catalog.count(*) AS count,
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(\(values.joined(separator: ", "))), 0)) AS sum
                FROM (SELECT \(names.joined(separator: ", ")) FROM \(target) LIMIT \(most + 1)) t) r
            WHERE r.count OPERATOR(pg_catalog.<=) \(most) AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class OPERATOR(pg_catalog.=) $1::pg_catalog.regclass)
            """
    }
}

extension SeedCatalog.Column {
    /// Whether the server can hash values of the type. Values of other types are hashed as text.
    fileprivate var hasHash: Bool {
        kind == .plain && Self.hashed.contains(typeName) && !baseType.contains(".")
    }

    private static let hashed: Set<String> = [
        "bool", "bpchar", "bytea", "cidr", "date", "float4", "float8", "inet", "int2", "int4", "int8", "interval",
        "macaddr", "name", "numeric", "text", "time", "timestamp", "timestamptz", "uuid", "varchar",
    ]
}
