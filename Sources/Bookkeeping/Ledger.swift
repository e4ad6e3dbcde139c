package import PostgresClient

/// The applied migrations of each service: the rows of `migrations`, and the last relevant entries of `migration_log`.
///
/// A row is written in the transaction that runs its migration, so the table is always correct.
package struct Ledger: Sendable {
    package let service: String
    private let state: StateSchema
    /// The table `migrations`, quoted.
    package let table: String
    let log: MigrationLog

    package init(service: String, _ state: StateSchema, _ session: borrowing Session) {
        self.service = service
        self.state = state
        table = state.quoted(.migrations, session)
        log = MigrationLog(state, session)
    }

    /// - Throws: `BookkeepingError` if a table is damaged or of an older version; `PostgresError` with `.untrusted` if
    ///   another object has its name.
    func exists(_ session: borrowing Session) throws -> Bool { try state.isReadable([.migrations, .log], session) }
}

// Reading. Without a ledger, nothing is applied and nothing has run.
extension Ledger {
    /// The applied migrations in the order of their versions, with times in seconds.
    package func entries(_ session: borrowing Session) throws -> [LedgerEntry] {
        guard try exists(session) else { return [] }
        return try session.query(
            "SELECT \(LedgerEntry.columns(.seconds)) FROM \(table) WHERE service = $1 ORDER BY version",
            [service]
        ).map { LedgerEntry($0) }
    }

    package func unfinishedRuns(_ session: borrowing Session) throws -> [Int: UnfinishedRun] {
        try exists(session) ? log.unfinishedRuns(of: service, session) : [:]
    }

    package func lastUpLeftNothing(_ session: borrowing Session) throws -> Bool {
        try exists(session) && log.lastUpLeftNothing(of: service, session)
    }

    package func hasHistory(_ session: borrowing Session) throws -> Bool {
        try exists(session) && log.hasHistory(of: service, session)
    }

    /// golang-migrate's table that this service keeps up to date.
    package func adoptedTable(_ session: borrowing Session) throws -> TableName? {
        try adoption(session).flatMap { TableName(noted: $0) }
    }

    /// The adopted ledger of another tool, which granary does not keep up to date.
    package func adoptedLedger(_ session: borrowing Session) throws -> AdoptedLedger? {
        try adoption(session).flatMap { AdoptedLedger(noted: $0) }
    }

    /// The ledgers of other tools that other services have adopted.
    package func tablesOfOthers(_ session: borrowing Session) throws -> Set<TableName> {
        guard try exists(session) else { return [] }
        let notes = try log.adoptions(session).filter { $0.key != service }.values
        return Set(notes.compactMap { TableName(noted: $0) ?? AdoptedLedger(noted: $0)?.table })
    }

    private func adoption(_ session: borrowing Session) throws -> String? {
        guard try exists(session) else { return nil }
        return try log.adoptions(of: service, session)[service]
    }

    /// The other services that keep the same table up to date, and the lowest version that each accepts in its row.
    package func sharers(of table: TableName, _ session: borrowing Session) throws -> [String: Int] {
        guard try exists(session) else { return [:] }
        let adoptions = try log.adoptions(session).filter { $0.key != service && $0.value == table.note }
        guard !adoptions.isEmpty else { return [:] }
        let applied = Dictionary(grouping: try Self.applied(state, session), by: \.service)
        return adoptions.keys.reduce(into: [:]) { versions, name in
            let rows = applied[name] ?? []
            // golang-migrate reads the base files if there are any, else the environment's.
            let base = rows.filter { $0.layer.isEmpty }
            versions[name] = (base.isEmpty ? rows : base).map(\.version).max()
        }
    }

    /// The applied migrations of all services. The caller has checked that the table exists.
    package static func applied(_ state: StateSchema, _ session: borrowing Session) throws -> [AppliedVersion] {
        try session.query("SELECT service, version, layer, requires FROM \(state.quoted(.migrations, session))").map {
            AppliedVersion(
                service: $0.text("service"),
                version: $0.int("version"),
                layer: $0.text("layer"),
                requires: $0.texts("requires")
            )
        }
    }

    /// The rows of all services, each in the order of application, with times in microseconds. The caller has checked
    /// that the table exists.
    package static func all(_ state: StateSchema, _ session: borrowing Session) throws -> [String: [LedgerEntry]] {
        let rows = try session.query(
            """
            SELECT \(LedgerEntry.columns(.microseconds)) FROM \(state.quoted(.migrations, session))
            ORDER BY applied_order
            """
        )
        return Dictionary(grouping: rows) { $0.text("service") }.mapValues { $0.map { LedgerEntry($0) } }
    }
}

// Writing.
extension Ledger {
    /// Records a migration as applied, in the transaction that applies it: the row and the log entry.
    package func recordUp(_ row: LedgerEntry, _ entry: LogEntry, _ session: borrowing Session) throws {
        let row = row.parameters(service: service)
        try session.query(
            "WITH entry AS (\(LedgerEntry.insertion(into: table))) \(log.insertion(of: entry, after: row.count))",
            row + entry.parameters(service: service)
        )
    }

    /// Records that a migration is no longer applied, in the transaction that reverts it.
    ///
    /// - Returns: False if a trigger or a rule has prevented the deletion of the row.
    package func recordDown(_ entry: LogEntry, _ session: borrowing Session) throws -> Bool {
        try session.query(
            "WITH gone AS (\(rowDeletion) RETURNING 1), said AS (\(log.insertion(of: entry, after: 2))) \(rowsKept)",
            [service, entry.version.map { String($0) }] + entry.parameters(service: service)
        )[0].int("kept") == 0
    }

    /// Adds only the row, because the log already has an entry.
    package func addRow(_ row: LedgerEntry, _ session: borrowing Session) throws {
        try session.query(LedgerEntry.insertion(into: table), row.parameters(service: service))
    }

    /// Removes only the row.
    ///
    /// - Returns: False if a trigger or a rule has prevented the deletion of the row.
    package func removeRow(_ version: Int, _ session: borrowing Session) throws -> Bool {
        try session.query("WITH gone AS (\(rowDeletion) RETURNING 1) \(rowsKept)", [service, String(version)])[0]
            .int("kept") == 0
    }

    private var rowDeletion: String { "DELETE FROM \(table) WHERE service = $1 AND version = $2" }

    /// The number of rows that a trigger or a rule has kept from `rowDeletion`. The query still sees the rows from
    /// before. An interrupted file has no row.
    private var rowsKept: String {
        """
        SELECT (SELECT pg_catalog.count(*) FROM \(table) WHERE service = $1 AND version = $2)
            - (SELECT pg_catalog.count(*) FROM gone) AS kept
        """
    }

    /// Replaces all rows of the service, as when an archive is restored.
    package func replace(with rows: [LedgerEntry], _ session: borrowing Session) throws {
        try forget(session)
        for row in rows { try addRow(row, session) }
    }

    /// Deletes the rows; the log is kept.
    package func forget(_ session: borrowing Session) throws {
        try session.query("DELETE FROM \(table) WHERE service = $1", [service])
    }

    /// Records that files have moved to another folder since they ran.
    package func moveLayers(
        _ moves: [(version: Int, layer: String, name: String)],
        _ session: borrowing Session
    ) throws {
        for move in moves {
            try session.query(
                "UPDATE \(table) SET layer = $3, name = $4 WHERE service = $1 AND version = $2",
                [service, String(move.version), move.layer, move.name]
            )
        }
    }

    /// Adds only a log entry: the progress of a run, or its end.
    package func append(_ entry: LogEntry, _ session: borrowing Session) throws {
        try log.append(entry, service: service, session)
    }
}
