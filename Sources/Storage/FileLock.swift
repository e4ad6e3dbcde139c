internal import Glibc

/// flock(2): the lock of an open file or folder. Closing the descriptor releases it.
package enum FileLock {
    package enum Answer: Sendable, Equatable {
        case held, busy
        /// The file system does not support locks.
        case unsupported
    }

    /// Tries once to get the lock, without waiting.
    package static func take(_ descriptor: CInt) -> Answer {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            return errno == EWOULDBLOCK ? .busy : .unsupported
        }
        return .held
    }
}
