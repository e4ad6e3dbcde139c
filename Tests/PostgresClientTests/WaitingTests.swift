import Glibc
import PostgresClient
import TestSupport
import Testing

@Suite struct WaitingTests {
    @Test func cancellingTheTaskEndsTheStatementOnTheServer() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let task = Task {
                try await withSession(ServerAddress(url), logger: quietLogger) { try $0.query("SELECT pg_sleep(600)") }
            }
            try await eventually { try await psql(url, running) == "1" }
            let start = ContinuousClock.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ContinuousClock.now - start < .seconds(300))
            try await eventually { try await psql(url, running) == "0" }
        }
    }

    private let running =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active' AND datname = current_database()"

    @Test func aDeadlineEndsAStatement() async throws {
        try await withDatabaseSession { session in
            let start = ContinuousClock.now
            let error = try #require(throws: PostgresError.self) {
                try session.within(.milliseconds(200)) { try $0.query("SELECT pg_sleep(600)") }
            }
            #expect(error.code == .timeout)
            #expect(ContinuousClock.now - start < .seconds(300))
        }
    }

    @Test func aTerminatedSessionIsALostConnection() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let session = Task {
                try await withSession(ServerAddress(url), logger: quietLogger) { try $0.query("SELECT pg_sleep(61)") }
            }
            let terminate = """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE query LIKE 'SELECT pg_sleep(61)%' AND state = 'active' AND datname = current_database()
                """
            try await eventually { try await psql(url, terminate) == "1" }
            let error = try await #require(throws: PostgresError.self) { try await session.value }
            #expect(error.code == .connectionLost)
            #expect(error.sqlState == "57P01")
        }
    }

    /// The reason arrives as a notice in this state.
    @Test func aTerminatedHoldingSessionStillReportsTheReason() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let error = await #expect(throws: PostgresError.self) {
                try await withHeldSession(
                    ServerAddress(url),
                    logger: quietLogger,
                    prepare: { $0.processID },
                    while: { pid in
                        try await psql(url, "SELECT pg_terminate_backend(\(pid))")
                        try await Task.sleep(for: .seconds(600))
                    }
                )
            }
            #expect(error?.code == .connectionLost)
            #expect(error?.sqlState == "57P01")
        }
    }

    /// Work that was finished in spite of the loss is kept.
    @Test func workFinishedBesideALostSessionCounts() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let answer = try await withHeldSession(
                ServerAddress(url),
                logger: quietLogger,
                prepare: { $0.processID },
                while: { pid in
                    // This task is not cancelled when the loss is noticed.
                    _ = await Task { try? await psql(url, "SELECT pg_terminate_backend(\(pid))") }.value
                    while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
                    return 42
                }
            )
            #expect(answer == 42)
        }
    }

    @Test func aHeldSessionIsLetGoWhenTheBodyEndsAndItsLossEndsTheBody() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let address = ServerAddress(url)
            let prepare: @Sendable (inout Session) throws -> Int = { session in
                try session.execute("BEGIN")
                return session.processID
            }
            let sum = try await withHeldSession(address, logger: quietLogger, prepare: prepare) { pid in
                try await #expect(
                    psql(url, "SELECT state FROM pg_stat_activity WHERE pid = \(pid)") == "idle in transaction"
                )
                return 41 + 1
            }
            #expect(sum == 42)
            let start = ContinuousClock.now
            await #expect(throws: (any Error).self) {
                try await withHeldSession(address, logger: quietLogger, prepare: prepare) { pid in
                    try await psql(url, "SELECT pg_terminate_backend(\(pid))")
                    try await Task.sleep(for: .seconds(600))
                }
            }
            #expect(ContinuousClock.now - start < .seconds(300))
        }
    }

    /// The loss of the holding session happens first, but is less important.
    @Test func anUnknownOutcomeIsReportedFirst() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let error = try await #require(throws: PostgresError.self) {
                try await withHeldSession(ServerAddress(url), logger: quietLogger, prepare: { $0.processID }) { pid in
                    _ = try? await psql(url, "SELECT pg_terminate_backend(\(pid))")
                    try? await Task.sleep(for: .seconds(600))
                    throw PostgresError(code: .inDoubt, message: "nobody knows")
                }
            }
            #expect(error.code == .inDoubt)
        }
    }

    @Test func aServerThatIsNotThereIsSaidWithAHint() async throws {
        let error = try await #require(throws: PostgresError.self) {
            try await withSession(ServerAddress("host=127.0.0.1 port=1 dbname=x password=hunter2"), logger: quietLogger)
            { _ in }
        }
        #expect(error.code == .connection)
        #expect(error.hint != nil)
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test func aRefusedConnectionHasItsSQLSTATE() async throws {
        let server = try await ThrowawayServer.shared()
        let error = try await #require(throws: PostgresError.self) {
            try await withSession(ServerAddress(server.url(database: "not there")), logger: quietLogger) { _ in }
        }
        #expect(error.code == .connection)
        #expect(error.sqlState == "3D000")
        #expect(error.message.hasSuffix("database \"not there\" does not exist"))
        #expect(!error.message.contains("3D000"))
        #expect(error.hint == "create it with createdb, or correct the name; psql -l lists the databases")
    }

    @Test func aServerThatNeverAnswersIsGivenUp() async throws {
        // A socket that accepts connections but never answers.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let port = try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                try #require(bind(listener, pointer, length) == 0)
                try #require(listen(listener, 4) == 0)
                getsockname(listener, pointer, &length)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        let start = ContinuousClock.now
        let error = try await #require(throws: PostgresError.self) {
            try await withSession(
                ServerAddress("host=127.0.0.1 port=\(port) dbname=x connect_timeout=1"),
                logger: quietLogger
            ) { _ in }
        }
        #expect(error.code == .connection)
        #expect(ContinuousClock.now - start < .seconds(120))
    }

    @Test func manySmallRecordsOverTLSDoNotHang() async throws {
        try await withTLSServer { url in
            let rows = try await withSession(ServerAddress(url + "&sslmode=require"), logger: quietLogger) { session in
                try #expect(session.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0].bool("ssl"))
                return try session.copyOut(
                    "COPY (SELECT repeat('x', 20 + (n % 16384)) FROM generate_series(1, 20000) n) TO STDOUT"
                ) { rows in
                    var count = 0
                    while try rows.next({ _ in count += 1 }) {}
                    return count
                }
            }
            #expect(rows == 20_000)
        }
    }
}

/// A server of its own that speaks TLS on a port of the loopback address.
private func withTLSServer(_ body: (String) async throws -> Void) async throws {
    try await ScratchFolder.with { scratch in
        let (key, certificate) = (scratch.file("server.key"), scratch.file("server.crt"))
        let made = try await runCommand(
            "openssl",
            [
                "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost", "-out", certificate,
                "-keyout", key,
            ]
        )
        try #require(made.status == 0, "\(made)")
        let port = try ObjectStore.freePorts(1)[0]
        let server = try await ThrowawayServer.start(options: ["listen_addresses": "127.0.0.1", "port": "\(port)"])
        do {
            for file in [key, certificate] {
                let name = file.split(separator: "/").last.map(String.init) ?? ""
                try await runCommand("cp", [file, "\(server.data)/\(name)"])
                try await runCommand("chown", ["--reference=\(server.data)", "\(server.data)/\(name)"])
                try await runCommand("chmod", ["600", "\(server.data)/\(name)"])
            }
            let local = "host=\(server.folder) port=\(port) user=\(ThrowawayServer.superuser) dbname=postgres"
            try await psql(local, "ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf()")
            try await Task.sleep(for: .milliseconds(500))
            try await body("postgresql://\(ThrowawayServer.superuser)@127.0.0.1:\(port)/postgres?connect_timeout=10")
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }
}
