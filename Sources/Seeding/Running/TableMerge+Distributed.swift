import PostgresClient

/// The statements for a table that Citus stores. Nodes do not know temporary tables, and Citus refuses to join these with
/// a reference table that is changed. So the rows that matter are copied into a local table, which the other statements
/// read, and changes are sent as arrays of texts.
extension TableMerge {
    /// Creates the local copy, empty; nothing for other tables.
    var creationOfCopy: String {
        guard table.isDistributed else { return "" }
        return
            ";\nCREATE TEMPORARY TABLE \(present.dropFirst(8)) ON COMMIT DROP AS SELECT t.* FROM \(target) t WITH NO DATA"
    }

    /// Copies the rows of the target whose keys are in the temporary table; nil for other tables.
    var refresh: [String]? {
        guard table.isDistributed, !key.isEmpty else { return nil }
        let list = key.map(q).joined(separator: ", ")
        return [
            "TRUNCATE \(present)",
            """
            INSERT INTO \(present) SELECT t.* FROM \(target) t JOIN (SELECT DISTINCT \(list) FROM \(temporary)) s ON \(onKey)
            """,
        ]
    }

    /// Rows to change, as arrays of texts: their keys, then the new values.
    struct Change {
        /// Its only row has `count`, and the arrays as `a0`, `a1`, ….
        var rows: String
        var columns: [String]
        /// Changes these rows and returns the `count` of changed ones. The arrays are its parameters.
        var application: String
    }

    /// What `update` does.
    func change(_ group: Group, number: Int, upTo last: Int? = nil) -> Change? {
        let columns = changing(group)
        guard !columns.isEmpty else { return nil }
        let differs = columns.map(differs).joined(separator: " OR ")
        let rows = """
            FROM \(temporary) s JOIN \(present) t ON \(onKey)
            WHERE s.granary_g = \(number) AND s.granary_found\(upTo(last)) AND (\(differs))
            """
        return change(columns, count: "pg_catalog.count(*)", values: columns.map { "s.\(q($0))" }, from: rows)
    }

    /// What `completion` does.
    func change(_ column: String, values: String, _ rule: ConflictRule) -> Change {
        let rows = """
            FROM \(present) t, \(temporary) s JOIN \(values) d ON d.granary_n = s.granary_n
            WHERE \(onKey) AND \(distinct(column, "t", "d"))\(rule == .keep ? " AND s.granary_found IS NOT TRUE" : "")
            """
        let count = "pg_catalog.count(*) FILTER (WHERE s.granary_found)"
        return change([column], count: count, values: ["d.\(q(column))"], from: rows)
    }

    private func change(_ columns: [String], count: String, values: [String], from rows: String) -> Change {
        let cells = key.map { "s.\(q($0))" } + values
        let arrays = cells.enumerated().map {
            "pg_catalog.array_agg(\($1)::pg_catalog.text ORDER BY s.granary_n)::pg_catalog.text AS a\($0)"
        }
        let set = columns.enumerated().map { "\(q($1)) = \(cast($1, key.count + $0))" }.joined(separator: ", ")
        return Change(
            rows: "SELECT \(count) AS count, \(arrays.joined(separator: ", ")) \(rows)",
            columns: key + columns,
            application: """
                UPDATE \(target) t SET \(set) FROM \(sent(cells.count)) WHERE \(onSent)
                """
        )
    }

    /// What `deletion` does.
    var deletionOfSent: Change {
        let arrays = key.enumerated().map {
            "pg_catalog.array_agg(s.\(q($1))::pg_catalog.text ORDER BY s.granary_n)::pg_catalog.text AS a\($0)"
        }
        return Change(
            rows: "SELECT pg_catalog.count(*) AS count, \(arrays.joined(separator: ", ")) FROM \(recordedKeys) s",
            columns: key,
            application: """
                WITH gone AS (DELETE FROM \(target) t USING \(sent(key.count)) WHERE \(onSent) RETURNING 1)
                SELECT pg_catalog.count(*) AS count FROM gone
                """
        )
    }

    /// The parameters as a table.
    private func sent(_ count: Int) -> String {
        let arrays = (1...count).map { "pg_catalog.unnest($\($0)::pg_catalog.text[])" }
        let names = (0..<count).map { "v\($0)" }
        return "ROWS FROM (\(arrays.joined(separator: ", "))) AS v (\(names.joined(separator: ", ")))"
    }

    private var onSent: String {
        key.enumerated().map { place, column in
            let (one, other) = ("t.\(q(column))", cast(column, place))
            let same = "\(one) \(table.equality(column)) \(other)"
            let mayBeNull = table.findsNulls(by: key) && table.column(column)?.isNotNull == false
            return mayBeNull ? "(\(same) OR \(one) IS NULL AND v.v\(place) IS NULL)" : same
        }.joined(separator: " AND ")
    }

    private func cast(_ column: String, _ place: Int) -> String {
        "v.v\(place)::\(table.column(column)?.type ?? "pg_catalog.text")"
    }
}

extension TableMerge.Change {
    /// - Returns: `count` of `application`, or of `rows` if the former returns none.
    func run(_ session: borrowing Session) throws -> Int {
        let found = try session.query(rows)[0]
        let arrays = columns.indices.map { found["a\($0)"] }
        // Aggregates of no rows are NULL.
        guard arrays.allSatisfy({ $0 != nil }) else { return 0 }
        return try session.query(application, arrays).first?.int("count") ?? found.int("count")
    }
}
