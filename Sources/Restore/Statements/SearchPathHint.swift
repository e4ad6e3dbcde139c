internal import PostgresClient

extension PostgresError {
    /// The server's hint, or one for a function that relies on `search_path`. A restore runs with an empty path, like
    /// pg_dump's own scripts, because a function that uses its caller's path can be made to find other objects.
    var restoreHint: String? {
        guard missesName else { return hint }
        return "a function in the database names something without its schema, and a restore runs with an empty "
            + "search_path, as pg_dump does: in the database that was backed up, ALTER FUNCTION … SET search_path = … "
            + "(or write the schema), then back it up again"
    }

    /// Whether a name without a schema was not found inside a function.
    private var missesName: Bool {
        guard let server, ["42P01", "42883", "42704", "3F000"].contains(server.sqlState) else { return false }
        let callers = server.context?.split(separator: "\n").filter { !$0.hasPrefix("COPY ") } ?? []
        guard server.internalQuery != nil || !callers.isEmpty else { return false }
        let message = server.message
        switch server.sqlState {
        // `function app.f(integer) does not exist`; for an operator the message has qualified types.
        case "42883": return !(message.contains("(") && message.prefix { $0 != "(" }.contains("."))
        // `no schema has been selected to create in`. A schema would be quoted.
        case "3F000": return !message.contains { "\"«„“”".contains($0) }
        // `relation "app.t" does not exist`
        default: return !message.contains(".")
        }
    }
}
