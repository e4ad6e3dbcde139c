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

    private var onKey: String {
        key.map { "t.\(q($0)) \(table.equality($0)) s.\(q($0))" }.joined(separator: " AND ")
    }

    var finding: String {
        "UPDATE \(temporary) s SET granary_found = true FROM \(target) t WHERE \(onKey)"
    }

    /// Some types have no equality; their text has.
    private func differs(_ column: String) -> String {
        let asText = ["json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "txid_snapshot"]
            .contains(table.column(column)?.typeName ?? "")
        let cast = asText ? "::pg_catalog.text" : ""
        return differ(
            "t.\(q(column))\(cast)",
            "s.\(q(column))\(cast)",
            asText ? "OPERATOR(pg_catalog.=)" : table.equality(column)
        )
    }

    /// IS DISTINCT FROM, with an operator that is named and not looked up.
    private func differ(_ one: String, _ other: String, _ equality: String) -> String {
        "((\(one) \(equality) \(other)) IS NOT TRUE AND pg_catalog.num_nulls(\(one), \(other)) < 2)"
    }

    /// The columns that a row that is there already can lose its own values of.
    /// Not an identity: the server lets nobody change one that it always makes itself.
    func changing(_ group: Group) -> [String] {
        group.plain.filter { !key.contains($0) && table.column($0)?.isIdentity != true }
    }

    /// Rows that are there and differ.
    func difference(_ group: Group, number: Int) -> String? {
        let columns = changing(group)
        guard !columns.isEmpty else { return nil }
        return """
            SELECT pg_catalog.min(s.granary_n) AS n FROM \(temporary) s JOIN \(target) t ON \(onKey)
            WHERE s.granary_g = \(number) AND (\(columns.map(differs).joined(separator: " OR ")))
            """
    }

    func update(_ group: Group, number: Int, upTo last: Int? = nil) -> String? {
        let columns = changing(group)
        guard !columns.isEmpty else { return nil }
        return """
            WITH changed AS (
                UPDATE \(target) t SET \(columns.map { "\(q($0)) = s.\(q($0))" }.joined(separator: ", "))
                FROM \(temporary) s
                WHERE s.granary_g = \(number) AND s.granary_found AND \(onKey)\(upTo(last))
                    AND (\(columns.map(differs).joined(separator: " OR ")))
                RETURNING 1)
            SELECT pg_catalog.count(*) AS count FROM changed
            """
    }

    /// - Parameter givesWay: Rows that would break a unique constraint stay out.
    func insert(_ group: Group, number: Int, upTo last: Int? = nil, givesWay: Bool = false) -> String {
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
            WITH made AS (
                INSERT INTO \(target) \(list)
                SELECT \(values.joined(separator: ", ")) FROM \(temporary) s
                WHERE s.granary_g = \(number) AND s.granary_found IS NOT TRUE\(upTo(last)) ORDER BY s.granary_n
                \(givesWay ? "ON CONFLICT DO NOTHING" : "") RETURNING 1)
            SELECT pg_catalog.count(*) AS count FROM made
            """
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
        "SELECT coalesce(s.granary_found, false) AS found, ARRAY[\(key.map { "s.\(q($0))::text" }.joined(separator: ", "))] AS key FROM \(temporary) s ORDER BY s.granary_n"
    }

    /// Fills what had to wait.
    func completion(_ columns: [String], values: String) -> String {
        """
        WITH changed AS (
            UPDATE \(target) t SET \(columns.map { "\(q($0)) = d.\(q($0))" }.joined(separator: ", "))
            FROM \(temporary) s JOIN \(values) d ON d.granary_n = s.granary_n
            WHERE \(onKey) AND (\(columns.map { differ("t.\(q($0))", "d.\(q($0))", table.equality($0)) }.joined(separator: " OR ")))
            RETURNING s.granary_found)
        SELECT pg_catalog.count(*) FILTER (WHERE granary_found) AS count FROM changed
        """
    }

    func deletion(_ keys: String) -> String {
        """
        WITH gone AS (
            DELETE FROM \(target) t USING \(keys) s WHERE \(onKey) RETURNING 1)
        SELECT pg_catalog.count(*) AS count FROM gone
        """
    }
}
