internal import Archive
internal import Synchronization

/// Rows that the server took, per table, held against the manifest in the end.
final class LoadTally: Sendable {
    private struct State {
        var rows: [Int: Int] = [:]
        var bytes: [Int: Int] = [:]
        var waived: [WaivedCheck] = []
    }

    private let state = Mutex(State())

    /// Adds rows to the table of that number; returns what it has now.
    @discardableResult
    func add(rows: Int, bytes: Int, to number: Int) -> (rows: Int, bytes: Int) {
        state.withLock { state in
            state.rows[number, default: 0] += rows
            state.bytes[number, default: 0] += bytes
            return (state.rows[number]!, state.bytes[number]!)
        }
    }

    /// Remembers a CHECK constraint that was taken off; false when another worker has done it already.
    func waive(_ check: WaivedCheck) -> Bool {
        state.withLock { state in
            guard !state.waived.contains(check) else { return false }
            state.waived.append(check)
            return true
        }
    }

    var waived: [WaivedCheck] { state.withLock(\.waived) }

    /// - Throws: `RestoreError.mismatch` naming the first table whose rows are not those of the manifest.
    func requireAll(of tables: [Manifest.Table]) throws {
        try state.withLock { state in
            for table in tables where state.rows[table.number, default: 0] != table.rows {
                throw RestoreError(
                    .mismatch,
                    "table \(table.schema).\(table.name) got \(state.rows[table.number, default: 0]) of \(table.rows) rows",
                    hint: "run granary verify on the archive"
                )
            }
        }
    }
}

/// A CHECK constraint that the rows violate, to be added again NOT VALID.
struct WaivedCheck: Sendable, Equatable {
    var schema: String
    var table: String
    var constraint: String
    /// `pg_get_constraintdef`.
    var definition: String
}
