/// A pattern for tables in seeds.yaml and in options: `users` matches in any schema, `shop.users` in this schema, and
/// `*` in either part matches any characters. `"shop"."users"` is exactly this table.
package struct TablePattern: Sendable {
    private let text: String

    package init(_ text: String) { self.text = text }

    /// Compares byte by byte, as the server does. If a pattern with dots can be read in several ways, each way counts.
    package func fits(_ table: TableName) -> Bool {
        if [table.name, table.quoted].contains(where: { $0.utf8.elementsEqual(text.utf8) }) { return true }
        guard text.contains(".") else { return NamePattern(text).fits(table.name) }
        return text.indices.contains { index in
            text[index] == "." && NamePattern(text[..<index]).fits(table.schema)
                && NamePattern(text[text.index(after: index)...]).fits(table.name)
        }
    }
}
