@_exported public import Basics

/// A failure in the communication with a PostgreSQL server.
///
/// `description` is one sentence without row values. The server puts row values into DETAIL and CONTEXT, which are kept
/// here as fields for callers that need them, and into messages of class 22, which are shortened.
package struct PostgresError: GranaryError {
    package enum Code: Sendable, Equatable {
        /// No connection could be made.
        case connection
        /// The connection was lost after it had been made.
        case connectionLost
        /// The connection was lost during COMMIT, and the outcome is unknown.
        case inDoubt
        /// The server refused a statement; `server` has its fields.
        case server
        /// The server did not answer in time.
        case timeout
        /// The server sent an answer that does not fit the request.
        case unexpected
        /// Using an object of the database could run another role's code, so it is not used.
        case untrusted
        /// A pooler passes the session to other clients between two transactions.
        case pooled
    }

    package var code: Code
    package var message: String
    package var hint: String?
    package var server: ServerFields?
    /// What failed, such as the table of a COPY; written before the message.
    package var subject: String?

    package init(
        code: Code,
        message: String,
        hint: String? = nil,
        server: ServerFields? = nil,
        subject: String? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.server = server
        self.subject = subject
    }

    package var sqlState: String? { server?.sqlState }

    package var description: String {
        let state = sqlState.map { " (SQLSTATE \($0))" } ?? ""
        let prefix = subject.map { "\($0): " } ?? ""
        return prefix + message + state
    }

    package var exitStatus: ExitStatus {
        switch (code, sqlState) {
        case _ where isLockTrouble: .busy
        // too_many_connections: of the server, the database or the role.
        case (_, "53300"): .busy
        case (.untrusted, _): .refused
        // cannot_connect_now: the server is starting or stopping.
        case (.connection, _), (_, "57P03"): .noConnection
        case (.pooled, _): .refused
        default: .failed
        }
    }

    /// The same error with a subject.
    package func at(_ subject: String) -> PostgresError {
        var copy = self
        copy.subject = self.subject.map { "\(subject): \($0)" } ?? subject
        return copy
    }

    /// lock_not_available or deadlock_detected: a lock was not granted in time, or two sessions waited for each other.
    package var isLockTrouble: Bool { sqlState == "55P03" || sqlState == "40P01" }

    /// Whether the statement caused the error, and not another session, the server's resources, its disk or an
    /// interrupt.
    package var isOfStatement: Bool {
        guard code == .server, let sqlState else { return false }
        // transaction_rollback, insufficient_resources, operator_intervention; lock_not_available, system_error, io_error.
        return !["40", "53", "57"].contains(sqlState.prefix(2)) && !["55P03", "58000", "58030"].contains(sqlState)
    }

    package static func isState(_ state: String, _ error: any Error) -> Bool {
        (error as? PostgresError)?.sqlState == state
    }

    /// The fields of an error or a notice, under the server's own names: <https://www.postgresql.org/docs/current/protocol-error-fields.html>.
    package struct ServerFields: Sendable {
        package var severity: String
        package var sqlState: String
        package var message: String
        /// It may contain row values.
        package var detail: String?
        package var hint: String?
        /// The position in the statement, in characters from 1.
        package var position: Int?
        /// The query inside a function that failed, if there was one.
        package var internalQuery: String?
        /// The position in the query of a function, in characters from 1.
        package var internalPosition: Int?
        /// It may contain row values.
        package var context: String?
        package var schema: String?
        package var table: String?
        package var column: String?
        package var dataType: String?
        package var constraint: String?

        /// The message without the values that errors of class 22 quote. The names of encodings and parameters in these
        /// messages are kept.
        package var messageWithoutValues: String {
            guard sqlState.hasPrefix("22") else { return message }
            switch sqlState {
            // `invalid byte sequence for encoding "UTF8": 0xe9 0x27`, and `character with byte sequence 0xe9 in encoding
            // "LATIN1" has no equivalent in encoding "UTF8"`: in every language the bytes are written so.
            case "22021", "22P05": return Self.withoutBytes(message)
            case "22023" where message.hasPrefix("invalid value for parameter \""):
                return String(message.prefix { $0 != ":" })
            default: break
            }
            guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else {
                return message
            }
            // Removes everything from the first quote to the last, because a value may contain quotes.
            return "\(message[...first])…\(message[last...])"
        }

        private static func withoutBytes(_ message: String) -> String {
            let words = message.split(separator: " ", omittingEmptySubsequences: false)
            let text = words.filter { !$0.hasPrefix("0x") }.joined(separator: " ")
            return text.hasSuffix(":") ? String(text.dropLast()) : text
        }
    }
}

extension PostgresError {
    /// libpq could not allocate memory.
    static let outOfMemory = PostgresError(
        code: .unexpected,
        message: "out of memory",
        hint: "see `ulimit -v`, and the limit of the container"
    )

    static func lost(_ message: String) -> PostgresError {
        PostgresError(
            code: .connectionLost,
            message: "the connection to the server was lost: \(firstLine(message))",
            hint: "check the server's log, then run the command again"
        )
    }

    /// libpq's messages have several lines. The first line describes the error.
    static func firstLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "no reason was given"
        return line.hasPrefix("ERROR:  ") ? String(line.dropFirst(8)) : line
    }
}
