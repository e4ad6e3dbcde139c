internal import Archive
internal import Bookkeeping
internal import PostgresClient
internal import Project

/// Reads the ledger of services, so that it can be restored with their schemas.
struct LedgerRows {
    let stateSchema: StateSchema
    /// The schemas of services that files declare; for others they follow from the name.
    let services: [String: [String]]
    let scope: CatalogScope

    /// The services whose schemas are backed up and of which a migration is applied or was begun.
    ///
    /// - Parameter session: In the transaction of the snapshot.
    /// - Returns: nil for single tables, which have no ledger, and for a role that may not read the ledger.
    func read(_ session: borrowing Session) throws -> [Manifest.ServiceLedger]? {
        guard scope.isWholeDatabase || !scope.schemas.isEmpty else { return nil }
        try stateSchema.requireOrdinary(session)
        let faults = try stateSchema.faults(session).filter { [.migrations, .log].contains($0.table) }
        if faults.contains(where: \.isMissingTable) { return [] }
        guard faults.isEmpty, try stateSchema.mayRead(session) else { return nil }
        let schemas = Set(exactly: scope.schemas)
        return try ledgers(session).filter {
            scope.isWholeDatabase || !schemas.isDisjoint(with: Set(exactly: $0.schemas))
        }
    }

    private func schemas(of service: String) -> [String] {
        services[service] ?? [Service.usualSchema(of: service)]
    }

    private func ledgers(_ session: borrowing Session) throws -> [Manifest.ServiceLedger] {
        let rows = try Ledger.all(stateSchema, session)
        let log = Dictionary(grouping: try MigrationLog(stateSchema, session).carriedEntries(session), by: \.service)
        return Set(rows.keys).union(log.keys).sorted().map { service in
            Manifest.ServiceLedger(
                service: service,
                schemas: schemas(of: service),
                migrations: (rows[service] ?? []).map { Manifest.AppliedMigration($0) },
                log: (log[service] ?? []).map { Manifest.LogEntry($0.entry) }
            )
        }
    }
}

extension Manifest.AppliedMigration {
    init(_ entry: LedgerEntry) {
        self.init(
            version: entry.version,
            name: entry.name,
            layer: entry.layer,
            upSHA256: entry.upSHA256,
            downSHA256: entry.downSHA256,
            downSQL: entry.downSQL,
            verified: entry.isVerified,
            appliedAt: entry.appliedAt,
            appliedBy: entry.appliedBy,
            milliseconds: entry.milliseconds,
            requires: entry.requires
        )
    }
}

extension Manifest.LogEntry {
    init(_ entry: LogEntry) {
        self.init(
            version: entry.version,
            name: entry.name,
            event: entry.event,
            layer: entry.layer,
            sha256: entry.sha256,
            actor: entry.context.actor,
            startedAt: entry.startedAt,
            outcome: entry.outcome,
            statementsDone: entry.statementsDone,
            statementsTotal: entry.statementsTotal,
            wrapped: entry.isWrapped,
            sqlState: entry.sqlState,
            note: entry.note
        )
    }
}
