internal import PostgresClient

extension ConnectedDatabase {
    /// The line for a shell that drops `database` on this server, without a password.
    func dropCommand(for database: String) -> String {
        let statement = "DROP DATABASE \"\(database.replacing("\"", with: "\"\""))\""
        if isLocal { return "granary server psql -c \(Shell.quoted(statement))" }
        return "psql \(Shell.quoted(shareableText)) -c \(Shell.quoted(statement))"
    }

    /// The address as `keyword=value` pairs that may be shown; what is missing libpq takes from where we took it.
    private var shareableText: String {
        var parameters = (try? ConnectionText(given.conninfo, origin: ""))?.parameters ?? [:]
        for override in given.overrides { parameters[override.keyword] = override.value }
        parameters["dbname"] = name
        for secret in ["password", "sslpassword"] { parameters[secret] = nil }
        return parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
            .joined(separator: " ")
    }

    private static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.contains(where: { $0.isWhitespace || $0 == "'" || $0 == "\\" }) else {
            return value
        }
        return "'\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    }
}

enum Shell {
    /// A word that a POSIX shell takes as it is.
    static func quoted(_ word: String) -> String { "'\(word.replacing("'", with: "'\\''"))'" }

    /// Quoted only where it must be.
    static func word(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isPlain && !word.isEmpty ? word : quoted(word)
    }
}
