package import PostgresClient

/// A connection URL with parameters that libpq does not know: drivers and migrators put their own into the same variable.
///
/// What names schemas is honored, what only another program needs is left out with a note, and what may have been meant
/// to protect the connection is refused.
package struct ForeignParameters: Sendable, Equatable {
    /// Where the URL leads without them.
    package let address: ServerAddress
    /// For people.
    package let notes: [String]
    /// `pgbouncer=true`: a pooler is between us and the server, whether or not it can be seen.
    package let expectsPooler: Bool

    /// - Parameter origin: Where the text came from, such as `DATABASE_URL`.
    /// - Throws: `CommandError` with `.noDatabase`.
    package init(_ text: String, origin: String) throws {
        let connection = try ConnectionText(text, origin: origin)
        let foreign = connection.isURL ? connection.parameters.filter { !Self.isKnown($0.key, $0.value) } : [:]
        try Self.requireHarmless(foreign.keys.sorted(), connection, origin)
        expectsPooler = foreign["pgbouncer"].map { $0 != "false" } ?? false
        notes = Self.notes(foreign.keys.sorted(), origin)
        var address = ServerAddress(connection.text(without: Set(foreign.keys)))
        let path = foreign["schema"].map(QuotedText.name) ?? foreign["search_path"]
        if let path {
            let value = path.map { $0 == " " || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
            let options = connection.parameters["options"].map { "\($0) " } ?? ""
            address = address.setting("options", to: "\(options)-c search_path=\(value)")
        }
        self.address = address
    }

    /// Parameters of drivers that say nothing to us.
    private static let ofDrivers: Set<String> = [
        "connection_limit", "pool_timeout", "statement_cache_size", "pgbouncer",
    ]
    private static let ofSchemas: Set<String> = ["schema", "search_path"]

    /// `ssl=true` is JDBC's, and libpq takes it.
    private static func isKnown(_ name: String, _ value: String) -> Bool {
        ServerAddress.keywords.contains(name) || name == "ssl" && value == "true"
    }

    private static func requireHarmless(_ names: [String], _ connection: ConnectionText, _ origin: String) throws {
        let unknown = names.filter { !ofDrivers.contains($0) && !ofSchemas.contains($0) && !$0.hasPrefix("x-") }
        // Behind a password there may be a part of it.
        if connection.hasPasswordInQuery, !unknown.isEmpty {
            throw CommandError(
                .noDatabase,
                "\(origin) has a parameter that libpq does not know, in addition to password",
                hint: "percent-encode special characters in the password: & as %26, = as %3D, % as %25"
            )
        }
        guard let refused = unknown.first(where: { $0.hasPrefix("ssl") }) else { return }
        throw CommandError(
            .noDatabase,
            "\(origin) has the parameter \(refused), which libpq does not know and which may protect the connection",
            hint: "write it as libpq reads it, such as sslmode=verify-full and sslrootcert=FILE"
        )
    }

    /// The table that `x-migrations-table` names is found by its columns, whatever its name.
    private static func notes(_ names: [String], _ origin: String) -> [String] {
        let ignored = names.filter { !ofSchemas.contains($0) }
        guard !ignored.isEmpty else { return [] }
        let subject = ignored.count == 1 ? "the parameter" : "the parameters"
        return [
            "\(subject) \(ignored.listed()) of \(origin) \(ignored.count == 1 ? "is" : "are") for other programs, and left out"
        ]
    }
}
