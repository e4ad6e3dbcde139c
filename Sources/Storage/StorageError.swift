@_exported public import Basics
internal import Glibc

/// Why bytes could not be read or written, or a file could not be created.
package typealias StorageError = Failure<StorageFailure>

package enum StorageFailure: FailureCode {
    /// The system could not open, read or write.
    case io
    /// The file exists already.
    case exists
    /// Another process is writing this file.
    case busy
    /// The file has become shorter since it was opened.
    case endsEarly
    /// The bytes differ from those that were written, as their authentication code shows.
    case damaged
    /// A bucket has no object of that name.
    case missing
    /// The object store refused the request, or answered something unexpected.
    case store
    /// The credentials do not allow the request.
    case denied
    /// The file or object was replaced while it was read, or before it was deleted.
    case replaced
    /// A lock forbids that it is deleted.
    case held
    /// The store has the object in an archive, and must restore it before it can be read.
    case archived
    /// It is larger than what may be read at once.
    case tooLarge
    /// There are no credentials for an object store.
    case noCredentials
    /// The object store cannot be reached.
    case unreachable
    /// An address or a setting of an object store is invalid.
    case address
    /// The connection would not be encrypted.
    case insecure

    package var exitStatus: ExitStatus {
        switch self {
        case .busy: .busy
        case .noCredentials, .unreachable: .noConnection
        case .address: .usage
        case .insecure: .refused
        case .io, .exists, .endsEarly, .damaged, .missing, .store, .denied, .replaced, .held, .archived, .tooLarge:
            .failed
        }
    }
}

extension StorageError {
    static func tooLarge(_ file: String) -> StorageError {
        StorageError(.tooLarge, "\(file) is too large", hint: "use another file")
    }

    package static func endsEarly(_ file: String) -> StorageError {
        StorageError(
            .endsEarly,
            at: FilePlace(file),
            "the file ends early",
            hint: "granary verify lists all problems"
        )
    }

    static func taken(_ path: String) -> StorageError {
        StorageError(.exists, "\(path) exists already", hint: "take another name, or replace it with --force")
    }

    /// The failure of the last system call, from `errno`.
    package static func system(_ name: String, _ what: String) -> StorageError {
        StorageError(SystemError.last(name), what)
    }

    /// - Parameter what: The failure as a clause, such as `could not be made`.
    package init(_ error: SystemError, _ what: String) {
        let hint =
            switch error.number {
            case ENOSPC, EDQUOT, EFBIG: "free some space, or write elsewhere with --output"
            case EACCES, EPERM, EROFS: "check the permissions of the folder"
            case EPIPE: "the reader has closed the pipe"
            case ENOENT: "check the path"
            default: nil as String?
            }
        self.init(.io, "\(error.path) \(what): \(error)", hint: hint)
    }
}
