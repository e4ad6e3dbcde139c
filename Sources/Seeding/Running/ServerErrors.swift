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

extension Session {
    /// Runs `body` in a savepoint, which is always released. If `body` throws, its changes are rolled back.
    ///
    /// - Parameter isTrial: Whether the changes are rolled back in any case.
    mutating func savepoint<R>(isTrial: Bool = false, _ body: (inout Session) throws -> R) throws -> R {
        let undo = "ROLLBACK TO SAVEPOINT granary_seeding; RELEASE SAVEPOINT granary_seeding"
        try execute("SAVEPOINT granary_seeding")
        let value: R
        do {
            value = try body(&self)
        } catch {
            // Any other error ends the whole transaction.
            let mayContinue = SeedingError.isAboutRows(error) || error is SeedingError || error is StartOver
            if mayContinue { try execute(undo) }
            throw error
        }
        try execute(isTrial ? undo : "RELEASE SAVEPOINT granary_seeding")
        return value
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
