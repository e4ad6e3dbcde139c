internal import Archive
internal import PostgresClient
internal import Synchronization

/// What the steps of a restore leave for later steps and for the report.
final class RestoreRecord: Sendable {
    struct State: Sendable {
        /// What user code reads; nothing while the database is too new to say it.
        var userCode = UserCodeSettings()
        var ground = Ground()
        /// Where the target has its sequences.
        var own = Sequences.Own.none
        /// Foreign keys and triggers that are off meanwhile.
        var suspended = SuspendedRules()
        /// Constraints whose rows are still to be checked.
        var validations: [Validation] = []
        /// Constraints that were left NOT VALID.
        var invalid: [String] = []
        /// Where the sequences were set to.
        var sequences: [TableName: Sequences.Position] = [:]
        /// What a person should know, each a sentence.
        var notes: [String] = []
        /// The rows that were added, and their tables, where these are not what was selected.
        var addedRows: Int?
        var addedTables: Int?

        fileprivate var rows: [Int: Int] = [:]
        fileprivate var bytes: [Int: Int] = [:]
        fileprivate var waived: [WaivedCheck] = []
    }

    /// What was left out, or fell back.
    let leftOut = LeftOutList()
    private let state = Mutex(State())

    /// As it is at this moment.
    var now: State { state.withLock { $0 } }

    func update(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    /// Adds rows that the server took to the table of that number; returns what it has now.
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

    /// Remembers a CHECK constraint that was taken off; false when another worker has done it already.
    func waive(_ check: WaivedCheck) -> Bool {
        state.withLock { state in
            guard !state.waived.contains(check) else { return false }
            state.waived.append(check)
            return true
        }
    }

    var waived: [WaivedCheck] { state.withLock(\.waived) }

    /// All rows that the server took.
    var loadedRows: Int { state.withLock { $0.rows.values.reduce(0, +) } }

    /// - Parameter counted: The archive does not say how many rows there are: those that were read were counted.
    /// - Throws: `RestoreError.mismatch` naming the first table whose rows are not those of the manifest.
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
