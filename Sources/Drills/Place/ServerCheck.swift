internal import Archive
internal import Bookkeeping
internal import Logging
internal import PostgresClient
internal import Project

/// Whether a server may hold the rows of a backup for the time of a drill.
struct ServerCheck: Sendable {
    private let options: DrillOptions
    private let manifest: Manifest?
    private let logger: Logger

    init(_ options: DrillOptions, _ manifest: Manifest?, _ logger: Logger) {
        self.options = options
        self.manifest = manifest
        self.logger = logger
    }

    /// A server that was checked.
    struct Server: Sendable {
        /// Reaches this server only, even if the address that the user gave names several.
        var address: ServerAddress
        var host: String
        var version: String
    }

    /// - Returns: The server that answered. Whatever follows must use its address.
    /// - Throws: `DrillError.refused`, `PostgresError`.
    func run(_ address: ServerAddress) async throws -> Server {
        let schema = StateSchema(options.stateSchema)
        let (server, identifier, marker, database) = try await withSession(address, logger: logger) { session in
            try session.pin()
            try session.refuseViews()
            let server = Server(
                address: session.pinnedAddress,
                host: session.host,
                version: session.serverVersionText
            )
            return (server, try session.systemIdentifier(), try Marker(schema).read(session).name, session.database)
        }
        try requireOther(identifier)
        try requireMeant(marker, database)
        return server
    }

    /// A drill on the server of the source would compete with it for disk and memory, and prove little about a loss of
    /// that server.
    private func requireOther(_ identifier: String?) throws {
        guard !options.allowsSameServer else { return }
        guard let source = manifest?.server.systemIdentifier, let identifier else {
            throw DrillError(
                .refused,
                "it is unknown whether the server of \(option) is the one that was backed up",
                hint: "omit \(option) to use a temporary server, or add --same-server"
            )
        }
        guard source != identifier else {
            throw DrillError(
                .refused,
                "the server of \(option) is the one that was backed up",
                hint: "omit \(option) to use a temporary server, name another server, or add --same-server"
            )
        }
    }

    /// Rows of production do not belong on a server for development.
    private func requireMeant(_ marker: String?, _ database: String) throws {
        // Like every command, a drill takes granary's own server for one of development.
        let marker = marker ?? (options.isLocalServer ? "development" : nil)
        if let marker {
            if marker == manifest?.environment || options.environments.rules(of: marker).allowsDrills { return }
        }
        let source = manifest?.environment.map { "a backup of \($0)" } ?? "a backup of an unknown environment"
        let found = marker.map { "is marked \($0)" } ?? "is not marked with an environment"
        let way =
            marker.map { "or set \"drills\": true in the config of \($0) in environments.json" }
            ?? "or mark it: granary env mark NAME"
        throw DrillError(
            .refused,
            "the database \(database) of \(option) \(found), so \(source) is not restored beside it",
            hint: "omit \(option) to use a temporary server, \(way)"
        )
    }

    /// The option that named the server.
    private var option: String { options.isLocalServer ? "--local" : "--server" }
}
