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

    /// What people write for it, and `named(_:in:by:)` finds: quoted where a dot or a quote would leave a doubt.
    package var spelling: String {
        (schema + name).unicodeScalars.contains { $0 == "." || $0 == "\"" } ? quoted : description
    }

    /// As SQL writes it, always quoted.
    package var quoted: String { "\(QuotedText.name(schema)).\(QuotedText.name(name))" }

    /// Byte by byte, as the server compares: two names that only look the same are two names.
    package static func == (a: TableName, b: TableName) -> Bool {
        ExactText(a.schema) == ExactText(b.schema) && ExactText(a.name) == ExactText(b.name)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(schema))
        hasher.combine(ExactText(name))
    }

    package static func < (a: TableName, b: TableName) -> Bool { (a.schema, a.name) < (b.schema, b.name) }

    /// Those that a person means by `"schema"."table"`, else by `schema.table`, else by `table`.
    package static func named<Table>(_ text: String, in tables: [Table], by name: (Table) -> TableName) -> [Table] {
        for spelling in [\TableName.quoted, \.description, \.name] {
            let found = tables.filter { name($0)[keyPath: spelling].utf8.elementsEqual(text.utf8) }
            if !found.isEmpty { return found }
        }
        return []
    }
}
