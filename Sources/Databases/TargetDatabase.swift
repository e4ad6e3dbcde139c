package import Logging
package import PostgresClient

/// The database that is replaced or changed, and a way to reach its server without being connected to it.
package struct TargetDatabase: Sendable {
    package let name: String
    /// The server, with the target as its database.
    package let address: ServerAddress
    /// A database to connect to while the target is renamed.
    package let maintenance: ServerAddress
    /// Whether the target exists already.
    package let exists: Bool

    /// - Parameter maintenanceDatabase: nil tries `postgres` and `template1`.
    /// - Throws: `DatabaseError.maintenance`, `PostgresError`.
    package static func find(
        _ name: String,
        on server: ServerAddress,
        maintenanceDatabase: String?,
        logger: Logger
    ) async throws -> TargetDatabase {
        let maintenance = try await maintenance(server, beside: name, maintenanceDatabase, logger)
        let exists = try await withSession(maintenance, logger: logger) { session in
            try session.query(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS there",
                [name]
            )[0].bool("there")
        }
        return TargetDatabase(name: name, address: server.database(name), maintenance: maintenance, exists: exists)
    }

    /// The first of the usual databases that accepts a connection. The target cannot be renamed while connected to it.
    private static func maintenance(
        _ server: ServerAddress,
        beside target: String,
        _ wanted: String?,
        _ logger: Logger
    ) async throws -> ServerAddress {
        let candidates = wanted.map { [$0] } ?? ["postgres", "template1"].filter { $0 != target }
        var failure: any Error = DatabaseError(
            .maintenance,
            "\(target) cannot also be the maintenance database",
            hint: "name another with --maintenance-db"
        )
        for candidate in candidates where candidate != target {
            do {
                // Pinned: if there are several hosts, all later connections must reach the one that answered.
                return try await withSession(server.database(candidate), logger: logger) { $0.pinnedAddress }
            } catch let error as PostgresError where error.code == .connection {
                failure = error
            }
        }
        throw failure
    }
}
