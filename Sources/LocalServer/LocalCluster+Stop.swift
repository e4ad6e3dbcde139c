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

    /// Signals the postmaster directly: pg_ctl would signal any process that a stale file names.
    func end(_ process: ServerProcess) async throws {
        process.requestFastShutdown()
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
