import PostgresClient

extension SeedingError {
    /// The server's error, with the place in the file. Errors about locks keep their meaning.
    init(_ error: PostgresError, at place: FilePlace, _ subject: String? = nil, hint: String? = nil) {
        let message = subject.map { "\($0): \(error)" } ?? "\(error)"
        self.init(.database, at: place, message, hint: hint ?? error.hint, sqlState: error.sqlState)
    }

    /// Whether an error is about a row or a statement, not about the connection or a lock.
    static func isAboutRows(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError, error.code == .server, let state = error.sqlState else {
            return false
        }
        return !["40", "53", "55", "57", "58"].contains(state.prefix(2))
    }
}

/// The place in a COPY where the server stopped, from its CONTEXT: `COPY t, line 3, column age: "x"`.
struct CopyPlace {
    /// From 1, counting the rows of the COPY.
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
