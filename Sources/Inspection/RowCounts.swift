package import Logging
package import PostgresClient

/// The rows of tables: counted, estimated, or unknown.
package struct RowCounts: Sendable, Equatable {
    package var tables: [Table]

    package struct Table: Sendable, Equatable {
        package var name: TableName
        /// nil if they could be neither counted nor estimated.
        package var rows: Int?
        package var isExact: Bool
        /// Why it was not counted; nil if it was counted, or if counting would have taken long.
        package var obstacle: Obstacle?
        package var leaves: [TableName]
    }

    package enum Obstacle: String, Sendable {
        case noPrivilege = "no privilege"
        case rowSecurity = "row security"
        case locked
        /// A materialized view that was never filled: it has no rows and cannot be read.
        case notPopulated = "not populated"
        case foreign
        case rewritten = "emptied or rewritten meanwhile"
        case gone
        /// A function in an index or in statistics, which the planner would call with the current role's rights.
        case foreignCode = "counting would run a function of its owner"
    }

    package enum Progress: Sendable, Equatable {
        case planned(tables: Int, bytes: Int)
        case counted(table: String, rows: Int, bytes: Int)
    }
}

/// Counts rows. Each count is a separate statement, so a table is locked only during its own count.
package struct RowCounting: Sendable {
    private let server: ServerAddress
    private let logger: Logger
    private let choose: @Sendable ([TableReport.Table]) throws -> [TableReport.Table]

    /// - Parameter choose: Chooses the tables to count among those of the scope.
    package init(
        server: ServerAddress,
        logger: Logger,
        choose: @escaping @Sendable ([TableReport.Table]) throws -> [TableReport.Table] = { $0 }
    ) {
        self.server = server
        self.logger = logger
        self.choose = choose
    }

    private func read(_ scope: InspectionScope, _ session: borrowing Session) throws -> TableReport {
        var report = try TableReport.read(scope, session)
        report.tables = try choose(report.tables)
        return report
    }

    /// A heap up to this size takes only some milliseconds to count.
    package static let cheapBytes = 8 << 20
    /// The number of tables that are always counted; more are counted as long as there is time.
    private static let countedAnyway = 200
    private static let patience = Duration.milliseconds(800)

    /// Counts small tables, the smallest first, and estimates the others.
    ///
    /// - Throws: `PostgresError`, `CancellationError`.
    package func quick(_ scope: InspectionScope) async throws -> RowCounts {
        try await withSession(server, logger: logger) { session in
            let report = try read(scope, session)
            let unplannable = try session.tablesThatRunCode()
            let began = ContinuousClock.now
            var counted: [UInt32: Count] = [:]
            let leaves = report.tables.flatMap(\.leaves).sorted { ($0.heapBytes, $0.name) < ($1.heapBytes, $1.name) }
            for (number, leaf) in leaves.enumerated() {
                let isCheap = leaf.sizeIsKnown && leaf.heapBytes <= Self.cheapBytes
                // An empty file has no rows. That is exact, and needs no query.
                if report.sizesAreCurrent, leaf.heapBytes == 0, !leaf.isDistributed,
                    Self.obstacle(leaf, unplannable) == nil
                {
                    counted[leaf.oid] = .rows(0)
                    continue
                }
                let hasTime = number < Self.countedAnyway || ContinuousClock.now - began < Self.patience
                counted[leaf.oid] =
                    try Self.obstacle(leaf, unplannable)
                    ?? (isCheap && hasTime ? Self.count(leaf, session) : .estimated)
            }
            return Self.rolledUp(report, counted)
        }
    }

    /// Counts all tables in one snapshot, several at a time.
    ///
    /// A worker ends its transaction after each table, so a migration waits for one count at most. A table that was
    /// emptied or rewritten after the snapshot would seem empty; the number of its file reveals that.
    ///
    /// - Throws: `PostgresError`, `CancellationError`.
    package func exact(
        _ scope: InspectionScope,
        jobs: Int,
        progress: @escaping @Sendable (RowCounts.Progress) -> Void
    ) async throws -> RowCounts {
        try await withHeldSession(server, logger: logger) { session in
            try session.pinForLooking()
            try session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let snapshot = try session.query("SELECT pg_catalog.pg_export_snapshot() AS name")[0].text("name")
            return (snapshot, try read(scope, session), try session.tablesThatRunCode())
        } while: { snapshot, report, unplannable in
            let leaves = report.tables.flatMap(\.leaves).sorted { ($1.heapBytes, $0.name) < ($0.heapBytes, $1.name) }
            progress(.planned(tables: leaves.count, bytes: leaves.reduce(0) { $0 + $1.heapBytes }))
            let queue = WorkQueue(leaves)
            let counted = try await withThrowingTaskGroup(of: [UInt32: Count].self) { group in
                for _ in 0..<max(1, min(jobs, leaves.count)) {
                    group.addTask {
                        try await withSession(server, logger: logger) { session in
                            try Self.work(queue, snapshot, unplannable, &session, progress)
                        }
                    }
                }
                var all: [UInt32: Count] = [:]
                for try await part in group { all.merge(part) { $1 } }
                return all
            }
            return Self.rolledUp(report, counted)
        }
    }
}

// One table.
extension RowCounting {
    fileprivate enum Count: Sendable, Equatable {
        case rows(Int)
        case estimated
        case obstacle(RowCounts.Obstacle)
    }

    private static func obstacle(_ leaf: TableReport.Leaf, _ unplannable: Set<UInt32>) -> Count? {
        if unplannable.contains(leaf.oid) { return .obstacle(.foreignCode) }
        if leaf.kind == .foreignTable { return .obstacle(.foreign) }
        if !leaf.isReadable { return .obstacle(.noPrivilege) }
        if !leaf.isPopulated { return .obstacle(.notPopulated) }
        return leaf.held == nil ? nil : .obstacle(.locked)
    }

    private static func work(
        _ queue: WorkQueue<TableReport.Leaf>,
        _ snapshot: String,
        _ unplannable: Set<UInt32>,
        _ session: inout Session,
        _ progress: @Sendable (RowCounts.Progress) -> Void
    ) throws -> [UInt32: Count] {
        try session.pinForLooking()
        var counted: [UInt32: Count] = [:]
        while let leaf = queue.next() {
            var count = obstacle(leaf, unplannable)
            if count == nil {
                count = try session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") { session in
                    try session.execute("SET TRANSACTION SNAPSHOT \(session.literal(snapshot))")
                    try session.execute("SAVEPOINT counting")
                    let count = try Self.count(leaf, session)
                    if case .obstacle = count { try session.execute("ROLLBACK TO SAVEPOINT counting") }
                    return count
                }
            }
            counted[leaf.oid] = count
            if case .rows(let rows) = count {
                progress(.counted(table: leaf.name.description, rows: rows, bytes: leaf.heapBytes))
            } else {
                progress(.counted(table: leaf.name.description, rows: 0, bytes: leaf.heapBytes))
            }
        }
        return counted
    }

    private static func count(_ leaf: TableReport.Leaf, _ session: borrowing Session) throws -> Count {
        do {
            if leaf.isDistributed {
                let rows = try session.query("SELECT pg_catalog.count(*) AS rows FROM \(session.quoted(leaf.name))")
                return .rows(rows[0].int("rows"))
            }
            let row = try session.query(
                """
                SELECT pg_catalog.count(*) AS rows, (SELECT c.relfilenode FROM pg_catalog.pg_class c WHERE c.oid = \(leaf.oid))
                    IS DISTINCT FROM pg_catalog.pg_relation_filenode(\(leaf.oid)) AS rewritten
                FROM ONLY \(session.quoted(leaf.name))
                """
            )[0]
            return row.bool("rewritten") ? .obstacle(.rewritten) : .rows(row.int("rows"))
        } catch let error as PostgresError {
            switch error.sqlState {
            case "42501":
                return .obstacle(error.message.contains("row-level security") ? .rowSecurity : .noPrivilege)
            case "55P03": return .obstacle(.locked)
            case "55000" where leaf.kind == .materializedView: return .obstacle(.notPopulated)
            case "42P01", "3F000": return .obstacle(.gone)
            default: throw error
            }
        }
    }

    /// The rows of a parent are those of its leaves; exact if all of them are.
    private static func rolledUp(_ report: TableReport, _ counted: [UInt32: Count]) -> RowCounts {
        RowCounts(
            tables: report.tables.map { table in
                var result = RowCounts.Table(
                    name: table.name,
                    rows: 0,
                    isExact: true,
                    leaves: table.leaves.map(\.name)
                )
                for leaf in table.leaves {
                    var rows = leaf.rowsEstimate
                    switch counted[leaf.oid] ?? .estimated {
                    case .rows(let number): rows = number
                    case .estimated: result.isExact = false
                    case .obstacle(.notPopulated):
                        rows = 0
                        result.obstacle = .notPopulated
                    case .obstacle(let obstacle):
                        result.isExact = false
                        result.obstacle = result.obstacle ?? obstacle
                    }
                    result.rows = result.rows.flatMap { sum in rows.map { sum + $0 } }
                }
                return result
            }
        )
    }
}
