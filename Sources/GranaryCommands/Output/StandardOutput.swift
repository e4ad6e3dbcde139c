internal import Glibc
internal import PostgresClient
internal import Storage

/// A result could not be handed over: the disk behind the redirection is full, or the reader has gone.
struct OutputError: Error, CustomStringConvertible {
    var errorNumber: CInt
    var description: String { "cannot write to standard output: \(reason)" }
    var isReaderGone: Bool { errorNumber == EPIPE }
    var reason: String {
        switch errorNumber {
        // How a descriptor looks that was closed when we were started: see `ProcessHygiene`.
        case EBADF: "it is closed"
        case EPIPE: "its reader has gone"
        case ECANCELED: "its reader does not read"
        default: String(cString: strerror(errorNumber))
        }
    }
}

/// Results, and nothing else.
enum StandardOutput {
    /// Fired at an interrupt: a write that waits for its reader gives up.
    static let readerWait = CancelSignal()

    private static let stream = OutputDescriptor(STDOUT_FILENO, wake: readerWait.wake, patience: .seconds(2))

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes all of `text` and a line's end; an interrupt ends the wait for a reader that has stopped.
    ///
    /// - Throws: `OutputError`; a result that was not delivered is no success.
    static func print(_ text: String) throws(OutputError) {
        var text = text + "\n"
        let failure = text.withUTF8 { stream.write(UnsafeRawBufferPointer($0)) }
        guard failure == 0 else { throw OutputError(errorNumber: failure) }
    }

    /// Why it takes nothing, as far as that can be told before there is something to write.
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
            // The last blocks are kept for root.
            guard fstatvfs(STDOUT_FILENO, &system) == 0, system.f_blocks > 0 else { return nil }
            return (geteuid() == 0 ? system.f_bfree : system.f_bavail) > 0 ? nil : OutputError(errorNumber: ENOSPC)
        case S_IFCHR where !isTerminal:
            // A device says what it thinks of a write of nothing: /dev/full has no room for that either.
            return write(STDOUT_FILENO, "", 0) < 0 ? OutputError(errorNumber: errno) : nil
        default: return nil
        }
    }
}

/// All that is no result.
enum StandardError {
    private static let stream = OutputDescriptor(
        STDERR_FILENO,
        wake: StandardOutput.readerWait.wake,
        patience: .seconds(2)
    )

    /// Whether something written now would be taken at once.
    static var isReady: Bool { stream.isReady }

    /// Writes `text`, until an interrupt ends the wait for a reader that has stopped.
    static func write(_ text: String) {
        var text = text
        // There is no other place to report that standard error is closed.
        text.withUTF8 { _ = stream.write(UnsafeRawBufferPointer($0)) }
    }
}
