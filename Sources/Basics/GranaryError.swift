// Types that every module needs. Each module exports this one (`@_exported`), so a file that uses `error.message` does
// not need to import it.
//
//     failure        the error of a module: a code for programs, and a sentence, a hint and a place for users
//     exit status    the exit code of a command; each error code has one
//     place          the file, line and column of an error or a finding
//     finding        a fault in a file, as shown by `validate`
//     pattern        a name with `*` for any characters
//     queue          jobs that several workers share
//     own variables  the environment variables that only granary reads
//     secret key     an identity of age, recognized in any text

/// The properties of every error, so that a command can show it without knowing the module it comes from.
package protocol GranaryError: Error, CustomStringConvertible {
    /// One sentence, without the place and without values of rows.
    var message: String { get }
    /// How to fix it.
    var hint: String? { get }
    var place: FilePlace? { get }
    /// The server's SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    var sqlState: String? { get }
    var exitStatus: ExitStatus { get }
}

extension GranaryError {
    package var place: FilePlace? { nil }
    package var sqlState: String? { nil }

    /// `place: message`
    package var description: String { place.map { "\($0): \(message)" } ?? message }
}

/// The reason for a failure, for code that reacts to it. Each module has one enumeration of its reasons.
package protocol FailureCode: Sendable, Equatable {
    /// The exit code of a command that ends with this failure.
    var exitStatus: ExitStatus { get }
}

/// The error of a module. Each module gives it a name: `typealias BackupError = Failure<BackupFailure>`.
package struct Failure<Code: FailureCode>: GranaryError, Equatable {
    package var code: Code
    package var message: String
    package var hint: String?
    package var place: FilePlace?
    package var sqlState: String?

    package init(
        _ code: Code,
        at place: FilePlace? = nil,
        _ message: String,
        hint: String? = nil,
        sqlState: String? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.place = place
        self.sqlState = sqlState
    }

    package var exitStatus: ExitStatus { code.exitStatus }
}
