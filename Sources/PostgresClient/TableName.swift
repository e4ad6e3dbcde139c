/// A relation, by its schema and name as in the catalog, unquoted.
package struct TableName: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var schema: String
    package var name: String

    package init(schema: String, name: String) {
        self.schema = schema
        self.name = name
    }

    /// For messages. For SQL use `Session.quoted`.
    package var description: String { "\(schema).\(name)" }

    /// The form that users write, and that `named(_:in:by:)` finds. It is quoted if a dot or a quote makes it
    /// ambiguous.
    package var spelling: String {
        (schema + name).unicodeScalars.contains { $0 == "." || $0 == "\"" } ? quoted : description
    }

    /// For SQL, always quoted.
    package var quoted: String { "\(QuotedText.name(schema)).\(QuotedText.name(name))" }

    /// Byte by byte, as the server compares. Names that only look the same are different.
    package static func == (a: TableName, b: TableName) -> Bool {
        ExactText(a.schema) == ExactText(b.schema) && ExactText(a.name) == ExactText(b.name)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(schema))
        hasher.combine(ExactText(name))
    }

    package static func < (a: TableName, b: TableName) -> Bool { (a.schema, a.name) < (b.schema, b.name) }

    /// The tables whose name is `"schema"."table"`, or else `schema.table`, or else `table`.
    package static func named<Table>(_ text: String, in tables: [Table], by name: (Table) -> TableName) -> [Table] {
        for spelling in [\TableName.quoted, \.description, \.name] {
            let found = tables.filter { name($0)[keyPath: spelling].utf8.elementsEqual(text.utf8) }
            if !found.isEmpty { return found }
        }
        return []
    }
}
