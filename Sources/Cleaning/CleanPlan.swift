internal import PostgresClient

/// The plan of a cleaning: the rows that will be deleted, how each table is emptied, and the obstacles.
package struct CleanPlan: Sendable {
    package enum Method: String, Sendable {
        case delete, truncate
    }

    /// A table that would lose rows.
    package struct Table: Sendable, Equatable {
        package var name: String
        package var rows: Int
        /// False if `rows` is the planner's estimate.
        package var isExact: Bool
        /// Including indexes.
        package var bytes: Int
        package var method: Method
        /// Why a table outside the chosen schemas is included.
        package var because: String?
    }

    /// A table of the chosen schemas that is left alone.
    package struct Kept: Sendable, Equatable {
        package var name: String
        package var reason: String
    }

    package var database: String
    package var tables: [Table]
    package var kept: [Kept]
    /// Sequences that start again.
    package var sequences: [String]
    /// Tables that must not lose rows and would, one sentence each.
    package var hits: [String]
    /// Other obstacles, one sentence each with a remedy.
    package var obstacles: [String]
    package var notes: [String]
    /// The size of the rows without indexes, in bytes: about the memory and disk space that restoring them takes.
    package var dataBytes: Int
    /// The rows may violate a CHECK, which must be left `NOT VALID` when they are restored.
    package var undoNeedsAllowInvalid: Bool

    let catalog: CleanCatalog
    let layout: CleanLayout
    let steps: CleanSteps

    package var rows: Int { tables.reduce(0) { $0 + $1.rows } }
    package var bytes: Int { tables.reduce(0) { $0 + $1.bytes } }
    package var isExact: Bool { tables.allSatisfy(\.isExact) }
    /// There is nothing to do.
    package var isEmpty: Bool { tables.isEmpty && sequences.isEmpty }

    /// - Throws: `CleaningError` with `.protected` or `.obstacle`, listing all obstacles.
    package func requireNoObstacle() throws {
        guard hits.isEmpty else {
            throw CleaningError(
                .protected,
                "nothing was changed, because tables that are left alone would lose rows: "
                    + hits.joined(separator: "; "),
                hint: "keep the tables they refer to as well (--keep), or let them be cleaned too"
            )
        }
        guard obstacles.isEmpty else {
            throw CleaningError(
                .obstacle,
                "nothing was changed, because \(obstacles.joined(separator: "; "))",
                hint: "connect as the owner of the tables, or leave them alone with --keep"
            )
        }
    }
}

/// The actions on each unit, in order.
struct CleanSteps: Sendable {
    /// Emptied by one TRUNCATE: large tables, and those that refer to them, which TRUNCATE requires.
    var truncated: [CleanUnit] = []
    /// Emptied by DELETE, referring tables first. The units of one group refer to each other.
    var deleted: [[CleanUnit]] = []
    /// Sequences that start again.
    var sequences: [CleanCatalog.Sequence] = []
    /// The units of these sequences.
    var restarting: Set<UInt32> = []
    /// Units of which only sequences start again.
    var counters: [CleanUnit] = []
    var rows: [UInt32: UnitRows] = [:]

    /// All units that are emptied, and locked for that.
    var units: [CleanUnit] { truncated + deleted.flatMap(\.self) }

    /// The content of a backup that restores everything: tables with rows, and tables whose sequences start again.
    var endangered: [TableName] {
        (units + counters).filter { rows[$0.oid]?.isEmpty == false || restarting.contains($0.oid) }.map(\.name)
    }
}
