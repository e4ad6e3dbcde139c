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

    /// Byte by byte, as the server compares: two names that only look the same are two names.
    package static func == (a: TableName, b: TableName) -> Bool {
        a.schema.utf8.elementsEqual(b.schema.utf8) && a.name.utf8.elementsEqual(b.name.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for text in [schema, name] {
            for byte in text.utf8 { hasher.combine(byte) }
            hasher.combine(UInt8.max)
        }
    }

    package static func < (a: TableName, b: TableName) -> Bool { (a.schema, a.name) < (b.schema, b.name) }
}
