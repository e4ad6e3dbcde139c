package import PostgresClient

/// The result of a run, or of a plan.
package struct SeedReport: Sendable {
    package struct Outcome: Sendable, Equatable {
        package var table: TableName
        package var inserted = 0
        package var updated = 0
        package var unchanged = 0
        package var deleted = 0
        /// Rows that the table's triggers rejected or changed.
        package var skipped = 0

        package init(table: TableName) { self.table = table }

        /// Counts all rows as inserted, for `--output`.
        mutating func insertsAll(_ count: Int) {
            (inserted, updated, unchanged, skipped) = (count, 0, 0, 0)
        }

        package var changes: Int { inserted + updated + deleted }
    }

    package struct Script: Sendable, Equatable {
        package var file: String
        package var runs: Bool
        /// The reason why the script runs or does not run.
        package var reason: String
    }

    /// A table that `--generate` could not fill.
    package struct Skipped: Sendable, Equatable {
        package var table: TableName
        package var reason: String
        /// Advice for the user.
        package var hint: String?
    }

    package var environment: String
    package var skipped: [Skipped] = []
    package var tables: [Outcome] = []
    package var scripts: [Script] = []
    /// Remarks for the user.
    package var notes: [String] = []
    package var seconds = 0.0
    /// The files that `--write` has written.
    package var written: [String] = []
    /// Whether a file of `--write` could not be written. A note gives the reason.
    package var isFileMissing = false
    /// The generators of each table.
    var generators: [TableName: GeneratedRows] = [:]

    /// The generated rows of each table, in the order of the run.
    var generatedRows: [GeneratedRows] { tables.compactMap { generators[$0.table] } }

    package var changesNothing: Bool { tables.allSatisfy { $0.changes == 0 } && !scripts.contains { $0.runs } }
}

/// The progress of a run.
package enum SeedProgress: Sendable {
    case started(table: String)
    case advanced(table: String, rows: Int, bytes: Int)
    case finished(table: String, rows: Int)
}
