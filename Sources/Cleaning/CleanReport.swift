package import PostgresClient

/// A backup of the rows that will be deleted.
package struct CleanBackup: Sendable {
    package var file: String
    /// The rows of each table in it; partitions are listed individually.
    package var rows: [TableName: Int]

    package init(file: String, rows: [TableName: Int]) {
        self.file = file
        self.rows = rows
    }
}

/// The result of a cleaning.
package struct CleanReport: Sendable, Equatable {
    package struct Table: Sendable, Equatable {
        package var name: String
        package var rows: Int
        /// False if `rows` was the planner's estimate.
        package var isExact: Bool
    }

    package var database: String
    /// The tables that lost rows.
    package var tables: [Table]
    package var sequences: Int
    /// The backup; nil without one.
    package var undo: String?
    /// From BEGIN to COMMIT, including the backup.
    package var seconds = 0.0

    package var rows: Int { tables.reduce(0) { $0 + $1.rows } }

    init(_ plan: CleanPlan, _ rows: [UInt32: UnitRows], _ backup: CleanBackup?) {
        database = plan.database
        sequences = plan.sequences.count
        undo = backup?.file
        tables = plan.steps.units.compactMap { unit in
            guard let found = rows[unit.oid], !found.isEmpty else { return nil }
            let counted = backup.map { backup in unit.leaves.reduce(0) { $0 + (backup.rows[$1.name] ?? 0) } }
            return Table(
                name: unit.name.description,
                rows: counted ?? found.rows,
                isExact: counted != nil || found.isExact
            )
        }.sorted { $0.name < $1.name }
    }
}

/// The progress of a cleaning.
package enum CleanProgress: Sendable, Equatable {
    case phase(String)
    /// The session that holds a lock which the cleaning waits for.
    case blocked(by: String)
}
