internal import Archive

/// The rows that the COPY and INSERT statements of a plain dump hold, by table.
struct DumpTally: Sendable {
    private var rows: [[String]: Int] = [:]
    /// Tables that the dump creates, by schema and name.
    private var created: [(schema: String, name: String)] = []

    /// - Parameter table: The parts of its name.
    mutating func add(_ count: Int, to table: [String]) { rows[table, default: 0] += count }

    /// Notes a table that may have no rows, so that granary's own are recognized by all of their tables.
    mutating func note(_ table: [String]) { if table.count == 2 { created.append((table[0], table[1])) } }

    /// The numbers without granary's own tables.
    var counted: (tables: Int, rows: Int) {
        let own = OwnTables.schemas(
            among: created + rows.keys.filter { $0.count == 2 }.map { (schema: $0[0], name: $0[1]) }
        )
        let counted = rows.filter { $0.key.count != 2 || !own.contains(ExactText($0.key[0])) }
        return (counted.count, counted.values.reduce(0, +))
    }
}
