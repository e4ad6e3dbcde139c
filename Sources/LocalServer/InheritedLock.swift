internal import Glibc
internal import Storage

/// The lock of a file. It is held until the value is destroyed and every process that inherited the descriptor has
/// ended.
///
/// On a file system without locks every caller gets it; then only PostgreSQL's own pid file protects the cluster.
struct InheritedLock: ~Copyable {
    let descriptor: CInt

    deinit { close(descriptor) }

    /// The lock of a file, which is created if missing; nil if another process holds it.
    ///
    /// - Throws: `LocalServerError` with `.folder`.
    static func attempt(_ path: String) throws -> InheritedLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw LocalServerError.cannot("open", path) }
        let lock = InheritedLock(descriptor: descriptor)
        if FileLock.take(descriptor) == .busy { return nil }
        return lock
    }

    /// Waits for the lock without blocking a thread of the cooperative pool.
    ///
    /// - Returns: nil if it was not free within `limit`.
    static func wait(
        for path: String,
        within limit: Duration,
        whenBusy: () -> Void = {}
    ) async throws -> InheritedLock? {
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
