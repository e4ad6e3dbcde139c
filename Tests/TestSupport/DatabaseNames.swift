import Synchronization

extension ThrowawayServer {
    private static let counter = Atomic<Int>(0)

    /// Provides a name for a database that `body` creates, and drops the database in the end.
    package func withName<R>(_ body: (_ name: String) async throws -> R) async throws -> R {
        let name = "restored_\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        let result: R
        do {
            result = try await body(name)
        } catch {
            try? await dropAll(likeName: name)
            throw error
        }
        try await dropAll(likeName: name)
        return result
    }

    /// Drops the database, and those that restores kept or left with names derived from it.
    package func dropAll(likeName name: String) async throws {
        let found = try await psql(
            url(database: "postgres"),
            "SELECT datname FROM pg_database WHERE datname = '\(name)' OR datname LIKE '\(name)\\_before\\_%'"
        )
        for database in found.split(separator: "\n") { try await execute("DROP DATABASE \"\(database)\" WITH (FORCE)") }
    }

    /// The names of all databases, to check that a failed restore leaves none behind.
    package func databases() async throws -> [String] {
        try await psql(url(database: "postgres"), "SELECT datname FROM pg_database ORDER BY 1").split(separator: "\n")
            .map(String.init)
    }
}

extension String {
    /// The database in a throw-away server's URL.
    package var databaseName: Substring { split(separator: "?")[0].split(separator: "/").last! }
}
