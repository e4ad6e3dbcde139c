/// Columns whose names say that they hold secrets.
package enum SecretColumn {
    /// Whether a name is one of these words, or ends with an underscore and one of them, whatever its case.
    package static func isMeant(by name: String) -> Bool {
        let name = Array(name.lowercased().utf8)
        return words.contains { word in
            name.count >= word.count && name.suffix(word.count).elementsEqual(word)
                && (name.count == word.count || name[name.count - word.count - 1] == UInt8(ascii: "_"))
        }
    }

    /// Whether a text contains such a name as a word.
    package static func isNamed(in text: String) -> Bool {
        text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { isMeant(by: String($0)) }
    }

    private static let words = [
        "password", "passwd", "pwd", "password_hash", "passwd_hash", "password_digest", "hashed_password",
        "encrypted_password", "secret", "secret_key", "secret_hash", "api_key", "apikey", "access_key", "private_key",
        "token", "token_hash",
    ].map { Array($0.utf8) }
}
