import PostgresClient
import TestSupport
import Testing

@testable import Databases

@Suite(.serialized) struct ScratchDatabaseTests {
    @Test func onlyDatabasesWhoseSessionHasEndedAreAbandoned() async throws {
        // On the shared server, a restore of another test would drop the abandoned database.
        let server = try await ThrowawayServer.start()
        let address = ServerAddress(server.url(database: "postgres"))
        // There is no process with this number.
        let dead = "x_granary_999999999_abcdef01"
        let other = "x_granary_mine"
        for name in [dead, other] { try await server.execute("CREATE DATABASE \"\(name)\" TEMPLATE template0") }
        let found = try await withHeldSession(
            address,
            logger: quietLogger,
            prepare: { $0.processID },
            while: { process in
                let alive = "x" + SessionMark.replacement.suffix(process: process)
                try await server.execute("CREATE DATABASE \"\(alive)\" TEMPLATE template0")
                let found = try await withSession(address, logger: quietLogger) {
                    try SessionMark.replacement.abandoned($0).filter { $0.hasPrefix("x_") }
                }
                try await server.execute("DROP DATABASE \"\(alive)\"")
                return found
            }
        )
        #expect(found == [dead])
        try await server.stop()
    }

    @Test func itIsDroppedWhenTheBodyFails() async throws {
        struct Failed: Error { var name: String }
        let server = try await ThrowawayServer.shared()
        let address = ServerAddress(server.url(database: "postgres"))
        let failed = try await #require(throws: Failed.self) {
            try await ScratchDatabase.with(address, keepsRoles: true, logger: quietLogger) { scratch in
                throw Failed(name: try await withSession(scratch, logger: quietLogger) { $0.database })
            }
        }
        #expect(failed.name.hasPrefix("granary_replay_"))
        #expect(try await !server.databases().contains(failed.name))
    }

    // The server drops no database with subscriptions. Its connection is never made, which shows that no slot is
    // requested.
    @Test func aDatabaseWithASubscriptionIsDroppedTooAlsoAfterAKilledRun() async throws {
        let server = try await ThrowawayServer.shared()
        let address = ServerAddress(server.url(database: "postgres"))
        @Sendable func subscribe(_ database: ServerAddress) async throws -> String {
            try await withSession(database, logger: quietLogger) { session in
                try session.execute(
                    "CREATE SUBSCRIPTION \"Odd \(session.processID)\" CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)"
                )
                return session.database
            }
        }
        let dead = "granary_replay_999999998_abcdef01"
        try await server.execute("CREATE DATABASE \(dead) TEMPLATE template0")
        _ = try await subscribe(address.database(dead))
        let name = try await ScratchDatabase.with(address, keepsRoles: true, logger: quietLogger) {
            try await subscribe($0)
        }
        let left = try await server.databases()
        #expect(!left.contains(name))
        #expect(!left.contains(dead))
    }
}
