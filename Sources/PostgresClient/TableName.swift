/// A relation by its schema and its name, both as they are in the catalog, unquoted.
package struct TableName: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var schema: String
    package var name: String

    package init(schema: String, name: String) {
        self.schema = schema
        self.name = name
    }

    /// For people: never put into SQL, where `Session.quoted` belongs.
    package var description: String { "\(schema).\(name)" }

    package static func < (a: TableName, b: TableName) -> Bool { (a.schema, a.name) < (b.schema, b.name) }
}
