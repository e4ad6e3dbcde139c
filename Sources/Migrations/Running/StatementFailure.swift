package import PostgresClient
internal import SQLText

/// A statement that the server refused, with the reason and the place in the file.
package struct StatementFailure {
    package let error: PostgresError
    let script: MigrationScript
    /// The index of the statement; the number of statements for an error at COMMIT.
    let index: Int

    package init(_ error: PostgresError, at index: Int, of script: MigrationScript) {
        self.error = error
        self.script = script
        self.index = index
    }

    private var statement: MigrationStatement? { index < script.statements.count ? script.statements[index] : nil }
    private var context: ErrorContext { error.server?.errorContext ?? ErrorContext("") }

    /// The place that the server reported: in the statement, in the body of a routine or DO block of this file, or in
    /// the rows of a COPY. If it reported none, the start of the statement.
    package var place: FilePlace {
        guard let statement else { return FilePlace(script.path) }
        if let position = error.server?.position { return place(statement.place(ofCharacter: position)) }
        if let line = context.copyLine, let first = statement.rowsLine {
            return FilePlace(script.path, line: first + line - 1)
        }
        return placeInBody ?? place((statement.line, statement.column))
    }

    private func place(_ place: (line: Int, column: Int)) -> FilePlace {
        FilePlace(script.path, line: place.line, column: place.column)
    }

    /// The line of the innermost PL/pgSQL frame whose routine is in this file.
    private var placeInBody: FilePlace? {
        for (depth, frame) in context.frames.enumerated() {
            guard let body = statement(of: frame.routine)?.body else { continue }
            let query = depth == 0 ? error.server?.internalQuery : nil
            if let query, let place = body.place(of: query, character: error.server?.internalPosition, from: frame.line)
            {
                return self.place(place)
            }
            return FilePlace(script.path, line: body.line + frame.line - 1)
        }
        return nil
    }

    private func statement(of routine: ErrorContext.Routine) -> MigrationStatement? {
        guard case .function(let signature) = routine else { return statement?.tag == "DO" ? statement : nil }
        let name = signature.prefix { $0 != "(" }.split(separator: ".").last.map { $0.filter { $0 != "\"" } }
        return script.statements.prefix(index + 1).last { statement in
            statement.tag.hasPrefix("CREATE")
                && statement.effects.touches.contains {
                    $0.kind == .function && $0.action == .create && $0.name == name
                }
        }
    }

    /// The message of the server, its SQLSTATE, and the place in words.
    package var sentence: String {
        let state = error.sqlState.map { " (SQLSTATE \($0))" } ?? ""
        return "\(error.server?.messageWithoutValues ?? error.message)\(state)\(location)"
    }

    private var location: String {
        guard let statement else { return " at COMMIT" }
        let column = context.copyColumn.map { " in column \($0)" } ?? ""
        guard let routine = context.sentence else { return "\(column) in \"\(statement.summary)\"" }
        return statement.tag == "DO" ? " in \(routine)" : " in \(routine), in \"\(statement.summary)\""
    }

    package var hint: String { hint("correct the file and run the command again") }

    /// - Parameter next: The advice to give if the server has none.
    private func hint(_ next: String) -> String {
        let advice = error.server?.hint ?? transactionHint ?? error.hint ?? next
        guard let detail = error.server?.detailWithoutValues else { return advice }
        return "\(detail.hasSuffix(".") ? String(detail.dropLast()) : detail); \(advice)"
    }

    /// 2D000 (invalid_transaction_termination) and 25001 (active_sql_transaction): the statement ends the transaction,
    /// or cannot run in one.
    private var transactionHint: String? {
        guard let state = error.sqlState, ["2D000", "25001"].contains(state) else { return nil }
        return script.mode == .wrapped
            ? "begin the file with the line `-- no-transaction`, so that it does not run in one transaction"
            : "move the statement out of BEGIN and COMMIT"
    }

    /// - Parameters:
    ///   - remains: What the migration has left in the database.
    ///   - isBrokenOff: Whether some of its statements are done, so that the command cannot simply run again.
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
    /// The place of a statement, as text for messages.
    package func place(of index: Int) -> String {
        guard index < statements.count else { return "\(path): at COMMIT" }
        return "\(path):\(statements[index].line):\(statements[index].column)"
    }
}
