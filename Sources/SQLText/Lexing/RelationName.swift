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

    /// Hashes only the name: few names occur in two schemas.
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The name for messages, without quotes.
    package var description: String { schema.map { "\($0).\(name)" } ?? name }

    /// Whether two names can mean the same object; one of them may lack its schema.
    package func canBe(_ other: RelationName) -> Bool {
        name == other.name && (schema == other.schema || schema == nil || other.schema == nil)
    }
}
