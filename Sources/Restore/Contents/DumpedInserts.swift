internal import Archive
internal import PostgresClient
internal import SQLText

/// Rows of one table that pg_dump wrote as INSERT statements (`--inserts`).
enum DumpedInserts {
    /// Runs them in a transaction that is open, or one of its own. The session then has `UserCodeSettings.ofStatements`.
    ///
    /// - Parameter table: What errors name. With `--load-via-partition-root` the statements name its root.
    /// - Returns: How many rows they have inserted.
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
