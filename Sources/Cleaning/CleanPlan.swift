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

    /// A table of the chosen schemas that is not cleaned.
    package struct Kept: Sendable, Equatable {
        package var name: String
        package var reason: String
    }

    package var database: String
    package var tables: [Table]
    package var kept: [Kept]
    /// Sequences that are reset.
    package var sequences: [String]
    /// Tables that must keep their rows but would lose some, one sentence each.
    package var hits: [String]
    /// Other obstacles, one sentence each with a remedy.
    package var obstacles: [String]
    package var notes: [String]
    /// The size of the rows without indexes, in bytes: about the memory and disk space that restoring them takes.
    package var dataBytes: Int
    /// Whether the rows may violate a CHECK, so that the restore must leave it `NOT VALID`.
    package var undoNeedsAllowInvalid: Bool

    let catalog: CleanCatalog
    let layout: CleanLayout
    let steps: CleanSteps

    package var rows: Int { tables.reduce(0) { $0 + $1.rows } }
    package var bytes: Int { tables.reduce(0) { $0 + $1.bytes } }
    package var isExact: Bool { tables.allSatisfy(\.isExact) }
    /// Whether there is nothing to clean.
    package var isEmpty: Bool { tables.isEmpty && sequences.isEmpty }

    /// - Throws: `CleaningError` with `.protected` or `.obstacle`, listing all obstacles.
    package func requireNoObstacle() throws {
        guard hits.isEmpty else {
            throw CleaningError(
                .protected,
                "nothing was changed, because tables that must keep their rows would lose some: "
                    + hits.joined(separator: "; "),
                hint: "add --keep for the tables that they refer to, or clean them too"
            )
        }
        guard obstacles.isEmpty else {
            throw CleaningError(
                .obstacle,
                "nothing was changed, because \(obstacles.joined(separator: "; "))",
                hint: "connect as the owner of the tables, or exclude them with --keep"
            )
        }
    }
}

/// The actions on each unit, in order.
struct CleanSteps: Sendable {
    /// Units emptied by one TRUNCATE: large tables, and those that refer to them, which TRUNCATE requires.
    var truncated: [CleanUnit] = []
    /// Units emptied by DELETE, referring tables first. The units of one group refer to each other.
    var deleted: [[CleanUnit]] = []
    /// Sequences that are reset.
    var sequences: [CleanCatalog.Sequence] = []
    /// The units of these sequences.
    var restarting: Set<UInt32> = []
    /// Units whose rows are kept but whose sequences are reset.
    var counters: [CleanUnit] = []
    /// Sequences of Citus that cannot be reset, because their tables are not emptied by TRUNCATE.
    var stuck: [CleanCatalog.Sequence] = []
    var rows: [UInt32: UnitRows] = [:]

    /// All units that are emptied. They are locked.
    var units: [CleanUnit] { truncated + deleted.flatMap(\.self) }

    /// Whether Citus stores one of the tables.
    var useCitus: Bool { (units + counters).contains(where: \.isDistributed) }

    /// The tables of a backup that restores everything: those with rows, and those whose sequences are reset.
    var endangered: [TableName] {
        (units + counters).filter { rows[$0.oid]?.isEmpty == false || restarting.contains($0.oid) }.map(\.name)
    }
}
