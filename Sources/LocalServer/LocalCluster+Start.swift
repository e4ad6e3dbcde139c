internal import Glibc
internal import Logging
internal import PostgresClient
internal import Storage

/// The result of `LocalCluster.start`.
package struct LocalClusterStart: Sendable, Equatable {
    package let url: String
    /// Whether this call created the cluster.
    package let made: Bool
    /// Whether this call started the server; false if it was running.
    package let started: Bool
}

extension LocalCluster {
    /// Creates the cluster if there is none, starts the server unless it runs, waits until it answers, and creates the
    /// database if it is missing. Concurrent commands do this one after the other.
    ///
    /// - Throws: `LocalServerError`; `CancellationError`.
    @discardableResult
    package func start() async throws -> LocalClusterStart {
        try await withCommandLock {
            unlink(place.stopFile)
            if let running = try await reachableServer() {
                if try await answers(running) { return LocalClusterStart(url: url, made: false, started: false) }
            }
            let made = !place.isMade
            let installation = try await installation()
            if made { try await make(with: installation) }
            try record(installation)
            try await launch(with: installation)
            try await makeDatabase()
            return LocalClusterStart(url: url, made: made, started: true)
        }
    }

    /// The programs for this cluster: once it exists, those of its version.
    ///
    /// - Throws: `LocalServerError` with `.notInstalled` or `.wrongVersion`.
    func installation() async throws -> PostgresInstallation {
        let version = try? Files.text(of: "\(place.data)/PG_VERSION")
        if version == nil, let leastMajor { return try await PostgresInstallation.find(search, atLeast: leastMajor) }
        return try await PostgresInstallation.find(
            search,
            major: version.flatMap { PostgresInstallation.major(of: $0) }
        )
    }

    /// The running server, if it can be reached. If its socket was removed, the server is stopped so that it can be
    /// started again.
    private func reachableServer() async throws -> ServerProcess? {
        guard let process = ServerProcess.find(data: place.data) else { return nil }
        // A server that is still starting has no socket yet.
        if process.socket == place.socket || process.socket.isEmpty {
            if await appears(place.socketFile, within: .seconds(process.isReady ? 0 : 60)) { return process }
        }
        logger.notice("the local server's socket \(process.socket) is missing; starting the server again")
        try await end(process)
        return nil
    }

    /// Creates the database on a running server. False if the server ended meanwhile.
    private func answers(_ process: ServerProcess) async throws -> Bool {
        do {
            try await makeDatabase()
            return true
        } catch let error as LocalServerError {
            try await Task.sleep(for: .milliseconds(200))
            if ServerProcess.find(data: place.data) == process { throw error }
            return false
        }
    }

    private func appears(_ path: String, within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while !Files.exists(path) {
            guard .now < deadline, (try? await Task.sleep(for: .milliseconds(50))) != nil else { return false }
        }
        return true
    }

    private func make(with installation: PostgresInstallation) async throws {
        if isRecorded {
            throw LocalServerError(
                .folder,
                "the local server's data is missing from \(place.data)",
                hint: "restore it, or move \(place.folder) away to start with an empty server"
            )
        }
        try await ClusterCreation(place: place, account: account, installation: installation, logger: logger).run()
    }

    private func record(_ installation: PostgresInstallation) throws {
        let prefix = "\(place.folder)/"
        let record = ClusterRecord(
            project: place.project,
            dataFolder: place.data.hasPrefix(prefix) ? String(place.data.dropFirst(prefix.count)) : place.data,
            socketFolder: place.socket,
            port: ClusterPlace.port,
            version: installation.version,
            superuser: ClusterSettings.superuser,
            owner: geteuid()
        )
        guard (try? Files.text(of: place.recordFile)) != record.text else { return }
        do {
            try Files.replace(place.recordFile, Array(record.text.utf8), mode: 0o600)
        } catch {
            throw LocalServerError.cannot("write", error)
        }
    }

    // MARK: The server's process

    private func launch(with installation: PostgresInstallation) async throws {
        try PrivateFolder.make(place.socket, owner: account.userID, group: account.groupID)
        try await configure(with: installation)
        guard let lock = try await serverLock() else {
            throw LocalServerError(
                .busy,
                "processes of another server are using \(place.data)",
                hint: "it may run in another container that shares this folder: stop it there"
            )
        }
        try removeStaleFiles()
        logger.info("starting the local server", metadata: ["data": "\(place.data)"])
        let logged = Files.size(place.log)
        // The server inherits the lock as descriptor 9. So the lock is held exactly as long as one of its processes
        // lives, whatever happens to its pid file, and even another container can see it.
        let outcome = try await Program(as: account).run(
            "/bin/sh",
            [
                "-c", "exec 9<&0 </dev/null; exec \"$@\"", "sh", installation.program("pg_ctl"), "start", "-s", "-w",
                "-t", "600", "-D", place.data, "-l", place.log,
            ],
            standardInput: lock.descriptor
        )
        _ = consume lock  // The server's copy of the descriptor holds the lock from here on.
        guard outcome.succeeded else { throw startFailure(outcome, loggedFrom: logged) }
    }

    /// The lock that is held while the server lives. Processes of a killed server may take a moment to end.
    private func serverLock() async throws -> InheritedLock? {
        let isLeft = Files.exists(place.pidFile)
        return try await InheritedLock.wait(for: place.serverLock, within: .seconds(isLeft ? 20 : 5)) {
            logger.notice("waiting for the processes of the last local server to end")
        }
    }

    /// The caller holds the server's lock, so the process in these files cannot be this server. PostgreSQL would refuse
    /// to start while any process of its account has that number.
    private func removeStaleFiles() throws {
        guard Files.exists(place.pidFile) else { return }
        logger.notice("the local server was not shut down properly; it is recovering")
        for file in [place.pidFile, "\(place.socketFile).lock"] where Files.exists(file) {
            guard unlink(file) == 0 else { throw LocalServerError.cannot("remove the stale", file) }
        }
    }

    private func configure(with installation: PostgresInstallation) async throws {
        let text = ClusterSettings.configuration(
            socket: place.socket,
            compression: try await compression(of: installation),
            sharedMemory: ClusterSettings.sharedMemoryType
        )
        let file = "\(place.data)/granary.conf"
        guard (try? Files.text(of: file)) != text else { return }
        try await ClusterCreation(place: place, account: account, installation: installation, logger: logger)
            .write(text, to: file)
    }

    /// lz4 exists since PostgreSQL 15 and only if it was built in, so the server is asked.
    private func compression(of installation: PostgresInstallation) async throws -> String {
        let outcome = try await Program(as: account).run(
            installation.program("postgres"),
            [
                "-D", place.data, "-c", "config_file=\(place.data)/postgresql.conf", "-c", "wal_compression=lz4", "-C",
                "wal_compression",
            ]
        )
        return outcome.succeeded ? "lz4" : "on"
    }

    private func startFailure(_ outcome: Program.Outcome, loggedFrom offset: Int) -> LocalServerError {
        let start = max(offset, Files.size(place.log) - 1 << 20)
        let log = String(decoding: (try? Files.bytes(of: place.log, from: start)) ?? [], as: UTF8.self)
        let lines = log.split(separator: "\n").suffix(10).map { "\n  \($0)" }.joined()
        return LocalServerError(
            .start,
            "the local server in \(place.data) did not start\(lines.isEmpty ? ": \(outcome.lastLine)" : ":\(lines)")",
            hint: "its complete log is \(place.log)"
        )
    }

    // MARK: The database

    /// Also proves that the server answers.
    private func makeDatabase() async throws {
        let database = database
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try await withSession(ServerAddress(url(database: "postgres")), logger: logger) { session in
                    let known = try session.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", [database])
                    if known.isEmpty { try session.execute("CREATE DATABASE \(session.quoted(database))") }
                }
            } catch let error as PostgresError {
                // 57P03: still starting up, or recovering after a power cut.
                if error.isStartingUp, .now < deadline {
                    try await Task.sleep(for: .milliseconds(100))
                    continue
                }
                throw LocalServerError(
                    .start,
                    "the local server in \(place.data) does not answer: \(error)",
                    hint: error.hint ?? "its log is \(place.log)"
                )
            }
        }
    }
}

extension PostgresError {
    fileprivate var isStartingUp: Bool { sqlState == "57P03" || message.contains("starting up") }
}
