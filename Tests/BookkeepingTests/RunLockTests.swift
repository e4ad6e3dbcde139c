import PostgresClient
import TestSupport
import Testing

@testable import Bookkeeping

@Suite struct RunLockTests {
    /// The keys must be the same in all versions.
    @Test func theKeysNeverChange() {
        #expect(RunLock.key(service: "shop") == 2_153_343_185_604_204_342)
        #expect(RunLock.workKey(service: "shop") == 4_864_233_018_597_767_682)
    }

    @Test func aRunThatWaitsForTheLockIsToldTheHolderAndHoldsNothing() async throws {
        try await whileHeld { held, other in
            var told: [String] = []
            let error = #expect(throws: RunLock.Occupied.self) {
                try RunLock(services: ["pay", "shop"]).take(within: .milliseconds(200), other) { told.append($0) }
            }
            #expect(told.count == 1)
            #expect(error?.holder == told.first)
            let own = try other.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            #expect(own.isEmpty)
        }
    }

    @Test func anotherServiceIsFree() async throws {
        try await whileHeld { _, other in
            var holders: [String] = []
            _ = try RunLock(services: ["pay"]).take(within: .zero, other) { holders.append($0) }
            #expect(holders == [])
        }
    }

    @Test func theSessionOfTheFilesSeesWhetherTheLockIsStillHeld() async throws {
        try await whileHeld { held, other in
            try #expect(held.isHeld(other))
            try other.execute(
                """
                DO $$ BEGIN
                    PERFORM pg_terminate_backend(pid) FROM pg_locks
                    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
                END $$
                """
            )
            for _ in 0..<100 where try held.isHeld(other) { try other.rest(for: .milliseconds(20)) }
            try #expect(!held.isHeld(other))
        }
    }

    /// Provides a second session while another session holds the lock of the service `shop`.
    private func whileHeld(_ body: @escaping @Sendable (RunLock.Held, inout Session) throws -> Void) async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            do {
                try await withHeldSession(
                    ServerAddress(url),
                    logger: quietLogger,
                    prepare: { try RunLock(services: ["shop"]).take(within: .seconds(1), $0) { _ in } },
                    release: { try RunLock.releaseAll($0) },
                    while: { held in try await inSession(url) { try body(held, &$0) } }
                )
            } catch let error as PostgresError where error.code == .connectionLost {
                // The test has terminated its session.
            }
        }
    }
}
