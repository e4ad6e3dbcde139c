/// A name as it is written. Without a schema the session's search path decides.
package struct RelationName: Sendable, Hashable, CustomStringConvertible {
    package var schema: String?
    package var name: String

    package init(schema: String?, name: String) {
        self.schema = schema
        self.name = name
    }

    /// - Parameter names: The parts of a name, such as a schema and a table's; nil if there are none.
    package init?(names: [String]) {
        guard let name = names.last else { return nil }
        self.init(schema: names.dropLast().last, name: name)
    }

    /// A name as it is written in SQL, such as `shop."Order"`; nil for another text.
    package init?(spelled text: String) {
        var names: [String] = []
        var expectsName = true
        for lexeme in Lexeme.all(of: text) where !lexeme.kind.isTrivia {
            if expectsName, let name = lexeme.name {
                names.append(lexeme.kind == .word ? name.lowercased() : name)
            } else if expectsName || lexeme.text != "." {
                return nil
            }
            expectsName.toggle()
        }
        guard !expectsName else { return nil }
        self.init(names: names)
    }

    /// Hashes only the name: few names occur in two schemas.
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The name for messages, without quotes.
    package var description: String { schema.map { "\($0).\(name)" } ?? name }

    /// Whether two names can mean the same object; one of them may lack its schema.
    package func canBe(_ other: RelationName) -> Bool {
        name == other.name && (schema == other.schema || schema == nil || other.schema == nil)
    }
}
