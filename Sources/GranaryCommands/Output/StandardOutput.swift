internal import Glibc
internal import PostgresClient
internal import Storage

/// A result could not be written, because the disk is full, or the reader has closed the pipe.
struct OutputError: Error, CustomStringConvertible {
    var errorNumber: CInt
    var description: String { "cannot write to standard output: \(reason)" }
    var isReaderGone: Bool { errorNumber == EPIPE }
    var reason: String {
        switch errorNumber {
        // A descriptor that was closed at the start has this state: see `ProcessHygiene`.
        case EBADF: "it is closed"
        case EPIPE: "its reader has closed it"
        case ECANCELED: "its reader does not read"
        default: String(cString: strerror(errorNumber))
        }
    }
}

/// Standard output, only for results.
enum StandardOutput {
    /// Fired on an interrupt: a write that waits for its reader gives up.
    static let readerWait = CancelSignal()

    private static let stream = OutputDescriptor(STDOUT_FILENO, wake: readerWait.wake, patience: .seconds(2))

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes `text` and a line break. An interrupt ends the wait for a reader that has stopped.
    ///
    /// - Throws: `OutputError`, because a result that was not delivered is a failure.
    static func print(_ text: String) throws(OutputError) {
        var text = text + "\n"
        let failure = text.withUTF8 { stream.write(UnsafeRawBufferPointer($0)) }
        guard failure == 0 else { throw OutputError(errorNumber: failure) }
    }

    /// Why it cannot accept a result, as far as this is known before writing.
    static func obstacle() -> OutputError? {
        var status = stat()
        guard fstat(STDOUT_FILENO, &status) == 0 else { return OutputError(errorNumber: errno) }
        guard fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE != O_RDONLY else { return OutputError(errorNumber: EBADF) }
        switch status.st_mode & S_IFMT {
        case S_IFIFO, S_IFSOCK:
            var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            let isBroken = poll(&output, 1, 0) > 0 && Int32(output.revents) & (POLLERR | POLLHUP) != 0
            return isBroken ? OutputError(errorNumber: EPIPE) : nil
        case S_IFREG:
            var system = statvfs()
            // The last blocks are reserved for root.
            guard fstatvfs(STDOUT_FILENO, &system) == 0, system.f_blocks > 0 else { return nil }
            return (geteuid() == 0 ? system.f_bfree : system.f_bavail) > 0 ? nil : OutputError(errorNumber: ENOSPC)
        case S_IFCHR where !isTerminal:
            // A device may refuse even an empty write, as /dev/full does.
            return write(STDOUT_FILENO, "", 0) < 0 ? OutputError(errorNumber: errno) : nil
        default: return nil
        }
    }
}

/// Standard error, for everything other than results.
enum StandardError {
    private static let stream = OutputDescriptor(
        STDERR_FILENO,
        wake: StandardOutput.readerWait.wake,
        patience: .seconds(2)
    )

    /// Whether it would accept output at once.
    static var isReady: Bool { stream.isReady }

    /// Writes `text`. An interrupt ends the wait for a reader that has stopped.
    static func write(_ text: String) {
        var text = text
        // A failure of standard error cannot be reported anywhere.
        text.withUTF8 { _ = stream.write(UnsafeRawBufferPointer($0)) }
    }
}
