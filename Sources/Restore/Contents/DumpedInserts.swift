internal import Archive
internal import PostgresClient
internal import SQLText

/// The rows of one table as INSERT statements (`pg_dump --inserts`).
enum DumpedInserts {
    /// Executes the statements, in the open transaction or in one of its own. Afterwards the session has the settings
    /// `UserCodeSettings.ofStatements`.
    ///
    /// - Parameter table: The name for errors. With `--load-via-partition-root` the statements name its root instead.
    /// - Returns: The number of inserted rows.
    static func run(
        _ text: @escaping (UnsafeMutableRawBufferPointer) throws -> Int,
        _ encoding: String,
        of table: TableName,
        _ session: inout Session
    ) throws -> Int {
        guard session.isInTransaction else {
            return try session.transaction { try run(text, encoding, of: table, &$0) }
        }
        try session.set(UserCodeSettings.ofStatements)
        let isForeign = session.codec == .utf8 && encoding != "UTF8"
        if isForeign { try session.set([("client_encoding", encoding)]) }
        var script = DumpScript(source: text)
        var rows = 0
        do {
            while let element = try script.next() {
                guard case .statement(let statement, _) = element, StatementWords.first(1, of: statement) == ["INSERT"]
                else {
                    throw RestoreError(
                        .dump,
                        "the rows of \(table) hold something else than INSERT statements",
                        hint: "pg_dump never writes that: do not restore this dump"
                    )
                }
                rows += try session.executeCounting(bytes: statement)
            }
        } catch let error as SQLTextError {
            throw RestoreError(.dump, "the rows of \(table) are not understood: \(error.message)")
        }
        if isForeign { try session.set([("client_encoding", "UTF8")]) }
        return rows
    }

    static func needsItsTable(_ table: TableName) -> RestoreError {
        RestoreError(
            .selection,
            "the rows of \(table) are INSERT statements, which name their table",
            hint: "restore the table under its own name, into another database with --into"
        )
    }
}
