import PostgresClient

extension TableMerge {
    /// The number of rows of the target, the sum of their hashes, whatever their order, and a hash of its columns'
    /// collations and of the settings that decide how values are read and written. NULL if the target has rules, which
    /// may write other rows than the given ones, if it has more rows than `most`, or if the texts of different numbers
    /// may be equal.
    ///
    /// A row is hashed as one text. Hashes of its values would not do: those of 1 and -1 may be equal, and so may those
    /// of 0 and NULL. `hash_record_extended` combines them so that the sum may stay the same if rows exchange values.
    ///
    /// `$1` is the name of the target. Needs PostgreSQL 12. The search path is the service's, so operators need their
    /// schema too.
    func state(atMost most: Int) -> String {
        let names = table.columns.map { q($0.name) }.joined(separator: ", ")
        let values = table.columns.map { "t.\(q($0.name))" }.joined(separator: ", ")
        let settings = [
            "DateStyle", "TimeZone", "timezone_abbreviations", "IntervalStyle", "lc_monetary", "array_nulls",
            "client_encoding",
        ]
        .map { "pg_catalog.current_setting('\($0)')" }
        return """
            SELECT pg_catalog.concat_ws(' ', r.count, r.sum, pg_catalog.hashtextextended(pg_catalog.concat_ws(' ',
                \(settings.joined(separator: ", ")),
                (SELECT pg_catalog.string_agg(pg_catalog.concat(a.attname, ' ', a.attcollation), ',' ORDER BY a.attnum)
                    FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass
                        AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)), 0))
            FROM (SELECT pg_catalog.count(*) AS count,
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(\(values))::pg_catalog.text, 0)) AS sum
                FROM (SELECT \(names) FROM \(target) LIMIT \(most + 1)) t) r
            WHERE r.count OPERATOR(pg_catalog.<=) \(most)
                AND pg_catalog.current_setting('extra_float_digits')::integer OPERATOR(pg_catalog.>) 0
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class OPERATOR(pg_catalog.=) $1::pg_catalog.regclass)
            """
    }
}
