import PostgresClient

extension SeedingError {
    /// Adds the place in the file to a server error.
    init(_ error: PostgresError, at place: FilePlace, _ subject: String? = nil, hint: String? = nil) {
        let message = subject.map { "\($0): \(error)" } ?? "\(error)"
        self.init(.database, at: place, message, hint: hint ?? error.hint, sqlState: error.sqlState)
    }

    /// Whether the error concerns a row or a statement, rather than the connection, resources or a lock.
    static func isAboutRows(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError, error.code == .server, let state = error.sqlState else {
            return false
        }
        return !["40", "53", "55", "57", "58"].contains(state.prefix(2))
    }
}

/// The place in a COPY that the server reported in its CONTEXT: `COPY t, line 3, column age: "x"`.
struct CopyPlace {
    /// The number of the row in the COPY, counted from 1.
    var line: Int
    var column: String?

    init?(_ error: PostgresError) {
        guard let context = error.server?.context,
            let match = context.firstMatch(of: #/COPY .+?, line (\d+)(?:, column ([^:]+):)?/#), let line = Int(match.1)
        else { return nil }
        self.line = line
        column = match.2.map(String.init)
    }
}
