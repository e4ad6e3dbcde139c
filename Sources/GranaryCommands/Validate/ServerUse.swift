internal import Glibc

/// A lock file that is held by every command that uses a server. The last command notices that it is the last.
final class ServerUse: Sendable {
    private let descriptor: CInt

    private init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Waits while another command stops the server.
    ///
    /// - Returns: nil if the file system has no locks.
    /// - Throws: `CancellationError`.
    static func begin(_ path: String) async throws -> ServerUse? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        let use = ServerUse(descriptor)
        while flock(descriptor, LOCK_SH | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else { return nil }
            try await Task.sleep(for: .milliseconds(20))
        }
        return use
    }

    /// Whether no other command uses the server. If so, no command can begin to use it until this value is destroyed.
    var isLast: Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
}
