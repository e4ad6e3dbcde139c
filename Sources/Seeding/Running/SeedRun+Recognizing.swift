internal import Bookkeeping
import PostgresClient

// A run over the same files recognizes a table by its digests. Then it sends no rows, and no statement compares them.
extension SeedRun {
    /// Whether a digest of the table can take the place of a comparison of its rows. Not if something else needs the
    /// temporary table with the rows.
    func mayBeRecognized(_ bound: BoundTable, _ merge: TableMerge, _ settled: SettledRows) -> Bool {
        // The coordinator has no rows of a table of Citus.
        options.generate == nil && bound.generate == nil && merge.refresh == nil
            && bound.table.admitsOneRow(of: merge.key)
            && settled.postponed.isEmpty && references.wanted[bound.name] == nil
            && settled.columns.allSatisfy { bound.table.column($0)?.isReadAlike == true }
            && (!bound.prunes || bound.rows.count > SeededKeys.countMax && recordedKeys(of: bound).ours.isEmpty)
            && !tables.contains { child in
                child.generate != nil && child.table.foreignKeys.contains { $0.parent == bound.name }
            }
    }

    /// Whether values of the rows depend on the time of the run, such as `today`.
    func dependsOnTime(_ bound: BoundTable, _ settled: SettledRows) -> Bool {
        let columns = settled.columns.compactMap { bound.table.index($0) }.filter { bound.table.columns[$0].isOfTime }
        guard !columns.isEmpty else { return false }
        return bound.rows.indices.contains { row in
            if let (file, record) = bound.rows.record(row) {
                return columns.contains { file.hasTimeWord(record, $0) }
            }
            return columns.contains { column in
                settled.columns.firstIndex(of: bound.table.columns[column].name)
                    .flatMap { settled.values[row]?[$0] }
                    .map { TimeWord.isIn($0.utf8) } ?? false
            }
        }
    }

    /// Whether both digests are the known ones.
    func isInState(
        _ known: TableState,
        _ settled: SettledRows,
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ session: inout Session
    ) throws -> Bool {
        var digest = GivenRows(bound, merge, settled)
        try settled.render(bound) { digest.add($0) }
        guard digest.text() == known.given else { return false }
        return try stateRow(bound, merge, &session)?["state"] == known.table
    }

    func state(
        _ given: String,
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ session: inout Session
    ) throws -> TableState? {
        try stateRow(bound, merge, &session)?["state"].map { TableState(given: given, table: $0) }
    }

    /// The state of the table.
    ///
    /// - Parameter count: A query for the number of listed rows that the table holds. Its result is `count`, and the
    ///   state is NULL if rows are missing. One statement reads both, so they are of the same moment.
    /// - Returns: nil if the role may not read the whole table, or the server is too old.
    func stateRow(
        _ bound: BoundTable,
        _ merge: TableMerge,
        ifHeld count: String? = nil,
        _ session: inout Session
    ) throws -> Rows.Row? {
        guard session.serverVersion >= 120_000 else { return nil }
        // A digest of a much larger table would take longer than a comparison of its few listed rows.
        let state = merge.state(atMost: 2 * bound.rows.count)
        let query =
            count.map { count in
                """
                SELECT c.count, CASE WHEN c.count = \(bound.rows.count) THEN (\(state)) END AS state FROM (\(count)) c
                """
            } ?? "SELECT (\(state)) AS state"
        do {
            return try session.savepoint { session in try session.query(query, [merge.target]).first }
        } catch let error as PostgresError where error.sqlState == "42501" {
            return nil
        }
    }
}

extension SeedCatalog.Column {
    /// Whether a text means the same value in every run, as long as it contains no `TimeWord` and the settings of
    /// `TableMerge.state` are the same.
    fileprivate var isReadAlike: Bool { isInputFixed || isOfTime || typeName == "interval" }

    /// Whether a text of the type may mean the time at which it is read.
    fileprivate var isOfTime: Bool { ["date", "time", "timestamp", "timestamptz"].contains(typeName) }
}

extension PlainRecords {
    fileprivate func hasTimeWord(_ record: Int, _ column: Int) -> Bool {
        fields[column].flatMap { text.withText(record, $0) { TimeWord.isIn($0) } } ?? false
    }
}

/// The words in texts of dates and times that mean the time at which the server reads them.
private enum TimeWord {
    private static let words = ["now", "today", "tomorrow", "yesterday"].map { Array($0.utf8) }

    static func isIn(_ text: some Collection<UInt8>) -> Bool {
        // Most dates consist of digits.
        guard text.contains(where: { $0 >= UInt8(ascii: "A") }) else { return false }
        let lower = text.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
        return words.contains { word in lower.indices.contains { lower[$0...].starts(with: word) } }
    }
}
