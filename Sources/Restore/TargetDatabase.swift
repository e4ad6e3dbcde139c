internal import Logging
internal import PostgresClient

/// The database that is restored, and how to reach its server without being connected to it.
struct TargetDatabase: Sendable {
    let name: String
    /// The server, with the target as its database.
    let address: ServerAddress
    /// A database to be connected to while the target is renamed.
    let maintenance: ServerAddress
    /// Whether it is there already.
    let exists: Bool

    /// - Parameter server: as the user gave it; its database is the target unless `into` names another.
    static func find(
        _ server: ServerAddress,
        into: String?,
        maintenanceDatabase: String?,
        logger: Logger
    ) async throws -> TargetDatabase {
        let name = into ?? server.resolvedDatabase
        guard !name.isEmpty else {
            throw RestoreError(.selection, "no database to restore into was named", hint: "add --into DB")
        }
        let maintenance = try await maintenance(server, beside: name, maintenanceDatabase, logger)
        let exists = try await withSession(maintenance, logger: logger) { session in
            try session.query(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS there",
                [name]
            )[0].bool("there")
        }
        return TargetDatabase(name: name, address: server.database(name), maintenance: maintenance, exists: exists)
    }

    /// The first of the usual databases that lets us in; the target itself cannot be renamed from within.
    private static func maintenance(
        _ server: ServerAddress,
        beside target: String,
        _ wanted: String?,
        _ logger: Logger
    ) async throws -> ServerAddress {
        let candidates = wanted.map { [$0] } ?? ["postgres", "template1"].filter { $0 != target }
        var failure: any Error = RestoreError(
            .preflight,
            "\(target) cannot be the maintenance database too",
            hint: "name another with --maintenance-db"
        )
        for candidate in candidates where candidate != target {
            do {
                // Pinned: of several hosts, all that follows must reach the one that answered.
                return try await withSession(server.database(candidate), logger: logger) { $0.pinnedAddress }
            } catch let error as PostgresError where error.code == .connection {
                failure = error
            }
        }
        throw failure
    }
}

/// A database of ours that is not finished, and where the old one goes.
enum DatabaseName {
    /// PostgreSQL cuts names after 63 bytes.
    static func derived(from name: String, _ suffix: String) -> String {
        var base = Substring(name)
        while base.utf8.count + suffix.utf8.count > 63 { base = base.dropLast() }
        return base + suffix
    }
}
