internal import Glibc

/// flock(2): the lock of an open file or folder, which goes with its descriptor.
package enum FileLock {
    package enum Answer: Sendable, Equatable {
        case held, busy
        /// The file system has no locks.
        case unsupported
    }

    /// Asks for the lock once, without waiting.
    package static func take(_ descriptor: CInt) -> Answer {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            return errno == EWOULDBLOCK ? .busy : .unsupported
        }
        return .held
    }
}
