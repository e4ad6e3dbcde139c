// What every module needs. Each of them exports this module again (`@_exported`), so that a file that says
// `error.message` need not import it.
//
//     failure        the error of a module: a code to act on, and a sentence, a hint and a place for people
//     exit status    what a command ends with; each code names its own
//     place          file, line and column that an error or a finding is about
//     finding        a fault in a file, as `validate` lists it
//     pattern        a name with `*` for any characters
//     queue          jobs that several workers share

/// What every error tells: a command shows it without knowing the module that it is from.
package protocol GranaryError: Error, CustomStringConvertible {
    /// One sentence without the place, and without values of rows.
    var message: String { get }
    /// What to do about it.
    var hint: String? { get }
    var place: FilePlace? { get }
    /// The server's five characters: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    var sqlState: String? { get }
    var exitStatus: ExitStatus { get }
}

extension GranaryError {
    package var place: FilePlace? { nil }
    package var sqlState: String? { nil }

    /// `place: message`
    package var description: String { place.map { "\($0): \(message)" } ?? message }
}

/// Why something failed, for code that acts on it: a module has one enumeration of such reasons.
package protocol FailureCode: Sendable, Equatable {
    /// What a command ends with when this ends it.
    var exitStatus: ExitStatus { get }
}

/// The error of a module, which is named for it: `typealias BackupError = Failure<BackupFailure>`.
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
