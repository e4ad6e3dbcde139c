internal import Glibc
internal import Synchronization

/// Takes the bytes of an archive, in order and never again: a file, a pipe, whatever comes.
package protocol ByteSink: Sendable {
    /// - Throws: `ArchiveError.io`.
    func append(_ bytes: UnsafeRawBufferPointer) throws
    /// Bytes taken so far.
    var byteCount: Int { get }
}

/// A descriptor that somebody else opened, such as standard output.
package final class PipeSink: ByteSink {
    private let descriptor: CInt
    private let count = Mutex(0)

    package init(descriptor: CInt) { self.descriptor = descriptor }

    package var byteCount: Int { count.withLock { $0 } }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try writeAll(bytes, to: descriptor, name: "the output")
        count.withLock { $0 += bytes.count }
    }
}

/// Writes all of `bytes`, however many calls that takes.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, name: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let written = write(descriptor, piece.baseAddress, piece.count)
        if written < 0, errno == EINTR { continue }
        if written < 0, errno == EAGAIN {
            // Whoever made the pipe has made it non-blocking, so the waiting is ours.
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&ready, 1, -1)
            continue
        }
        guard written > 0 else { throw ArchiveError.system(name, "could not be written") }
        rest = rest.dropFirst(written)
    }
}

extension ArchiveError {
    /// The last system call's failure, by errno.
    static func system(_ name: String, _ what: String) -> ArchiveError {
        let reason = errno
        let hint =
            switch reason {
            case ENOSPC, EDQUOT, EFBIG: "make room there, or write elsewhere with --output"
            case EACCES, EPERM, EROFS: "check who may write there"
            case EPIPE: "the reader of the pipe has gone"
            case ENOENT: "check the path"
            default: nil as String?
            }
        return ArchiveError(.io, "\(name) \(what): \(String(cString: strerror(reason)))", hint: hint)
    }
}
