package import PostgresClient

/// A connection URL with parameters that libpq does not know. Drivers and migration tools put their own parameters into
/// the same variable.
///
/// Parameters that name schemas are used. Those that only matter to another program are ignored with a note. Those that
/// may protect the connection are refused.
package struct ForeignParameters: Sendable, Equatable {
    /// The URL without these parameters.
    package let address: ServerAddress
    /// Notes for the user.
    package let notes: [String]
    /// `pgbouncer=true`: there is a pooler between granary and the server, even if it cannot be detected.
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

    /// Parameters of drivers that do not concern granary.
    private static let ofDrivers: Set<String> = [
        "connection_limit", "pool_timeout", "statement_cache_size", "pgbouncer",
    ]
    private static let ofSchemas: Set<String> = ["schema", "search_path"]

    /// `ssl=true` is a parameter of JDBC that libpq accepts too.
    private static func isKnown(_ name: String, _ value: String) -> Bool {
        ServerAddress.keywords.contains(name) || name == "ssl" && value == "true"
    }

    private static func requireHarmless(_ names: [String], _ connection: ConnectionText, _ origin: String) throws {
        let unknown = names.filter { !ofDrivers.contains($0) && !ofSchemas.contains($0) && !$0.hasPrefix("x-") }
        // The text after an unescaped character of a password may be a part of the password, so it is not shown.
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

    /// The table that `x-migrations-table` names is found by its columns anyway.
    private static func notes(_ names: [String], _ origin: String) -> [String] {
        let ignored = names.filter { !ofSchemas.contains($0) }
        guard !ignored.isEmpty else { return [] }
        let subject = ignored.count == 1 ? "the parameter" : "the parameters"
        return [
            "\(subject) \(ignored.listed()) of \(origin) \(ignored.count == 1 ? "is" : "are") for other programs, and left out"
        ]
    }
}
