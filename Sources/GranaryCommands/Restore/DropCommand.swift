internal import PostgresClient

extension ConnectedDatabase {
    /// The line for a shell that drops `database` on this server, without a password.
    func dropCommand(for database: String) -> String {
        let statement = "DROP DATABASE \"\(database.replacing("\"", with: "\"\""))\""
        if isLocal { return "granary server psql -c \(Shell.quoted(statement))" }
        return "psql \(Shell.quoted(shareableText)) -c \(Shell.quoted(statement))"
    }

    /// The address as `keyword=value` pairs that may be shown; what is missing libpq takes from where we took it.
    var shareableText: String {
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
}
