internal import Archive

/// The rows that the COPY and INSERT statements of a plain dump hold, by table.
struct DumpTally: Sendable {
    private var rows: [[String]: Int] = [:]

    /// - Parameter table: The parts of its name.
    mutating func add(_ count: Int, to table: [String]) { rows[table, default: 0] += count }

    /// The numbers without granary's own tables.
    var counted: (tables: Int, rows: Int) {
        let own = OwnTables.schemas(
            among: rows.keys.filter { $0.count == 2 }.map { (schema: $0[0], name: $0[1]) }
        )
        let counted = rows.filter { $0.key.count != 2 || !own.contains(ExactText($0.key[0])) }
        return (counted.count, counted.values.reduce(0, +))
    }
}
