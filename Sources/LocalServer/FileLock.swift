import Glibc

/// An flock(2) on a file, held until `release` or until every process that inherited the descriptor is gone.
struct FileLock: ~Copyable {
    let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// The lock, or nil if someone else holds it.
    ///
    /// On a file system without locks everybody gets it: then PostgreSQL's own pid file is all there is.
    ///
    /// - Throws: `LocalServerError` with `.folder`.
    static func attempt(_ path: String) throws -> FileLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Files.failure("open", path) }
        let lock = FileLock(descriptor: descriptor)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK { return nil }
            break
        }
        return lock
    }

    /// Waits for the lock without blocking a thread of the pool.
    ///
    /// - Returns: Nil if it was not free within `limit`.
    static func wait(
        for path: String,
        within limit: Duration,
        whenBusy: () -> Void = {}
    ) async throws -> FileLock? {
        let deadline = ContinuousClock.now + limit
        var isFirst = true
        while true {
            if let lock = try attempt(path) { return lock }
            guard .now < deadline else { return nil }
            if isFirst { whenBusy() }
            isFirst = false
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
