package import Project

/// A reference to a row, which a cell may give instead of the row's key.
///
///     "@alice"                          the row labelled alice, of the table that the column refers to
///     !ref alice                        the same
///     !ref users.alice                  the row labelled alice of users, in any column
///     !ref users{email: a@example.com}  the row of users with this value, in the files or in the database
package struct Reference: Sendable, Equatable {
    package enum Target: Sendable, Equatable {
        case label(String)
        case columns([Condition])
    }

    package struct Condition: Sendable, Equatable {
        package var column: String
        package var value: String
    }

    /// nil if the reference does not name a table: it then means the one that the column refers to.
    package var schema: String?
    package var table: String?
    package var target: Target

    /// - Throws: `SeedingError` with `.file` for an empty `!ref`.
    package init(_ node: SeedNode, text: String, file: String) throws(SeedingError) {
        let text = text.hasPrefix("@") ? String(text.dropFirst()) : text
        guard let brace = text.firstIndex(of: "{") else {
            var parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 3, !parts.contains("") else { throw Self.problem(node, file) }
            target = .label(parts.removeLast())
            table = parts.popLast()
            schema = parts.popLast()
            return
        }
        var names = text[..<brace].split(separator: ".").map(String.init)
        guard text.hasSuffix("}"), let name = names.popLast() else { throw Self.problem(node, file) }
        table = name
        schema = names.popLast()
        var conditions: [Condition] = []
        for pair in text[text.index(after: brace)...].dropLast().split(separator: ",") {
            guard let mark = pair.firstIndex(where: { $0 == ":" || $0 == "=" }) else { throw Self.problem(node, file) }
            conditions.append(
                Condition(column: Self.trimmed(pair[..<mark]), value: Self.trimmed(pair[pair.index(after: mark)...]))
            )
        }
        guard !conditions.isEmpty else { throw Self.problem(node, file) }
        target = .columns(conditions)
    }

    /// The reference in a cell; nil if the cell holds a value.
    ///
    /// - Parameter inReferenceColumn: Whether the column has a foreign key. `@label` is a reference only then.
    package static func of(
        _ node: SeedNode,
        inReferenceColumn: Bool,
        file: String
    ) throws(SeedingError) -> Reference? {
        if node.tag == "ref" {
            guard let text = node.text else { throw Self.problem(node, file) }
            return try Reference(node, text: text, file: file)
        }
        guard inReferenceColumn, node.tag == nil, let text = node.text, text.hasPrefix("@"), text.utf8.count > 1 else {
            return nil
        }
        return try Reference(node, text: text, file: file)
    }

    private static func problem(_ node: SeedNode, _ file: String) -> SeedingError {
        node.problem(
            file,
            "the reference is malformed",
            hint: "write !ref alice, !ref users.alice or !ref users{email: a@example.com}"
        )
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var slice = text[...]
        while let first = slice.first, first == " " { slice = slice.dropFirst() }
        while let last = slice.last, last == " " { slice = slice.dropLast() }
        if slice.count >= 2, let first = slice.first, first == "\"" || first == "'", slice.last == first {
            slice = slice.dropFirst().dropLast()
        }
        return String(slice)
    }
}
