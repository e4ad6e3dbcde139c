/// A table in options and in seeds.yaml: a name from the catalog, or else a pattern like that of psql's `\d`.
///
/// `users` matches in any schema, `shop.users` in this schema. `*` matches any characters, `?` one character, and parts of
/// regular expressions work too. Letters are folded to lower case. Between double quotes every character matches itself.
/// Source: `processSQLNamePattern` in PostgreSQL's `string_utils.c`.
package struct TablePattern: Sendable {
    private let text: String
    /// The parts for schema and table, or for the table alone; empty if the pattern cannot match anything.
    private let parts: [PatternPart]

    package init(_ text: String) {
        self.text = text
        let parts = PatternPart.split(text)
        self.parts = parts.count <= 2 ? parts : []
    }

    /// Compares byte by byte, as the server does. A name that contains dots or pattern characters matches as written, too.
    package func fits(_ table: TableName) -> Bool {
        if [table.name, table.description, table.quoted].contains(where: { $0.utf8.elementsEqual(text.utf8) }) {
            return true
        }
        guard let name = parts.last, name.fits(table.name) else { return false }
        return parts.count == 1 || parts[0].fits(table.schema)
    }
}

// Selecting from many tables.
extension TablePattern {
    /// The tables that match a text.
    package struct Choice<Table> {
        package var tables: [Table]
        /// Whether the text is the name of these tables, and not a pattern.
        package var isExact: Bool
    }

    /// The tables with exactly this name. If there are none, the tables that match the pattern.
    package static func choice<Table>(
        _ text: String,
        in tables: [Table],
        by name: (Table) -> TableName
    ) -> Choice<Table> {
        let exact = TableName.named(text, in: tables, by: name)
        guard exact.isEmpty else { return Choice(tables: exact, isExact: true) }
        let pattern = TablePattern(text)
        return Choice(tables: tables.filter { pattern.fits(name($0)) }, isExact: false)
    }

    /// The same for names that have no schema: of schemas, and of databases.
    package static func names(_ text: String, among names: [String]) -> [String] {
        let exact = names.filter {
            $0.utf8.elementsEqual(text.utf8) || QuotedText.name($0).utf8.elementsEqual(text.utf8)
        }
        let parts = PatternPart.split(text)
        guard exact.isEmpty, parts.count == 1 else { return exact }
        return names.filter(parts[0].fits)
    }

    /// A suggestion for a text without a match: `did you mean shop.orders?`
    package static func advice(_ text: String, among tables: [TableName]) -> String? {
        let isWhole = text.contains(".")
        let known = tables.map { isWhole ? $0.description : $0.name }
        guard let near = Spelling.nearest(to: text, among: known) else { return nil }
        return tables.first { (isWhole ? $0.description : $0.name) == near }.map { "did you mean \($0.spelling)?" }
    }
}

/// One part of a pattern.
struct PatternPart: Sendable {
    private enum Piece: Sendable, Equatable {
        case scalar(Unicode.Scalar)
        case one
        case many
    }

    private var pieces: [Piece] = []
    /// The regular expression, if the part contains more than `*` and `?`.
    private var expression = ""
    private var isExpression = false

    /// The parts of a pattern, between its dots.
    static func split(_ text: String) -> [PatternPart] {
        var parts = [PatternPart()]
        var isQuoted = false
        var scalars = Substring(text).unicodeScalars
        while let next = scalars.popFirst() {
            if next == "\"" {
                if isQuoted, scalars.first == "\"" {
                    scalars.removeFirst()
                    parts[parts.count - 1].add(next)
                } else {
                    isQuoted.toggle()
                }
            } else if !isQuoted, next == "." {
                parts.append(PatternPart())
            } else if isQuoted {
                parts[parts.count - 1].add(next)
            } else {
                parts[parts.count - 1].addUnquoted(next)
            }
        }
        return parts
    }

    /// Adds a character that matches itself.
    private mutating func add(_ scalar: Unicode.Scalar) {
        pieces.append(.scalar(scalar))
        let isSign = "|*+?()[]{}.^$\\".unicodeScalars.contains(scalar)
        expression += isSign ? "\\\(scalar)" : String(scalar)
    }

    private mutating func addUnquoted(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "*":
            pieces.append(.many)
            expression += ".*"
        case "?":
            pieces.append(.one)
            expression += "."
        case "|", "+", "(", ")", "[", "]", "{", "}", "^", "\\":
            isExpression = true
            expression += String(scalar)
        case "A"..."Z": add(Unicode.Scalar(UInt8(scalar.value) | 0x20))
        default: add(scalar)
        }
    }

    func fits(_ name: String) -> Bool {
        guard isExpression else { return fitsPieces(Array(name.unicodeScalars)) }
        // An invalid regular expression matches nothing.
        guard let regex = try? Regex("(?:\(expression))").matchingSemantics(.unicodeScalar) else { return false }
        return name.wholeMatch(of: regex) != nil
    }

    private func fitsPieces(_ name: [Unicode.Scalar]) -> Bool {
        var (place, position) = (0, 0)
        // Where to continue if the text after the last `*` does not match: then the `*` matches one character more.
        var retry: (place: Int, position: Int)?
        while position < name.count {
            if place < pieces.count, pieces[place] == .many {
                place += 1
                retry = (place, position)
            } else if place < pieces.count, pieces[place] == .one || pieces[place] == .scalar(name[position]) {
                (place, position) = (place + 1, position + 1)
            } else if let last = retry {
                retry = (last.place, last.position + 1)
                (place, position) = (last.place, last.position + 1)
            } else {
                return false
            }
        }
        return !pieces.isEmpty && pieces[place...].allSatisfy { $0 == .many }
    }
}
