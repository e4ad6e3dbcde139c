internal import PostgresClient

extension ConnectedDatabase {
    /// The line for a shell that drops `database` on this server, without a password.
    func dropCommand(for database: String) -> String {
        let statement = "DROP DATABASE \(QuotedText.name(database))"
        if isLocal { return "granary server psql -c \(QuotedText.shellWord(statement))" }
        return "psql \(QuotedText.shellWord(shareableText)) -c \(QuotedText.shellWord(statement))"
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
        let isPlain = value.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "'" && $0 != "\\" }
        return isPlain && !value.isEmpty ? value : QuotedText.connectionValue(value)
    }
}

extension DatabaseOptions {
    /// The options that name the database once more in a printed line: what was given on the command line is given again,
    /// without a password; what came from elsewhere comes from there.
    func words(for database: ConnectedDatabase) -> [String] {
        if local { return ["--local"] }
        return databaseURL == nil ? [] : ["--database-url", database.shareableText]
    }
}

extension StateOptions {
    /// `--state-schema` once more in a printed line, where it is another than the usual one.
    var words: [String] { stateSchema == "granary" ? [] : ["--state-schema", stateSchema] }
}
