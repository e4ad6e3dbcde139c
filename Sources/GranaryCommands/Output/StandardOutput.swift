internal import Glibc

/// A result could not be handed over: the disk behind the redirection is full, or the reader has gone.
struct OutputError: Error, CustomStringConvertible {
    var errorNumber: CInt
    var description: String { "cannot write to standard output: \(String(cString: strerror(errorNumber)))" }
}

/// Results, and nothing else.
enum StandardOutput {
    /// - Throws: `OutputError`; a result that nobody received is not a success.
    static func print(_ text: String) throws {
        let failure = write(text + "\n", to: STDOUT_FILENO)
        guard failure == 0 else { throw OutputError(errorNumber: failure) }
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes all of `text`; returns 0, or the `errno` of the write that failed.
    static func write(_ text: String, to descriptor: CInt) -> CInt {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if written < 0 && errno == EINTR { continue }
                if written < 0 && errno == EAGAIN {
                    // A terminal or pipe that someone else made non-blocking.
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, 1000)
                    continue
                }
                guard written > 0 else { return errno }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
            }
            return 0
        }
    }
}
