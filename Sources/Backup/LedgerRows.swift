internal import Archive
internal import Bookkeeping
internal import Environments
internal import PostgresClient

/// Reads what the ledger says of services, so that it can come back with their schemas.
struct LedgerRows {
    let stateSchema: StateSchema
    /// The schemas of services that are known from their files; of others they are made from the name.
    let services: [String: [String]]
    let scope: CatalogScope

    /// The services whose schemas are backed up and of which something is applied, or was begun.
    ///
    /// - Parameter session: in the transaction of the snapshot.
    /// - Returns: nil for single tables, which no ledger belongs to, and for a role that may not read the ledger.
    func read(_ session: borrowing Session) throws -> [Manifest.ServiceLedger]? {
        guard scope.isWholeDatabase || !scope.schemas.isEmpty else { return nil }
        try stateSchema.requireOrdinary(session)
        let faults = try stateSchema.faults(session).filter { [.migrations, .log].contains($0.table) }
        if faults.contains(where: \.isMissingTable) { return [] }
        guard faults.isEmpty, try stateSchema.mayRead(session) else { return nil }
        let schemas = Set(exactly: scope.schemas)
        return try ledgers(session).values.sorted { $0.service < $1.service }
            .filter { scope.isWholeDatabase || !schemas.isDisjoint(with: Set(exactly: $0.schemas)) }
    }

    private func schemas(of service: String) -> [String] {
        services[service] ?? [Service.usualSchema(of: service)]
    }

    private func ledgers(_ session: borrowing Session) throws -> [String: Manifest.ServiceLedger] {
        var ledgers: [String: Manifest.ServiceLedger] = [:]
        for row in try migrations(session) {
            let service = row.text("service")
            ledgers[service, default: Manifest.ServiceLedger(service: service, schemas: schemas(of: service))]
                .migrations
                .append(
                    Manifest.AppliedMigration(
                        version: row.int("version"),
                        name: row.text("name"),
                        layer: row.text("layer"),
                        upSHA256: row["up_sha256"],
                        downSHA256: row["down_sha256"],
                        downSQL: row["down_sql"],
                        verified: row.bool("verified"),
                        appliedAt: row.text("applied_at"),
                        appliedBy: row.text("applied_by"),
                        milliseconds: row["duration_ms"].flatMap { Int($0) },
                        requires: row.texts("requires")
                    )
                )
        }
        for row in try openEntries(session) {
            let service = row.text("service")
            ledgers[service, default: Manifest.ServiceLedger(service: service, schemas: schemas(of: service))].log
                .append(
                    Manifest.LogEntry(
                        version: row["version"].flatMap { Int($0) },
                        name: row.text("name"),
                        event: row.text("event"),
                        layer: row.text("layer"),
                        sha256: row["sha256"],
                        actor: row.text("actor"),
                        startedAt: row.text("started_at"),
                        outcome: row.text("outcome"),
                        statementsDone: row["statements_done"].flatMap { Int($0) },
                        statementsTotal: row["statements_total"].flatMap { Int($0) },
                        wrapped: row.bool("wrapped"),
                        sqlState: row["sqlstate"],
                        note: row["note"]
                    )
                )
        }
        return ledgers
    }

    private static func time(_ column: String) -> String {
        "pg_catalog.to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS \(column)"
    }

    private func migrations(_ session: borrowing Session) throws -> Rows {
        try session.query(
            """
            SELECT service, version, name, layer, up_sha256, down_sha256, down_sql, verified, applied_by, duration_ms,
                requires, \(Self.time("applied_at"))
            FROM \(session.quoted(stateSchema.name)).migrations ORDER BY applied_order
            """
        )
    }

    /// Of each service the table of another tool that is kept in step, and the runs that left half of a file.
    private func openEntries(_ session: borrowing Session) throws -> Rows {
        let log = "\(session.quoted(stateSchema.name)).migration_log"
        return try session.query(
            """
            WITH restored AS (
                SELECT service, pg_catalog.max(id) AS id FROM \(log)
                WHERE event = 'restored' AND (service <> '' OR name = 'database') GROUP BY service)
            SELECT service, version, name, event, layer, sha256, actor, outcome, statements_done, statements_total,
                wrapped, sqlstate, note, \(Self.time("started_at"))
            FROM (
                SELECT DISTINCT ON (service, version, event = 'adopt') * FROM \(log) l
                WHERE event = 'adopt'
                    OR version IS NOT NULL AND event IN ('up', 'down', 'repair', 'baseline')
                        AND id > coalesce((SELECT pg_catalog.max(r.id) FROM restored r WHERE r.service IN ('', l.service)), 0)
                ORDER BY service, version, event = 'adopt', id DESC) AS last
            WHERE event = 'adopt' OR NOT wrapped AND outcome <> 'done' AND (outcome = 'running' OR statements_done > 0)
            ORDER BY id
            """
        )
    }
}
