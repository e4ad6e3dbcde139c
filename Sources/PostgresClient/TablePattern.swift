/// What people write for tables, in seeds.yaml and in options: `users` is a table of any schema, `shop.users` one of this
/// schema, and `*` in either part stands for any characters. `"shop"."users"` is exactly this table.
package struct TablePattern: Sendable {
    private let text: String

    package init(_ text: String) { self.text = text }

    /// Byte by byte, as the server compares names. Where the names themselves hold dots, every reading fits.
    package func fits(_ table: TableName) -> Bool {
        if [table.name, table.quoted].contains(where: { $0.utf8.elementsEqual(text.utf8) }) { return true }
        guard text.contains(".") else { return NamePattern(text).fits(table.name) }
        return text.indices.contains { index in
            text[index] == "." && NamePattern(text[..<index]).fits(table.schema)
                && NamePattern(text[text.index(after: index)...]).fits(table.name)
        }
    }
}
