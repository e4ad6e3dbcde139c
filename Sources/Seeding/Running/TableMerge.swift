import PostgresClient

/// A temporary table with the rows for a table, and the statements that merge them.
struct TableMerge {
    let table: SeedCatalog.Table
    /// The name of the temporary table, ready for SQL: `pg_temp.…`.
    let temporary: String
    let key: [String]
    /// The names of all columns that at least one row gives.
    let columns: [String]
    /// Whether to number rows without using sequences, as a plan does.
    let avoidsSequences: Bool
    /// Whether the table has user triggers, which may change the rows that are written.
    let hasTriggers: Bool
    let target: String
    /// What is read instead of the target: the target itself, or a local copy of the rows that matter.
    let present: String
    private let quoted: [String: String]

    /// Rows that give the same columns in the same way.
    struct Group: Hashable {
        /// Columns with values.
        var plain: [String]
        /// Expressions by column.
        var expressions: [String: String]
        /// Columns that are NULL at first.
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
        // Citus admits triggers only on its local tables, whose changes are counted without them.
        hasTriggers = table.hasTriggers && !table.isDistributed
        target = session.quoted(table.name)
        present = table.isDistributed ? "\(temporary)_there" : target
        var quoted: [String: String] = [:]
        for column in table.columns { quoted[column.name] = session.quoted(column.name) }
        self.quoted = quoted
    }

    func q(_ column: String) -> String { quoted[column] ?? QuotedText.name(column) }

    /// Columns with the types of the target but without constraints, and for each row its number, its group, and
    /// whether the target contains it.
    ///
    /// - Parameter presumesFound: Whether to presume that the target contains all rows.
    func creation(presumesFound: Bool = false) -> String {
        let list =
            (["NULL::integer AS granary_n", "NULL::integer AS granary_g", "NULL::boolean AS granary_found"]
            + columns.map { "t.\(q($0))" }).joined(separator: ", ")
        return """
            CREATE TEMPORARY TABLE \(temporary.dropFirst(8)) ON COMMIT DROP AS SELECT \(list) FROM \(target) t WITH NO DATA;
            ALTER TABLE \(temporary) ALTER granary_found SET DEFAULT \(presumesFound)\(creationOfCopy)
            """
    }

    /// Gathers the statistics that plans of the other statements need.
    var analysis: String { "ANALYZE \(temporary) (\((["granary_g"] + key.map(q)).joined(separator: ", ")))" }

    /// The number of rows of the target that are equal to a row of the only group. If the target admits one row of each
    /// key, and this number is that of the group's rows, the target contains them all and no key occurs twice among them.
    ///
    /// - Parameter rule: With `keep`, equal keys are enough.
    func sameCount(_ group: Group, _ rule: ConflictRule) -> String {
        let differs = rule == .keep ? [] : changing(group).map(differs)
        return """
            SELECT pg_catalog.count(*) AS count FROM \(present) t
            WHERE EXISTS (SELECT FROM \(temporary) s WHERE \(onKey)
                \(differs.isEmpty ? "" : "AND NOT (\(differs.joined(separator: " OR ")))"))
            """
    }

    var copy: String {
        "COPY \(temporary) (\((["granary_n", "granary_g"] + columns.map(q)).joined(separator: ", "))) FROM STDIN"
    }

    var onKey: String { on("t") }

    /// - Parameter mayHoldNulls: Whether the keys of `s` may contain NULLs.
    func on(_ alias: String, mayHoldNulls: Bool = true) -> String {
        let findsNulls = mayHoldNulls && table.findsNulls(by: key)
        return key.map { column in
            let (one, other) = ("\(alias).\(q(column))", "s.\(q(column))")
            let same = "\(one) \(table.equality(column)) \(other)"
            let mayBeNull = findsNulls && table.column(column)?.isNotNull == false
            return mayBeNull ? "(\(same) OR \(one) IS NULL AND \(other) IS NULL)" : same
        }.joined(separator: " AND ")
    }

    /// Notes which rows the target contains.
    ///
    /// - Parameter presumesFound: What `creation` presumed. Only the other rows are written.
    func finding(presumesFound: Bool = false) -> String {
        presumesFound
            ? "UPDATE \(temporary) s SET granary_found = false WHERE NOT EXISTS (SELECT FROM \(present) t WHERE \(onKey))"
            : "UPDATE \(temporary) s SET granary_found = true FROM \(present) t WHERE \(onKey)"
    }

    /// Finds two rows of the temporary table whose keys the server considers equal, even if their texts differ.
    var duplicates: String {
        let list = key.map { "s.\(q($0))" }.joined(separator: ", ")
        return """
            SELECT pg_catalog.min(s.granary_n) AS first, (pg_catalog.array_agg(s.granary_n ORDER BY s.granary_n))[2] AS second
            FROM \(temporary) s GROUP BY \(list) HAVING pg_catalog.count(*) > 1 ORDER BY 2 LIMIT 1
            """
    }

    /// Finds the first row that matches several rows of the target.
    var ambiguous: String {
        """
        SELECT s.granary_n AS n, pg_catalog.count(*) AS count FROM \(temporary) s JOIN \(present) t ON \(onKey)
        GROUP BY s.granary_n HAVING pg_catalog.count(*) > 1 ORDER BY 1 LIMIT 1
        """
    }

    /// Whether `duplicates` finds rows.
    var hasDuplicates: String {
        let list = key.map { "s.\(q($0))" }.joined(separator: ", ")
        return """
            SELECT EXISTS (SELECT FROM \(temporary) s GROUP BY \(list) HAVING pg_catalog.count(*) > 1) AS any
            """
    }

    /// The number of rows of `missing`.
    func missingCount(_ number: Int) -> String {
        "SELECT pg_catalog.count(*) AS count FROM \(temporary) WHERE granary_g = \(number) AND granary_found IS NOT TRUE"
    }

    /// The rows of a group that the target does not contain.
    func missing(_ number: Int) -> String {
        "SELECT granary_n AS n FROM \(temporary) WHERE granary_g = \(number) AND granary_found IS NOT TRUE ORDER BY 1"
    }

    /// The rows of `missing` that the target still does not contain after the insertion.
    func lost(_ number: Int) -> String {
        """
        SELECT s.granary_n AS n FROM \(temporary) s WHERE s.granary_g = \(number) AND s.granary_found IS NOT TRUE
            AND NOT EXISTS (SELECT FROM \(present) t WHERE \(onKey)) ORDER BY 1
        """
    }

    /// Compares types without an equality operator by their text.
    func differs(_ column: String) -> String { distinct(column, "t", "s") }

    func distinct(_ column: String, _ one: String, _ other: String) -> String {
        let asText = ["json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "txid_snapshot"]
            .contains(table.column(column)?.typeName ?? "")
        let cast = asText ? "::pg_catalog.text" : ""
        return differ(
            "\(one).\(q(column))\(cast)",
            "\(other).\(q(column))\(cast)",
            asText ? "OPERATOR(pg_catalog.=)" : table.equality(column)
        )
    }

    /// IS DISTINCT FROM with a given operator, instead of one that the server looks up.
    private func differ(_ one: String, _ other: String, _ equality: String) -> String {
        "((\(one) \(equality) \(other)) IS NOT TRUE AND pg_catalog.num_nulls(\(one), \(other)) < 2)"
    }

    /// The columns that an update of an existing row may change. Identity columns are excluded, because the server
    /// refuses to change GENERATED ALWAYS.
    func changing(_ group: Group) -> [String] {
        group.plain.filter { !key.contains($0) && table.column($0)?.isIdentity != true }
    }

    /// The existing rows of a group that differ: the first one, and all of them.
    func difference(_ group: Group, number: Int) -> String? {
        let columns = changing(group)
        guard !columns.isEmpty else { return nil }
        return """
            SELECT pg_catalog.min(s.granary_n) AS n, pg_catalog.array_agg(s.granary_n)::pg_catalog.text[] AS rows
            FROM \(temporary) s JOIN \(present) t ON \(onKey)
            WHERE s.granary_g = \(number) AND s.granary_found AND (\(columns.map(differs).joined(separator: " OR ")))
            """
    }

    /// Updates rows and returns their number. For a table with triggers it also returns the numbers of the rows that
    /// really changed, because a trigger may restore the old values.
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

    /// - Parameter givesWay: Whether to omit rows that would violate a unique constraint.
    func insert(_ group: Group, number: Int, upTo last: Int? = nil, givesWay: Bool = false) -> String {
        """
        WITH made AS (
            \(insertion(group, "s.granary_g = \(number) AND s.granary_found IS NOT TRUE\(upTo(last))"))
            \(givesWay ? "ON CONFLICT DO NOTHING" : "") RETURNING 1)
        SELECT pg_catalog.count(*) AS count FROM made
        """
    }

    /// Inserts one row and returns its key as stored, because a trigger may change it.
    ///
    /// - Parameter takesOver: Whether to update and return an existing row with this key. The caller must roll that
    ///   back.
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

    /// Sets the key of a row of the temporary table to the key under which the target stores it.
    func rekey(_ row: Int, isThere: Bool) -> String {
        let list = key.enumerated().map { "\(q($1)) = $\($0 + 1)" }.joined(separator: ", ")
        return "UPDATE \(temporary) SET \(list)\(isThere ? ", granary_found = true" : "") WHERE granary_n = \(row)"
    }

    /// Removes rows that could not be inserted from the temporary table.
    func forget(_ rows: [Int]) -> String {
        "DELETE FROM \(temporary) WHERE granary_n IN (\(rows.map(String.init).joined(separator: ", ")))"
    }

    func upTo(_ last: Int?) -> String { last.map { " AND s.granary_n <= \($0)" } ?? "" }

    /// The target's values for the rows of the temporary table.
    func values(of column: String) -> String {
        """
        SELECT s.granary_n AS n, t.\(q(column))::pg_catalog.text AS value FROM \(temporary) s JOIN \(present) t ON \(onKey)
        WHERE s.granary_n = ANY ($1::integer[])
        """
    }

    /// The keys of the rows that the target did not contain before. Omits keys with a NULL, because a later run could not
    /// find their rows.
    var newKeys: String {
        let columns = key.map { "s.\(q($0))" }.joined(separator: ", ")
        let texts = key.map { "s.\(q($0))::pg_catalog.text" }.joined(separator: ", ")
        return """
            SELECT ARRAY[\(texts)] AS key FROM \(temporary) s
            WHERE s.granary_found IS NOT TRUE AND pg_catalog.num_nulls(\(columns)) = 0
            """
    }

    /// Whether the target contains more rows than this number.
    func hasOthers(than count: Int) -> String {
        "SELECT pg_catalog.count(*) > \(count) AS any FROM (SELECT 1 FROM \(target) LIMIT \(count + 1)) t"
    }

    /// Fills a postponed column.
    ///
    /// - Parameter rule: With `keep`, rows that existed before are not changed.
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

    /// The rows in which the column differs from the files: the first one, their number, and the first one that existed
    /// before.
    func incomplete(_ column: String, values: String, _ rule: ConflictRule) -> String {
        """
        SELECT pg_catalog.min(s.granary_n) AS n, pg_catalog.count(*) AS count,
            pg_catalog.min(s.granary_n) FILTER (WHERE s.granary_found) AS old
        FROM \(present) t, \(temporary) s JOIN \(values) d ON d.granary_n = s.granary_n
        WHERE \(onKey) AND \(distinct(column, "t", "d"))\(rule == .keep ? " AND s.granary_found IS NOT TRUE" : "")
        """
    }
}
