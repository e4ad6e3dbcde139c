package import PostgresClient
package import Project

/// The chosen database, and the option or variable that named it. The choice does not need a connection.
///
/// The first that is set: `--database-url`, `--local`, `DATABASE_URL`, `DATABASE_HOST` and similar ones, libpq's own
/// variables, the local server if `.granary/` exists.
package enum DatabaseChoice: Sendable, Equatable {
    case server(ServerAddress, source: String)
    case localServer(source: String)

    /// The input of the choice.
    package struct Given: Sendable {
        /// `--database-url`.
        package var url: String?
        /// `--local`.
        package var isLocal = false
        /// Whether the working folder has a local server.
        package var hasLocalServer = false
        /// Whether it was stopped, so that only `--local` starts it.
        package var localServerIsStopped = false
        /// The rules of the chosen environment; nil if none was chosen yet.
        package var environment: EnvironmentPolicy?
        /// The process's environment variables.
        package var variables: [String: String] = [:]

        package init() {}

        /// An empty variable counts as unset, because make and compose files unset variables like that.
        func variable(_ name: String) -> String? {
            variables[name].flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    /// - Throws: `CommandError`.
    package static func from(_ given: Given) throws -> DatabaseChoice {
        if let url = given.url { return try fromOption(url, isLocal: given.isLocal) }
        if given.isLocal { return try localServer(given, source: "--local") }
        if let url = given.variable("DATABASE_URL") {
            return .server(try ForeignParameters(url, origin: "DATABASE_URL").address, source: "DATABASE_URL")
        }
        if let choice = try fromParts(given) { return choice }
        if let name = libpqVariables.first(where: { given.variable($0) != nil }) {
            return .server(ServerAddress(), source: name)
        }
        if given.hasLocalServer {
            let choice = try localServer(given, source: ".granary")
            guard given.localServerIsStopped else { return choice }
            throw CommandError(
                .noDatabase,
                "no database was given, and the local server of this folder was stopped",
                hint: "`granary server start` starts it, and so does --local; or set DATABASE_URL"
            )
        }
        throw CommandError(
            .noDatabase,
            "no database was given",
            hint: "give --database-url postgresql://user@host/database or set DATABASE_URL; "
                + "or run `granary server start` for a local one"
        )
    }

    /// Whether a database is given, completely or not.
    package static func isMade(from given: Given) -> Bool {
        let variables = ["DATABASE_URL", "DATABASE_HOST", "DATABASE_NAME"] + libpqVariables
        return given.url != nil || given.isLocal || variables.contains { given.variable($0) != nil }
            || given.hasLocalServer && !given.localServerIsStopped && given.environment?.refusesLocalServer != true
    }

    /// The chosen URL with the parameters in it that libpq does not know; nil if no URL was chosen.
    package static func foreignParameters(_ given: Given) -> ForeignParameters? {
        if let url = given.url { return try? ForeignParameters(url, origin: "--database-url") }
        guard !given.isLocal, let url = given.variable("DATABASE_URL") else { return nil }
        return try? ForeignParameters(url, origin: "DATABASE_URL")
    }

    private static func fromOption(_ url: String, isLocal: Bool) throws -> DatabaseChoice {
        guard !isLocal else {
            throw CommandError(.usage, "--database-url and --local contradict each other", hint: "give one of them")
        }
        guard !url.isEmpty else {
            throw CommandError(
                .usage,
                "--database-url is empty",
                hint: "the value may come from a variable that is not set; omit the option to use DATABASE_URL"
            )
        }
        do {
            return .server(try ForeignParameters(url, origin: "--database-url").address, source: "--database-url")
        } catch let error as CommandError {
            throw CommandError(.usage, error.message, hint: error.hint)
        }
    }

    private static let parts = [
        ("DATABASE_HOST", "host"), ("DATABASE_PORT", "port"), ("DATABASE_USER", "user"),
        ("DATABASE_PASSWORD", "password"), ("DATABASE_NAME", "dbname"), ("DATABASE_SSL_MODE", "sslmode"),
    ]

    /// A host without a database name, or a name without a host, means that the job lost half of its settings.
    private static func fromParts(_ given: Given) throws -> DatabaseChoice? {
        guard given.variable("DATABASE_HOST") != nil || given.variable("DATABASE_NAME") != nil else { return nil }
        guard given.variable("DATABASE_NAME") != nil else {
            throw CommandError(
                .noDatabase,
                "DATABASE_HOST is set, but DATABASE_NAME is not",
                hint: "set DATABASE_NAME too, or give --database-url"
            )
        }
        let overrides = parts.compactMap { variable, keyword in
            given.variable(variable).map { ServerAddress.Parameter(keyword, $0) }
        }
        let source = given.variable("DATABASE_HOST") != nil ? "DATABASE_HOST" : "DATABASE_NAME"
        return .server(ServerAddress("", overrides: overrides), source: source)
    }

    /// The variables that name a server; `PGPASSWORD` or `PGSSLMODE` alone do not.
    private static let libpqVariables = [
        "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE", "PGPORT", "PGUSER", "PGSERVICEFILE",
    ]

    private static func localServer(_ given: Given, source: String) throws -> DatabaseChoice {
        guard let environment = given.environment, environment.refusesLocalServer else {
            return .localServer(source: source)
        }
        let name = environment.name
        let hint = "give --database-url, or set DATABASE_URL"
        guard source == "--local" else {
            throw CommandError(
                .noDatabase,
                "no database was given, but the local server is not used for \(name)",
                hint: hint
            )
        }
        throw CommandError(.refused, "the local server is not used for \(name)", hint: hint)
    }
}
