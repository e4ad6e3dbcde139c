package import PostgresClient

/// A statement of a migration that the server did not take: what it said, and where.
package struct StatementFailure {
    package let error: PostgresError
    let script: MigrationScript
    /// Of the statement; the number of statements for what failed at COMMIT.
    let index: Int

    package init(_ error: PostgresError, at index: Int, of script: MigrationScript) {
        self.error = error
        self.script = script
        self.index = index
    }

    private var statement: MigrationStatement? { index < script.statements.count ? script.statements[index] : nil }

    /// The line and column that the server pointed at, else those of the statement.
    package var place: FilePlace {
        guard let statement else { return FilePlace(script.path) }
        let place: (line: Int, column: Int) =
            error.server?.position.map { statement.place(ofCharacter: $0) } ?? (statement.line, statement.column)
        return FilePlace(script.path, line: place.line, column: place.column)
    }

    /// The server's own words, its SQLSTATE and the statement.
    package var sentence: String {
        let state = error.sqlState.map { " (SQLSTATE \($0))" } ?? ""
        let quoted = statement.map { " in \"\($0.summary)\"" } ?? " at COMMIT"
        return "\(error.server?.messageWithoutValues ?? error.message)\(state)\(quoted)"
    }

    package var hint: String { hint("correct the file and run the command again") }

    /// - Parameter next: What to do where the server has no advice.
    private func hint(_ next: String) -> String {
        // Class 22 and 23 quote the row that did not fit.
        let quotesRows = ["22", "23"].contains(error.sqlState?.prefix(2) ?? "")
        let detail = quotesRows ? nil : error.server?.detail
        return [detail, error.server?.hint ?? error.hint ?? next]
            .compactMap { $0 }.joined(separator: " ")
    }

    /// - Parameters:
    ///   - remains: What is left of the migration.
    ///   - isBrokenOff: Some of its statements are done, so that running the command again is refused.
    func explained(_ remains: String, isBrokenOff: Bool = false) -> MigrationError {
        MigrationError(
            error.isLockTrouble ? .busy : .statement,
            at: place,
            "\(sentence); \(remains)",
            hint: isBrokenOff
                ? hint("correct the statement") + "; then `granary migrate repair` continues from there"
                : hint,
            sqlState: error.sqlState
        )
    }
}

extension MigrationScript {
    /// Where a statement stands, for messages.
    package func place(of index: Int) -> String {
        guard index < statements.count else { return "\(path): at COMMIT" }
        return "\(path):\(statements[index].line):\(statements[index].column)"
    }
}
