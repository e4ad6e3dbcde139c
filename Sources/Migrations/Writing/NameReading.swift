internal import SQLText

/// What the name of a new migration says: `add_email_to_users` is of `users.email`.
///
/// What it does not say becomes `change_me`, which no server takes for a name that is there.
struct NameReading: Equatable {
    static let placeholder = "change_me"

    /// The table, type, function or view.
    var object: String
    var column = placeholder
    /// The table that a foreign key points to.
    var reference = placeholder

    /// - Parameter tables: Names of tables that migrations have made, without their schema.
    init(_ name: String, _ kind: MigrationKind, tables: Set<String>) {
        let words = Self.withoutVerb(name.split(separator: "_").map(String.init))
        object = Self.placeholder
        switch kind {
        case .table, .enum, .function, .view:
            object = Self.joined(Self.without([kind.rawValue, "type"], words))
        case .data:
            let words = Self.without(["data", "rows"], words)
            object = Self.splitTable(words, tables).map(\.table) ?? Self.joined(words)
        case .column, .index, .constraint, .schema:
            let words = Self.without([kind.rawValue, "idx", "check"], words)
            if let mark = words.lastIndex(where: { ["to", "from", "of", "in"].contains($0) }), mark > 0,
                mark < words.count - 1
            {
                (column, object) = (Self.joined(words[..<mark]), Self.joined(words[(mark + 1)...]))
            } else {
                readTableAndColumn(words.filter { $0 != "on" }, tables, isAlteration: kind == .schema)
            }
        case .foreignKey:
            readForeignKey(Self.without(["foreign", "key", "fk", "fkey"], words), tables)
        }
    }

    private mutating func readTableAndColumn(_ words: [String], _ tables: Set<String>, isAlteration: Bool) {
        guard let (table, rest) = Self.splitTable(words, tables) else {
            // A single word is a column of nobody knows which table.
            if words.count == 1, !isAlteration {
                column = words[0]
            } else if let first = words.first, words.count > 1 {
                (object, column) = (first, Self.joined(words.dropFirst()))
            }
            return
        }
        object = table
        if !rest.isEmpty { column = Self.joined(rest) }
    }

    /// `orders_to_users`, `orders_users`, `orders_user_id`.
    private mutating func readForeignKey(_ words: [String], _ tables: Set<String>) {
        if let mark = words.firstIndex(where: { ["to", "references"].contains($0) }), mark > 0, mark < words.count - 1 {
            reference = Self.joined(words[(mark + 1)...].filter { $0 != "from" })
            let own = words[..<mark].filter { $0 != "from" && $0 != "on" }
            if let (table, rest) = Self.splitTable(Array(own), tables) {
                object = table
                if !rest.isEmpty { column = Self.joined(rest) }
            } else {
                object = Self.joined(own)
            }
        } else if let (table, rest) = Self.splitTable(words.filter { $0 != "on" && $0 != "from" }, tables) {
            object = table
            if let (other, none) = Self.splitTable(rest, tables), none.isEmpty {
                reference = other
            } else if !rest.isEmpty {
                column = Self.joined(rest)
                let stem = column.hasSuffix("_id") ? String(column.dropLast(3)) : column
                reference = tables.sorted().first { Self.singular($0) == stem || $0 == stem } ?? Self.placeholder
                // The name of what it refers to is not yet that of a column.
                if reference != Self.placeholder { column = "\(Self.singular(reference))_id" }
            }
        }
        if column == Self.placeholder, reference != Self.placeholder { column = "\(Self.singular(reference))_id" }
    }

    /// The longest known table that the words begin with, else with what is known of none, nil.
    private static func splitTable(_ words: [String], _ tables: Set<String>) -> (table: String, rest: [String])? {
        for count in stride(from: words.count, to: 0, by: -1) {
            let name = joined(words[..<count])
            if tables.contains(name) { return (name, Array(words[count...])) }
        }
        // `index_users_on_email` with the words in the other order.
        for start in words.indices where start > 0 {
            let name = joined(words[start...])
            if tables.contains(name) { return (name, Array(words[..<start])) }
        }
        return nil
    }

    private static func withoutVerb(_ words: [String]) -> [String] {
        let verbs: Set = ["add", "create", "new", "make", "insert", "alter", "change", "drop", "remove", "set", "link"]
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
