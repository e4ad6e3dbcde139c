internal import Archive
internal import PostgresClient
internal import Synchronization

/// Results of the steps, for later steps and for the report.
final class RestoreRecord: Sendable {
    struct State: Sendable {
        /// The settings that user code reads; empty as long as the new database has none.
        var userCode = UserCodeSettings()
        var ground = Ground()
        /// How the present values of sequences are known.
        var own = Sequences.Own.none
        /// Foreign keys and triggers that are switched off.
        var suspended = SuspendedRules()
        /// Constraints that are not validated yet.
        var validations: [Validation] = []
        /// Constraints that were left NOT VALID.
        var invalid: [String] = []
        /// The new positions of the sequences.
        var sequences: [TableName: Sequences.Position] = [:]
        /// Sentences for people.
        var notes: [String] = []
        /// The added rows and their tables, if these differ from the selection.
        var addedRows: Int?
        var addedTables: Int?

        fileprivate var rows: [Int: Int] = [:]
        fileprivate var bytes: [Int: Int] = [:]
        fileprivate var waived: [WaivedCheck] = []
    }

    /// What was left out or fell back.
    let leftOut = LeftOutList()
    private let state = Mutex(State())

    /// The present state.
    var now: State { state.withLock { $0 } }

    func update(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    /// Adds rows that the server took for the table with this number; returns the sum.
    func add(rows: Int, bytes: Int, to number: Int) -> (rows: Int, bytes: Int) {
        state.withLock { state in
            state.rows[number, default: 0] += rows
            state.bytes[number, default: 0] += bytes
            return (state.rows[number]!, state.bytes[number]!)
        }
    }

    /// Forgets the rows of a table after they were rolled back.
    func forgetRows(of number: Int) {
        state.withLock { state in
            state.rows[number] = nil
            state.bytes[number] = nil
        }
    }

    /// Records a CHECK constraint that was dropped; false if another worker has already done so.
    func waive(_ check: WaivedCheck) -> Bool {
        state.withLock { state in
            guard !state.waived.contains(check) else { return false }
            state.waived.append(check)
            return true
        }
    }

    var waived: [WaivedCheck] { state.withLock(\.waived) }

    /// The number of rows that the server took for these tables.
    func loadedRows(of tables: [Manifest.Table]) -> Int {
        let numbers = Set(tables.map(\.number))
        return state.withLock { $0.rows.filter { numbers.contains($0.key) }.values.reduce(0, +) }
    }

    /// - Parameter counted: Whether the archive does not record the numbers of rows, so that the rows that were read
    ///   count.
    /// - Throws: `RestoreError.mismatch` naming the first table whose number of rows differs.
    func requireAll(of tables: [Manifest.Table], counted: Bool) throws {
        let rows = state.withLock(\.rows)
        if counted {
            guard let table = tables.first(where: { !$0.chunks.isEmpty && rows[$0.number] == nil }) else { return }
            throw RestoreError(.mismatch, "the rows of table \(table.schema).\(table.name) were not loaded")
        }
        for table in tables where rows[table.number, default: 0] != table.rows {
            throw RestoreError(
                .mismatch,
                "table \(table.schema).\(table.name) got \(rows[table.number, default: 0]) of \(table.rows) rows",
                hint: "run granary verify on the archive"
            )
        }
    }

    /// - Parameters:
    ///   - rows: What was selected.
    ///   - tables: What was selected.
    func report(on database: String, rows: Int = 0, tables: Int = 0) -> RestoreReport {
        let (found, leftOut) = (now, leftOut.all)
        return RestoreReport(
            database: database,
            rows: found.addedRows ?? rows,
            tables: found.addedTables ?? tables,
            seconds: 0,
            swapped: false,
            kept: nil,
            keptBytes: nil,
            invalid: found.invalid.sorted(),
            notes: found.notes + leftOut.filter { $0.effect == .fallback }.map(\.sentence),
            leftOut: leftOut
        )
    }
}
