internal import Glibc
internal import Logging
internal import Storage

extension LocalCluster {
    /// Stops the server: ends sessions, writes everything. Waits until it has ended.
    ///
    /// - Returns: False if it was not running.
    /// - Throws: `LocalServerError` with `.stop` if it still runs after five minutes.
    @discardableResult
    package func stop() async throws -> Bool {
        // Stopping must not create a cluster.
        guard Files.exists(place.data) else { return false }
        return try await withCommandLock {
            // Without this file the next command would start the server again. The stop itself does not depend on it.
            try? Files.replace(place.stopFile, [], mode: 0o600)
            guard let process = ServerProcess.find(data: place.data) else { return false }
            try await end(process)
            // The server has removed its socket. The next start creates the folder again.
            rmdir(place.socket)
            return true
        }
    }

    /// Stops the server at once, and deletes its data and everything else in `.granary`.
    ///
    /// - Throws: `LocalServerError` with `.stop` or `.folder`.
    func delete() async throws {
        try await endAll()
        // Under the account of the server: in a folder of another account a link could mislead root.
        for folder in [place.socket, place.dataParent] where Files.exists(folder) {
            try await Program(as: account).run("/bin/rm", ["-rf", "--", folder])
            // The parent folder belongs to root, so only root can remove the empty folder.
            guard rmdir(folder) == 0 || errno == ENOENT else { throw LocalServerError.cannot("remove", folder) }
        }
        try await Program().run("/bin/rm", ["-rf", "--", place.folder])
        guard !Files.exists(place.folder) else { throw LocalServerError.cannot("remove", place.folder) }
    }

    /// Ends the server, also one that a killed command has begun to start.
    private func endAll() async throws {
        guard Files.exists(place.serverLock) else { return }
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            if let process = ServerProcess.find(data: place.data) { try await end(process, isImmediate: true) }
            if let lock = try await InheritedLock.wait(for: place.serverLock, within: .milliseconds(500)) {
                _ = consume lock
                return
            }
            guard .now < deadline else {
                throw LocalServerError(.busy, "processes of another server are using \(place.data)")
            }
        }
    }

    /// Signals the postmaster directly: pg_ctl would signal any process that a stale file names.
    ///
    /// - Parameter isImmediate: Without a checkpoint, for data that will be deleted.
    func end(_ process: ServerProcess, isImmediate: Bool = false) async throws {
        isImmediate ? process.requestImmediateShutdown() : process.requestFastShutdown()
        let deadline = ContinuousClock.now + .seconds(300)
        while ServerProcess.find(data: place.data)?.processID == process.processID {
            guard .now < deadline else {
                throw LocalServerError(
                    .stop,
                    "the local server (pid \(process.processID)) has not stopped within five minutes",
                    hint: "its log is \(place.log)"
                )
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
