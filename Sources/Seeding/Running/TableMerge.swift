import PostgresClient

/// The rows of a table beside it, in a temporary table like it, and the statements that bring them over.
struct TableMerge {
    let table: SeedCatalog.Table
    /// `pg_temp.…`, ready for SQL.
    let temporary: String
    let key: [String]
    /// All columns that any row gives, by name.
    let columns: [String]
    /// Serial numbers without taking any: a plan leaves sequences alone.
    let avoidsSequences: Bool
    /// Triggers of users fire on it and may change the rows that are written.
    let hasTriggers: Bool
    let target: String
    private let quoted: [String: String]

    /// Rows that give the same columns in the same way.
    struct Group: Hashable {
        /// As the rows give them.
        var plain: [String]
        /// By column.
        var expressions: [String: String]
        /// NULL for now.
        var postponed: [String]
    }

    init(
        _ table: SeedCatalog.Table,
        number: Int,
        key: [String],
        columns: [String],
        avoidsSequences: Bool,
        _ session: borrowing Session
    ) {
        self.table = table
        temporary = "pg_temp.granary_seed_\(number)"
        self.key = key
        self.columns = columns
        self.avoidsSequences = avoidsSequences
        hasTriggers = table.hasTriggers
        target = session.quoted(table.name)
        var quoted: [String: String] = [:]
        for column in table.columns { quoted[column.name] = session.quoted(column.name) }
        self.quoted = quoted
    }

    func q(_ column: String) -> String { quoted[column] ?? QuotedText.name(column) }

    /// Types as in the target, without its constraints; the rows' own number and group, and whether the target has it.
    var creation: String {
        let list =
            (["NULL::integer AS granary_n", "NULL::integer AS granary_g", "NULL::boolean AS granary_found"]
            + columns.map { "t.\(q($0))" }).joined(separator: ", ")
        return
            "CREATE TEMPORARY TABLE \(temporary.dropFirst(8)) ON COMMIT DROP AS SELECT \(list) FROM \(target) t WITH NO DATA"
    }

    var copy: String {
        "COPY \(temporary) (\((["granary_n", "granary_g"] + columns.map(q)).joined(separator: ", "))) FROM STDIN"
    }

    private var onKey: String { on("t") }

    private var keyTexts: String { key.map { "s.\(q($0))::pg_catalog.text" }.joined(separator: ", ") }

    private func on(_ alias: String) -> String {
        let findsNulls = table.findsNulls(by: key)
        return key.map { column in
            let (one, other) = ("\(alias).\(q(column))", "s.\(q(column))")
            let same = "\(one) \(table.equality(column)) \(other)"
            let mayBeNull = findsNulls && table.column(column)?.isNotNull == false
            return mayBeNull ? "(\(same) OR \(one) IS NULL AND \(other) IS NULL)" : same
        }.joined(separator: " AND ")
    }

    var finding: String {
        "UPDATE \(temporary) s SET granary_found = true FROM \(target) t WHERE \(onKey)"
    }

    /// Two of our rows that the server takes for one, whatever their texts are.
    var duplicates: String {
        let list = key.map { "s.\(q($0))" }.joined(separator: ", ")
        return """
            SELECT pg_catalog.min(s.granary_n) AS first, (pg_catalog.array_agg(s.granary_n ORDER BY s.granary_n))[2] AS second
            FROM \(temporary) s GROUP BY \(list) HAVING pg_catalog.count(*) > 1 ORDER BY 2 LIMIT 1
            """
    }

    /// The first of the rows that match several of the target.
    var ambiguous: String {
        """
        SELECT s.granary_n AS n, pg_catalog.count(*) AS count FROM \(temporary) s JOIN \(target) t ON \(onKey)
        GROUP BY s.granary_n HAVING pg_catalog.count(*) > 1 ORDER BY 1 LIMIT 1
        """
    }

    /// Rows of a group that the target has not.
    func missing(_ number: Int) -> String {
        "SELECT granary_n AS n FROM \(temporary) WHERE granary_g = \(number) AND granary_found IS NOT TRUE ORDER BY 1"
    }

    /// Those of `missing` that are still not there after they were inserted.
    func lost(_ number: Int) -> String {
        """
        SELECT s.granary_n AS n FROM \(temporary) s WHERE s.granary_g = \(number) AND s.granary_found IS NOT TRUE
            AND NOT EXISTS (SELECT FROM \(target) t WHERE \(onKey)) ORDER BY 1
        """
    }

    /// Some types have no equality; their text has.
    private func differs(_ column: String) -> String { distinct(column, "t", "s") }

    private func distinct(_ column: String, _ one: String, _ other: String) -> String {
        let asText = ["json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "txid_snapshot"]
            .contains(table.column(column)?.typeName ?? "")
        let cast = asText ? "::pg_catalog.text" : ""
        return differ(
            "\(one).\(q(column))\(cast)",
            "\(other).\(q(column))\(cast)",
            asText ? "OPERATOR(pg_catalog.=)" : table.equality(column)
        )
    }

    /// IS DISTINCT FROM, with an operator that is named and not looked up.
    private func differ(_ one: String, _ other: String, _ equality: String) -> String {
        "((\(one) \(equality) \(other)) IS NOT TRUE AND pg_catalog.num_nulls(\(one), \(other)) < 2)"
    }

    /// The columns that an update of an existing row may change. An identity column is not one of them: the server
    /// rejects a change of GENERATED ALWAYS.
    func changing(_ group: Group) -> [String] {
        group.plain.filter { !key.contains($0) && table.column($0)?.isIdentity != true }
    }

    /// Rows that are there and differ: the first of them, and all.
    func difference(_ group: Group, number: Int) -> String? {
        let columns = changing(group)
        guard !columns.isEmpty else { return nil }
        return """
            SELECT pg_catalog.min(s.granary_n) AS n, pg_catalog.array_agg(s.granary_n)::pg_catalog.text[] AS rows
            FROM \(temporary) s JOIN \(target) t ON \(onKey)
            WHERE s.granary_g = \(number) AND s.granary_found AND (\(columns.map(differs).joined(separator: " OR ")))
            """
    }

    /// How many rows were written; on tables with triggers also which of them are not what they were: a trigger may put
    /// the old values back.
    func update(_ group: Group, number: Int, upTo last: Int? = nil, only rows: Set<Int>? = nil) -> String? {
        let columns = changing(group)
        guard !columns.isEmpty else { return nil }
        let set = columns.map { "\(q($0)) = s.\(q($0))" }.joined(separator: ", ")
        let differs = columns.map(differs).joined(separator: " OR ")
        let only = rows.map { " AND s.granary_n IN (\($0.map(String.init).joined(separator: ", ")))" } ?? ""
        let condition =
            "s.granary_g = \(number) AND s.granary_found\(upTo(last))\(only) AND \(onKey) AND (\(differs))"
        guard hasTriggers else {
            return """
                WITH written AS (UPDATE \(target) t SET \(set) FROM \(temporary) s WHERE \(condition) RETURNING 1)
                SELECT pg_catalog.count(*) AS count FROM written
                """
        }
        let isNew = columns.map { distinct($0, "t", "o") }.joined(separator: " OR ")
        return """
            WITH written AS (
                UPDATE \(target) t SET \(set) FROM \(temporary) s JOIN \(target) o ON \(on("o"))
                WHERE \(condition) RETURNING s.granary_n AS n, \(isNew) AS is_new)
            SELECT pg_catalog.count(*) AS count,
                coalesce(pg_catalog.array_agg(n), '{}')::pg_catalog.text[] AS written,
                coalesce(pg_catalog.array_agg(n) FILTER (WHERE is_new), '{}')::pg_catalog.text[] AS changed
            FROM written
            """
    }

    /// - Parameter givesWay: Rows that would break a unique constraint stay out.
    func insert(_ group: Group, number: Int, upTo last: Int? = nil, givesWay: Bool = false) -> String {
        """
        WITH made AS (
            \(insertion(group, "s.granary_g = \(number) AND s.granary_found IS NOT TRUE\(upTo(last))"))
            \(givesWay ? "ON CONFLICT DO NOTHING" : "") RETURNING 1)
        SELECT pg_catalog.count(*) AS count FROM made
        """
    }

    /// Inserts one row and returns its key as it is then: a trigger may write it otherwise.
    ///
    /// - Parameter takesOver: The row that has this key already gives it, and is changed: to be taken back.
    func insertOne(_ group: Group, row: Int, takesOver: Bool = false) -> String {
        let list = key.map(q).joined(separator: ", ")
        let conflict = takesOver ? "ON CONFLICT (\(list)) DO UPDATE SET \(q(key[0])) = excluded.\(q(key[0]))" : ""
        let stored = key.map { "\(q($0))::pg_catalog.text" }.joined(separator: ", ")
        return """
            \(insertion(group, "s.granary_n = \(row)")) \(conflict)
            RETURNING ARRAY[\(stored)]::pg_catalog.text[] AS key
            """
    }

    private func insertion(_ group: Group, _ rows: String) -> String {
        var names = group.plain.map(q)
        var values = group.plain.map { "s.\(q($0))" }
        for (column, expression) in group.expressions.sorted(by: { $0.key < $1.key }) {
            names.append(q(column))
            values.append("(\(expression))")
        }
        for column in group.postponed {
            names.append(q(column))
            values.append("NULL")
        }
        if avoidsSequences {
            let given = Set(group.plain).union(group.expressions.keys).union(group.postponed)
            for column in table.columns where column.sequence != nil && !given.contains(column.name) {
                names.append(q(column.name))
                values.append(
                    "(SELECT coalesce(pg_catalog.max(\(q(column.name))), 0) FROM \(target)) + pg_catalog.row_number() OVER (ORDER BY s.granary_n)"
                )
            }
        }
        let list = names.isEmpty ? "" : "(\(names.joined(separator: ", "))) OVERRIDING SYSTEM VALUE"
        return """
            INSERT INTO \(target) \(list)
            SELECT \(values.joined(separator: ", ")) FROM \(temporary) s WHERE \(rows) ORDER BY s.granary_n
            """
    }

    /// Gives a row of ours the key that the target has it by.
    func rekey(_ row: Int, isThere: Bool) -> String {
        let list = key.enumerated().map { "\(q($1)) = $\($0 + 1)" }.joined(separator: ", ")
        return "UPDATE \(temporary) SET \(list)\(isThere ? ", granary_found = true" : "") WHERE granary_n = \(row)"
    }

    /// Rows that are not in the target, whatever was tried, count no more.
    func forget(_ rows: [Int]) -> String {
        "DELETE FROM \(temporary) WHERE granary_n IN (\(rows.map(String.init).joined(separator: ", ")))"
    }

    private func upTo(_ last: Int?) -> String { last.map { " AND s.granary_n <= \($0)" } ?? "" }

    /// Values that the target has for rows of ours.
    func values(of column: String) -> String {
        """
        SELECT s.granary_n AS n, t.\(q(column))::pg_catalog.text AS value FROM \(temporary) s JOIN \(target) t ON \(onKey)
        WHERE s.granary_n = ANY ($1::integer[])
        """
    }

    /// The keys of our rows as the server writes them, and whether they were there before.
    var keys: String {
        """
        SELECT coalesce(s.granary_found, false) AS found, ARRAY[\(keyTexts)] AS key
        FROM \(temporary) s ORDER BY s.granary_n
        """
    }

    /// Fills what had to wait.
    ///
    /// - Parameter rule: Of rows that were there before, those of `keep` stay as they are.
    func completion(_ column: String, values: String, _ rule: ConflictRule) -> String {
        """
        WITH changed AS (
            UPDATE \(target) t SET \(q(column)) = d.\(q(column))
            FROM \(temporary) s JOIN \(values) d ON d.granary_n = s.granary_n
            WHERE \(onKey) AND \(distinct(column, "t", "d"))\(rule == .keep ? " AND s.granary_found IS NOT TRUE" : "")
            RETURNING s.granary_found)
        SELECT pg_catalog.count(*) FILTER (WHERE granary_found) AS count FROM changed
        """
    }

    /// Rows in which the column is not what it should be: the first, how many, and the first that was there before.
    func incomplete(_ column: String, values: String, _ rule: ConflictRule) -> String {
        """
        SELECT pg_catalog.min(s.granary_n) AS n, pg_catalog.count(*) AS count,
            pg_catalog.min(s.granary_n) FILTER (WHERE s.granary_found) AS old
        FROM \(target) t, \(temporary) s JOIN \(values) d ON d.granary_n = s.granary_n
        WHERE \(onKey) AND \(distinct(column, "t", "d"))\(rule == .keep ? " AND s.granary_found IS NOT TRUE" : "")
        """
    }

    func deletion(_ keys: String) -> String {
        """
        WITH gone AS (
            DELETE FROM \(target) t USING \(keys) s WHERE \(onKey) RETURNING 1)
        SELECT pg_catalog.count(*) AS count FROM gone
        """
    }

    /// How many rows of the target each of these keys finds.
    func matches(_ keys: String) -> String {
        """
        SELECT ARRAY[\(keyTexts)] AS key, pg_catalog.count(*) AS count
        FROM \(keys) s JOIN \(target) t ON \(onKey) GROUP BY 1 ORDER BY 2 DESC, 1
        """
    }
}
