internal import Archive
internal import SQLText

/// Removes secrets from the schema: passwords of user mappings, connection strings of subscriptions.
enum Redaction {
    static let placeholder = "'left out of the backup'"

    /// Replaces the secrets, and returns the names of their objects.
    static func redact(_ items: inout [Manifest.SchemaItem]) -> [String] {
        var redacted: [String] = []
        for index in items.indices {
            let text =
                switch items[index].kind {
                case "USER MAPPING": userMapping(items[index].sql)
                case "SUBSCRIPTION": subscription(items[index].sql)
                default: items[index].sql
                }
            guard text != items[index].sql else { continue }
            items[index].sql = text
            redacted.append("\(items[index].kind.lowercased()) \(items[index].name)")
        }
        return redacted
    }

    /// `OPTIONS (user 'u', password 'p')`: for some foreign data wrapper any option except the user's name may be a
    /// secret.
    private static func userMapping(_ sql: String) -> String {
        replacingStrings(sql) { option in
            ["USER", "USERNAME"].contains(option) ? nil : placeholder
        }
    }

    /// `CONNECTION '…'`
    private static func subscription(_ sql: String) -> String {
        replacingStrings(sql) { word in word == "CONNECTION" ? "'dbname=left_out_of_the_backup'" : nil }
    }

    /// The statement with other strings. `replacement` gets the word before a string, in upper case.
    private static func replacingStrings(_ sql: String, _ replacement: (_ word: String) -> String?) -> String {
        var word = ""
        return Lexeme.all(of: sql).map { lexeme in
            if let name = lexeme.name { word = name.uppercased() }
            guard lexeme.kind == .string, let other = replacement(word) else { return lexeme.text }
            return (lexeme.text.first == "'" ? "" : "E") + other
        }.joined()
    }
}
