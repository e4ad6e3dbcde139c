package import AgeEncryption
internal import Archive
internal import Basics
internal import SQLText
internal import Storage

/// The checks of a plain dump that need no server: its text is not cut off, and has the closing line of its program.
/// Text has no checksums, unless it is packed by gzip.
package struct DumpCheck: Sendable, Equatable {
    /// The number of tables that `COPY` fills, without granary's own.
    package var tables = 0
    /// Their rows.
    package var rows = 0
    /// The size of the unpacked text.
    package var bytes = 0
    /// Sentences about damage.
    package var problems: [String] = []
    /// Sentences about what could not be checked.
    package var notes: [String] = []

    /// Reads a plain dump to its end.
    ///
    /// - Parameter isPacked: The text is packed by gzip.
    /// - Throws: `StorageError`; `ArchiveError.io`; `CancellationError`.
    package static func read(_ source: BackupSource, isPacked: Bool) throws -> DumpCheck {
        var check = DumpCheck()
        let dump = PlainDump(path: source.path, source, isPacked: isPacked)
        let unpacked = Counter()
        let text = try DumpFile(dump).text()
        var script = DumpScript { memory in
            let count = try text(memory)
            unpacked.bytes += count
            return count
        }
        do {
            try check.read(&script, dump.path)
        } catch let error as SQLTextError {
            check.problems.append("line \(error.line): \(error.message)")
        } catch let error as ArchiveError where error.code != .io {
            check.problems.append(error.message)
        }
        check.bytes = unpacked.bytes
        check.notes.append(
            "a plain dump has no checksums of its own: its quotations, the ends of its rows and its closing line were checked"
        )
        return check
    }

    /// Never leaves its thread.
    private final class Counter {
        var bytes = 0
    }

    /// Requires that the text begins with an SQL command; otherwise it is not a dump.
    private func requireSQL(_ element: DumpScript.Element, _ path: String, isFirst: inout Bool) throws {
        guard isFirst, case .statement(let text, _) = element else { return }
        isFirst = false
        guard !Self.commands.contains(StatementWords.first(1, of: text).first ?? "") else { return }
        throw RestoreError(path, .other("a text that is not SQL"))
    }

    /// The first words of statements in dumps.
    private static let commands: Set<String> = [
        "ALTER", "ANALYZE", "BEGIN", "CALL", "CLUSTER", "COMMENT", "COMMIT", "CREATE", "DELETE", "DISCARD", "DO",
        "DROP",
        "END", "EXECUTE", "GRANT", "IMPORT", "INSERT", "LOAD", "LOCK", "MERGE", "PREPARE", "REASSIGN", "REFRESH",
        "REINDEX",
        "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET", "START", "TABLE", "TRUNCATE", "UPDATE",
        "VACUUM", "VALUES", "WITH", "(",
    ]

    private mutating func read(_ script: inout DumpScript, _ path: String) throws {
        var (tally, isEmpty, isFirst) = (DumpTally(), true, true)
        var inserted: Set<[String]> = []
        // Also if the text is cut off.
        defer {
            (tables, rows) = tally.counted
            // A statement may hold any number of rows, and only the server knows whether it inserts them.
            if !inserted.isEmpty {
                notes.append(
                    "rows stored as INSERT statements were read but not counted (\(counted(inserted.count, "table")))"
                )
            }
        }
        while let element = try script.next() {
            isEmpty = false
            try requireSQL(element, path, isFirst: &isFirst)
            switch element {
            case .copy(let statement, _):
                while try script.nextCopyData({ _ in }) {}
                tally.add(script.rowLines, to: StatementWords.copyTable(statement))
            case .statement(let statement, _):
                let table = StatementWords.insertTable(statement)
                if !table.isEmpty { inserted.insert(table) }
            case .metaCommand: continue
            }
        }
        switch DumpSurvey.completeness(script.marks, path) {
        case _ where isEmpty: problems.append("it holds no statement")
        case .whole, .withoutStatement: break
        case .unknown(let sentence): notes.append(sentence)
        case .cut(let sentence): problems.append(sentence)
        }
    }
}
