internal import SQLText

/// The meaning of a new migration's name: `add_email_to_users` is about `users.email`.
///
/// Missing parts become `change_me`, a name that does not exist on any server.
struct NameReading: Equatable {
    static let placeholder = "change_me"

    /// The table, type, function or view.
    var object: String
    var columns = [placeholder]
    /// The table that a foreign key refers to.
    var reference = placeholder
    /// Whether the index or constraint is unique.
    var isUnique = false
    /// Whether the migration removes what other migrations of its kind create: `remove_note_from_users`.
    let removes: Bool

    var column: String { columns[0] }

    /// - Parameter tables: Names of tables that migrations created, without their schemas.
    init(_ name: String, _ kind: MigrationKind, tables: Set<String>) {
        let said = name.split(separator: "_").map(String.init)
        removes =
            said.count > 1 && ["drop", "remove", "delete"].contains(said[0]) && ![.schema, .blank].contains(kind)
        let words = Self.withoutVerb(said)
        object = Self.placeholder
        switch kind {
        case .blank: break
        case .table, .enum, .function, .view:
            object = Self.joined(Self.without([kind.rawValue, "type"], words))
        case .data:
            let words = Self.without(["data", "rows"], words)
            object = Self.splitTable(words, tables).map(\.table) ?? Self.joined(words)
        case .column, .index, .constraint, .schema:
            isUnique = [.index, .constraint].contains(kind) && words.contains("unique")
            let words = Self.without([kind.rawValue, "idx", "check", "unique"], words)
            if let mark = Self.mark(["to", "from", "of", "in"], words) {
                (columns, object) = (Self.columns(words[..<mark]), Self.joined(words[(mark + 1)...]))
            } else if let mark = Self.mark(["on"], words) {
                readAround(mark, words, tables)
            } else {
                let prepositions: Set = ["on", "to", "from", "of", "in"]
                readTableAndColumn(words.filter { !prepositions.contains($0) }, tables, kind)
            }
        case .foreignKey:
            readForeignKey(Self.without(["foreign", "key", "fk", "fkey"], words), tables)
        }
    }

    /// The last of these words that has other words on both sides.
    private static func mark(_ marks: Set<String>, _ words: [String]) -> Int? {
        words.indices.last { marks.contains(words[$0]) && $0 > 0 && $0 < words.count - 1 }
    }

    /// Reads `users_on_email` and `email_on_users`.
    private mutating func readAround(_ mark: Int, _ words: [String], _ tables: Set<String>) {
        let (left, right) = (words[..<mark], words[(mark + 1)...])
        let isReversed = tables.contains(Self.joined(right)) && !tables.contains(Self.joined(left))
        object = Self.joined(isReversed ? right : left)
        columns = Self.columns(isReversed ? left : right)
    }

    private mutating func readTableAndColumn(_ words: [String], _ tables: Set<String>, _ kind: MigrationKind) {
        guard let (table, rest) = Self.splitTable(words, tables) else {
            // A column name alone does not tell its table.
            if kind == .column || words.count == 1 && kind != .schema {
                columns = Self.columns(words[...])
            } else if let first = words.first, words.count > 1 {
                (object, columns) = (first, Self.columns(words.dropFirst()))
            }
            return
        }
        object = table
        if !rest.isEmpty { columns = Self.columns(rest[...]) }
    }

    /// Reads column names that are joined by `and`: `user_id_and_area`.
    private static func columns(_ words: ArraySlice<String>) -> [String] {
        let names = words.split(separator: "and").map { joined($0) }
        return names.isEmpty ? [placeholder] : names
    }

    /// Reads `orders_to_users`, `orders_users`, `orders_user_id`, `user_id_to_orders`.
    private mutating func readForeignKey(_ words: [String], _ tables: Set<String>) {
        var column = Self.placeholder
        if let mark = Self.mark(["to", "references"], words) {
            let other = Self.joined(words[(mark + 1)...].filter { $0 != "from" })
            let own = words[..<mark].filter { $0 != "from" && $0 != "on" }
            if let (table, rest) = Self.splitTable(Array(own), tables) {
                (object, reference) = (table, other)
                if !rest.isEmpty { column = Self.joined(rest) }
            } else if words[mark] == "to", tables.contains(other) {
                // A column is added to a table.
                object = other
                column = refer(Self.joined(own), tables)
            } else {
                (object, reference) = (Self.joined(own), other)
            }
        } else if let (table, rest) = Self.splitTable(words.filter { $0 != "on" && $0 != "from" }, tables) {
            object = table
            if let (other, none) = Self.splitTable(rest, tables), none.isEmpty {
                reference = other
            } else if !rest.isEmpty {
                column = refer(Self.joined(rest), tables)
            }
        }
        if column == Self.placeholder, reference != Self.placeholder { column = "\(Self.singular(reference))_id" }
        columns = [column]
    }

    /// Finds the table that a column such as `user` or `user_id` refers to. Returns the name of the column.
    private mutating func refer(_ column: String, _ tables: Set<String>) -> String {
        let stem = column.hasSuffix("_id") ? String(column.dropLast(3)) : column
        reference = tables.sorted().first { Self.singular($0) == stem || $0 == stem } ?? Self.placeholder
        // If the table was found, the column is named after it.
        return reference == Self.placeholder ? column : "\(Self.singular(reference))_id"
    }

    /// The longest known table at the beginning of the words; nil if there is none.
    private static func splitTable(_ words: [String], _ tables: Set<String>) -> (table: String, rest: [String])? {
        for count in stride(from: words.count, to: 0, by: -1) {
            let name = joined(words[..<count])
            if tables.contains(name) { return (name, Array(words[count...])) }
        }
        // `index_users_on_email` with the words in another order.
        for start in words.indices where start > 0 {
            let name = joined(words[start...])
            if tables.contains(name) { return (name, Array(words[..<start])) }
        }
        return nil
    }

    private static func withoutVerb(_ words: [String]) -> [String] {
        let verbs: Set = [
            "add", "create", "new", "make", "insert", "alter", "change", "drop", "remove", "delete", "set", "link",
            "seed",
            "fill", "backfill", "populate", "rename", "split", "update",
        ]
        guard words.count > 1, verbs.contains(words[0]) else { return words }
        return Array(words.dropFirst())
    }

    private static func without(_ noise: [String], _ words: [String]) -> [String] {
        let rest = words.filter { !noise.contains($0) }
        return rest.isEmpty ? words : rest
    }

    private static func joined(_ words: some Sequence<String>) -> String { words.joined(separator: "_") }

    static func singular(_ name: String) -> String {
        if name.hasSuffix("ies") { return name.dropLast(3) + "y" }
        if name.hasSuffix("sses") || name.hasSuffix("xes") { return String(name.dropLast(2)) }
        return name.hasSuffix("s") && !name.hasSuffix("ss") ? String(name.dropLast()) : name
    }
}
