internal import Glibc
internal import Synchronization

/// A descriptor that was opened elsewhere, such as standard output. Waiting for a slow reader can be interrupted.
///
/// A blocking `write` to a full pipe returns only when the reader reads. If the reader has stopped, granary would keep
/// its sessions and their locks. So no write blocks, and only `poll` waits. The O_NONBLOCK flag of the descriptor is
/// not changed, because it belongs to the open file, which the user's shell and other programs share. A pipe or
/// terminal is opened again through `/proc/self/fd` with its own flag; a socket uses MSG_DONTWAIT; otherwise a piece of
/// PIPE_BUF bytes is written when poll reports room for one.
package final class OutputDescriptor: Sendable {
    private enum Manner {
        /// A file or a device on which writes never wait.
        case plain
        case nonBlocking(CInt)
        case socket
        case smallPieces
    }

    private let descriptor: CInt
    private let manner: Manner
    private let wake: CInt
    private let patience: Duration
    /// The time after which no write waits; nil until `wake` was readable.
    private let end = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameters:
    ///   - descriptor: Its owner closes it.
    ///   - wake: A descriptor that becomes readable when writes must stop waiting; -1 for none.
    ///   - patience: How long all writes together still wait after that.
    package init(_ descriptor: CInt, wake: CInt, patience: Duration = .zero) {
        self.descriptor = descriptor
        self.wake = wake
        self.patience = patience
        manner = Self.manner(of: descriptor)
    }

    deinit { if case .nonBlocking(let own) = manner { close(own) } }

    private static func manner(of descriptor: CInt) -> Manner {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .plain }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK: return .socket
        case S_IFIFO: break
        case S_IFCHR where isatty(descriptor) == 1: break
        default: return .plain
        }
        let own = open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        return own >= 0 ? .nonBlocking(own) : .smallPieces
    }

    /// Whether a write would be accepted now, at least in part.
    package var isReady: Bool {
        var output = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
        return poll(&output, 1, 0) > 0
    }

    /// Writes all of `bytes`.
    ///
    /// - Returns: 0, or the `errno` of the failure: `ECANCELED` if the wait was interrupted after a part was written.
    package func write(_ bytes: UnsafeRawBufferPointer) -> CInt {
        var rest = bytes[...]
        while !rest.isEmpty {
            if case .smallPieces = manner {
                let failure = wait()
                guard failure == 0 else { return failure }
            }
            let written = writeSome(UnsafeRawBufferPointer(rebasing: rest))
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written < 0, errno == EAGAIN {
                let failure = wait()
                guard failure == 0 else { return failure }
            } else if written == 0 || errno != EINTR {
                return written == 0 ? EIO : errno
            }
        }
        return 0
    }

    private var target: CInt { if case .nonBlocking(let own) = manner { own } else { descriptor } }

    private func writeSome(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch manner {
        case .plain, .nonBlocking: Glibc.write(target, bytes.baseAddress, bytes.count)
        case .socket: send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_DONTWAIT | MSG_NOSIGNAL))
        case .smallPieces: Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, 4096))
        }
    }

    /// Returns 0 if there is room, or if the next write will report an error.
    private func wait() -> CInt {
        while true {
            let end = end.withLock(\.self)
            var descriptors = (
                pollfd(fd: target, events: Int16(POLLOUT), revents: 0),
                // It stays readable, and would end every wait at once. poll ignores a negative descriptor.
                pollfd(fd: end == nil ? wake : -1, events: Int16(POLLIN), revents: 0)
            )
            let ready = withUnsafeMutableBytes(of: &descriptors) {
                poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, Self.milliseconds(until: end))
            }
            if ready < 0 {
                guard errno == EINTR else { return errno }
            } else if descriptors.0.revents != 0 {
                return 0
            } else if descriptors.1.revents != 0 {
                self.end.withLock { $0 = $0 ?? .now + patience }
            } else if let end, end <= .now {
                return ECANCELED
            }
        }
    }

    private static func milliseconds(until end: ContinuousClock.Instant?) -> CInt {
        guard let end else { return -1 }
        return CInt(max(0, ((end - .now) / .milliseconds(1)).rounded(.up)))
    }
}
