internal import Glibc

/// Why bytes could not be read or written, or a file not be made.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The system could not open, read or write.
        case io
        /// The name is taken.
        case exists
        /// Another process writes under the name.
        case busy
        /// A file has fewer bytes than it had when it was opened.
        case endsEarly
    }

    package var code: Code
    package var message: String
    package var hint: String?
    /// The file that ends early; the message begins with it.
    private(set) package var file: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message }

    package static func endsEarly(_ file: String) -> StorageError {
        var error = StorageError(
            .endsEarly,
            "\(file): the file ends early",
            hint: "granary verify lists everything that is wrong"
        )
        error.file = file
        return error
    }

    /// The failure of the last system call, from `errno`.
    package static func system(_ name: String, _ what: String) -> StorageError {
        StorageError(SystemError.last(name), what)
    }

    /// - Parameter what: What could not be done, such as `could not be made`.
    package init(_ error: SystemError, _ what: String) {
        let hint =
            switch error.number {
            case ENOSPC, EDQUOT, EFBIG: "make room there, or write elsewhere with --output"
            case EACCES, EPERM, EROFS: "check who may write there"
            case EPIPE: "the reader of the pipe has gone"
            case ENOENT: "check the path"
            default: nil as String?
            }
        self.init(.io, "\(error.path) \(what): \(error)", hint: hint)
    }
}
