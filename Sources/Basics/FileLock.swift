internal import Glibc

/// An flock(2) on an open file or folder, held until the value is gone or until every process that inherited the
/// descriptor is.
package struct FileLock: ~Copyable {
    package enum Answer: Sendable, Equatable {
        case held, busy
        /// The file system has no locks.
        case unsupported
    }

    package let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Asks for the lock once, without waiting; it goes when the descriptor is closed.
    package static func lock(_ descriptor: Int32) -> Answer {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            return errno == EWOULDBLOCK ? .busy : .unsupported
        }
        return .held
    }

    /// The lock of an open file, which is closed with it; nil, and the file closed, if someone else holds it.
    ///
    /// On a file system without locks everybody gets it.
    package static func attempt(owning descriptor: Int32) -> FileLock? {
        let lock = FileLock(descriptor: descriptor)
        if Self.lock(descriptor) == .busy { return nil }
        return lock
    }
}
