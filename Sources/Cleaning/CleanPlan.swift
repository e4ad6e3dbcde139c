internal import PostgresClient

/// What cleaning would do: the blast radius, how each table is emptied, and what stands in the way.
package struct CleanPlan: Sendable {
    package enum Method: String, Sendable {
        case delete, truncate
    }

    /// A table that would lose rows.
    package struct Table: Sendable, Equatable {
        package var name: String
        package var rows: Int
        /// False where `rows` is what the planner believes.
        package var isExact: Bool
        /// With indexes.
        package var bytes: Int
        package var method: Method
        /// Why a table outside the chosen schemas is hit.
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
    /// Sequences that begin anew.
    package var sequences: [String]
    /// Tables that must not lose rows and would, each a sentence.
    package var hits: [String]
    /// What else forbids it, each a sentence with its way out.
    package var obstacles: [String]
    package var notes: [String]
    /// What the rows take without indexes, in bytes: about the memory and the disk that bringing them back takes.
    package var dataBytes: Int
    /// A CHECK that the rows themselves violate must be left out for them to come back.
    package var undoNeedsAllowInvalid: Bool

    let catalog: CleanCatalog
    let layout: CleanLayout
    let steps: CleanSteps

    package var rows: Int { tables.reduce(0) { $0 + $1.rows } }
    package var bytes: Int { tables.reduce(0) { $0 + $1.bytes } }
    package var isExact: Bool { tables.allSatisfy(\.isExact) }
    /// There is nothing to do.
    package var isEmpty: Bool { tables.isEmpty && sequences.isEmpty }

    /// - Throws: `CleaningError` with `.protected` or `.obstacle`, naming everything at once.
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

/// What is done to which unit, in which order.
struct CleanSteps: Sendable {
    /// Emptied by one TRUNCATE: large ones, and those that refer to them, which TRUNCATE wants beside them.
    var truncated: [CleanUnit] = []
    /// Emptied by DELETE, those first that refer to others; units of one group refer to each other.
    var deleted: [[CleanUnit]] = []
    /// Sequences that begin anew.
    var sequences: [CleanCatalog.Sequence] = []
    /// The units of these.
    var restarting: Set<UInt32> = []
    /// Those of them that nothing else happens to.
    var counters: [CleanUnit] = []
    var rows: [UInt32: UnitRows] = [:]

    /// All that is emptied, and locked for that.
    var units: [CleanUnit] { truncated + deleted.flatMap(\.self) }

    /// What must be in a backup that brings everything back: tables with rows, and those whose sequences begin anew.
    var endangered: [TableName] {
        (units + counters).filter { rows[$0.oid]?.isEmpty == false || restarting.contains($0.oid) }.map(\.name)
    }
}
