internal import ArgumentParser
internal import PostgresClient

/// The end of a command that failed: the sentence, the hint, and the exit code.
package struct FailureReport: Sendable, Equatable {
    package var status: ExitStatus
    package var message: String
    package var hint: String?
    /// The server's SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    package var sqlState: String?

    package init(_ status: ExitStatus, _ message: String, hint: String? = nil, sqlState: String? = nil) {
        self.status = status
        self.message = Formatting.harmless(Masking.masked(message))
        self.hint = hint.map { Formatting.harmless(Masking.masked($0)) }
        self.sqlState = sqlState
    }

    package init(_ error: any Error) {
        switch error {
        case let error as any GranaryError:
            self.init(error.exitStatus, "\(error)", hint: error.hint, sqlState: error.sqlState)
        case is CancellationError: self.init(.interrupted, "interrupted")
        case is ValidationError: self.init(.usage, "\(error)")
        default: self.init(.failed, "\(error)")
        }
    }

    /// After an interrupt all errors are caused by it. Only an unknown outcome must be reported.
    package init(interrupted error: any Error) {
        guard let error = error as? PostgresError, error.code == .inDoubt else {
            self.init(CancellationError())
            return
        }
        self.init(.interrupted, "interrupted: \(error)", hint: error.hint)
    }

    /// - Parameter isInterrupted: Whether an interrupt came before the error.
    package init(_ error: any Error, isInterrupted: Bool) {
        if isInterrupted { self.init(interrupted: error) } else { self.init(error) }
    }

    package func text(usesColor: Bool = false) -> String {
        let (red, bold, plain) = usesColor ? ("\u{1B}[1;31m", "\u{1B}[1m", "\u{1B}[0m") : ("", "", "")
        let sentence = "granary: \(red)error:\(plain) \(message)"
        return hint.map { "\(sentence)\n\(bold)hint:\(plain) \($0)" } ?? sentence
    }

    package var document: JSONDocument { .object(["error": Self.result.document(self)]) }

    static let result = ResultDescription<FailureReport>([
        .init("message", \.message), .init("hint", \.hint), .init("sqlstate", \.sqlState),
        .init("code") { Int($0.status.rawValue) },
    ])
}
