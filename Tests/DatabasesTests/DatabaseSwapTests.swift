import PostgresClient
import TestSupport
import Testing

@testable import Databases

/// Processes of all kinds that are connected to the databases to be renamed.
@Suite(.serialized)
struct DatabaseSwapTests {
    private func swap(
        _ server: ThrowawayServer,
        new: String,
        into name: String,
        keeping old: String? = nil,
        as role: String
    ) -> DatabaseSwap {
        let address = ServerAddress(server.url(database: "postgres").replacing("user=granary", with: "user=\(role)"))
        return DatabaseSwap(
            target: TargetDatabase(name: name, address: address, maintenance: address, exists: false),
            new: new,
            name: name,
            old: old,
            force: false,
            logger: quietLogger
        )
    }

    @Test func sessionsInTheUnfinishedDatabaseAreEnded() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withName { name in
            try await server.execute("CREATE DATABASE \(name)_new TEMPLATE template0")
            let visitor = Task { try? await psql(server.url(database: "\(name)_new"), "SELECT pg_sleep(60)") }
            try await eventually {
                try await psql(
                    server.url(database: "postgres"),
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(name)_new'"
                ) == "1"
            }
            _ = try await swap(server, new: "\(name)_new", into: name, as: "granary").run()
            #expect(try await server.databases().contains(name))
            _ = await visitor.value
        }
    }

    /// Runs statements in a transaction, which is committed when another session waits for it. That session is of `body`.
    private func withRival<R: Sendable>(
        _ statements: String,
        _ server: ThrowawayServer,
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let address = ServerAddress(server.url(database: "postgres"))
        let waiting = try await withHeldSession(
            address,
            logger: quietLogger,
            prepare: { session in
                try session.execute("BEGIN; \(statements)")
                return session.processID
            },
            release: { try $0.execute("COMMIT") },
            while: { process in
                let work = Task { try await body() }
                try await eventually {
                    try await psql(
                        server.url(database: "postgres"),
                        "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND \(process) = ANY (pg_blocking_pids(pid))"
                    ) == "t"
                }
                return work
            }
        )
        return try await waiting.value
    }

    @Test func aNameThatAnotherRestoreTakesMeanwhileIsNotUsed() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withName { name in
            for suffix in ["", "_new", "_other"] {
                try await server.execute("CREATE DATABASE \(name)\(suffix) TEMPLATE template0")
            }
            let swap = swap(server, new: "\(name)_new", into: name, keeping: "\(name)_old", as: "granary")
            let kept = try await withRival("ALTER DATABASE \(name)_other RENAME TO \(name)_old", server) {
                try await swap.run()
            }
            #expect(kept == "\(name)_old_2")
        }
    }

    /// The second restore begins and ends while the first one loads rows.
    @Test func theSecondOfTwoRestoresThatTakeOneNameIsKeptBeside() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withName { name in
            let address = ServerAddress(server.url(database: "postgres"))
            let target = TargetDatabase(name: name, address: address, maintenance: address, exists: false)
            let replacement = DatabaseReplacement(target: target, force: false, logger: quietLogger)
            let restore = { @Sendable (meanwhile: @escaping @Sendable () async throws -> Void) in
                try await replacement.run(
                    inspect: { session in
                        let properties = try #require(try session.properties(ofDatabase: "template1"))
                        return DatabaseReplacement.Plan(properties: properties, replaces: false, findings: ())
                    },
                    fill: { _, _ in
                        try await meanwhile()
                        return ((), .takesPlace(dropsOld: false))
                    }
                )
            }
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await restore { _ = try await restore {} }
            }
            #expect(error?.code == .taken)
            let kept = try await server.databases().filter { $0.hasPrefix("\(name)_restored_") }
            #expect(kept.count == 1)
            #expect(error?.message.contains(kept.first ?? "?") == true)
            #expect(try await server.databases().contains(name))
            for database in kept { try await server.execute("DROP DATABASE \"\(database)\"") }
        }
    }

    @Test func aDatabaseThatIsReplacedWhileASessionConnectsIsReached() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withName { name in
            for suffix in ["", "_new"] {
                try await server.execute("CREATE DATABASE \(name)\(suffix) TEMPLATE template0")
            }
            let statements =
                "ALTER DATABASE \(name) RENAME TO \(name)_old; ALTER DATABASE \(name)_new RENAME TO \(name)"
            let address = ServerAddress(server.url(database: name))
            let reached = try await withRival(statements, server) {
                try await withSession(address, logger: quietLogger) { $0.database }
            }
            #expect(reached == name)
        }
    }

    /// A worker of the server, as an extension could start: it applies a subscription, and restarts when it is ended.
    @Test func aWorkerOfTheServerIsEndedToo() async throws {
        let server = try await ThrowawayServer.start(options: ["wal_level": "logical"])
        try await server.withDatabase { source in
            try await psql(
                source,
                "CREATE TABLE t (a int); CREATE PUBLICATION p FOR TABLE t; SELECT pg_create_logical_replication_slot('granary_s', 'pgoutput')"
            )
            try await server.execute("CREATE DATABASE fresh TEMPLATE template0")
            let fresh = server.url(database: "fresh")
            try await psql(
                fresh,
                "CREATE TABLE t (a int); CREATE SUBSCRIPTION s CONNECTION 'host=\(server.folder) dbname=\(source.databaseName) user=granary' PUBLICATION p WITH (create_slot = false, slot_name = granary_s, copy_data = false)"
            )
            try await eventually {
                try await psql(
                    server.url(database: "postgres"),
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'fresh' AND backend_type LIKE 'logical replication%'"
                ) == "1"
            }
            let others = try await withSession(ServerAddress(server.url(database: "postgres")), logger: quietLogger) {
                try Occupant.others(on: ["fresh"], $0).map(\.description)
            }
            #expect(others.contains { $0.contains("logical replication") && $0.contains(" of granary (process ") })
            _ = try await swap(server, new: "fresh", into: "finished", as: "granary").run()
            #expect(try await server.databases().contains("finished"))
            // The worker restarts. The database can only be dropped while the slot is idle.
            try await psql(
                server.url(database: "finished"),
                "ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s"
            )
            try await eventually {
                try await psql(
                    source,
                    "SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots WHERE NOT active"
                ) == "1"
            }
        }
        try await server.stop()
    }

    @Test func aProcessThatTheRoleMayNotEndIsNamed() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withName { name in
            try await server.execute("DROP ROLE IF EXISTS modest")
            try await server.execute("CREATE ROLE modest LOGIN CREATEDB")
            try await server.execute("CREATE DATABASE \(name)_new OWNER modest TEMPLATE template0")
            let visitor = Task { try? await psql(server.url(database: "\(name)_new"), "SELECT pg_sleep(60)") }
            try await eventually {
                try await psql(
                    server.url(database: "postgres"),
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(name)_new'"
                ) == "1"
            }
            let error = await #expect(throws: DatabaseError.self) {
                try await swap(server, new: "\(name)_new", into: name, as: "modest").run()
            }
            #expect(error?.code == .notAllowed)
            #expect(
                error?.message.contains("granary") == true && error?.message.contains("modest may not end it") == true
            )
            #expect(error?.hint?.contains("restore as a superuser") == true)
            #expect(try await !server.databases().contains(name))
            try await server.execute("DROP DATABASE \(name)_new WITH (FORCE)")
            try await server.execute("DROP ROLE modest")
            _ = await visitor.value
        }
    }
}
