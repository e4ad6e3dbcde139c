internal import Bookkeeping
package import PostgresClient

/// What is applied, per service: the tables `migrations` and `migration_log` of the state schema.
///
/// The rows of a migration are written in the transaction that runs it, so that they tell the truth whatever happens.
/// `migration_log` is only added to: one row for each run of each file, and for a run without a transaction one more for
/// each of its statements. The last one counts.
package struct Ledger: Sendable {
    package let service: String
    private let state: StateSchema
    /// The state schema, quoted.
    let schema: String

    package init(service: String, stateSchema: String, _ session: borrowing Session) {
        self.service = service
        state = StateSchema(stateSchema)
        schema = session.quoted(stateSchema)
    }

    /// The applied migrations in the order of their versions; none where there is no ledger yet.
    package func entries(_ session: borrowing Session) throws -> [LedgerEntry] {
        guard try exists(session) else { return [] }
        let rows = try session.query(
            """
            SELECT version, name, layer, up_sha256, down_sha256, down_sql, verified, applied_by, duration_ms,
                   applied_order, requires,
                   pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS applied_at
            FROM \(schema).migrations WHERE service = $1 ORDER BY version
            """,
            [service]
        )
        return rows.map { row in
            LedgerEntry(
                version: row.int("version"),
                name: row.text("name"),
                layer: row.text("layer"),
                upSHA256: row["up_sha256"],
                downSHA256: row["down_sha256"],
                downSQL: row["down_sql"],
                isVerified: row.bool("verified"),
                appliedAt: row.text("applied_at"),
                appliedBy: row.text("applied_by"),
                milliseconds: row["duration_ms"].flatMap { Int($0) },
                order: row.int("applied_order"),
                requires: row.texts("requires")
            )
        }
    }

    /// The last run of each version, where it did not end well, or has not ended. What ran before the service's schemas were
    /// restored has left nothing.
    package func unfinishedRuns(_ session: borrowing Session) throws -> [Int: UnfinishedRun] {
        guard try exists(session) else { return [:] }
        let rows = try session.query(
            """
            SELECT * FROM (
                SELECT DISTINCT ON (version) version, name, layer, event, sha256, outcome, statements_done,
                       statements_total, sqlstate, wrapped, started_at
                FROM \(schema).migration_log
                WHERE service = $1 AND version IS NOT NULL AND event IN ('up', 'down', 'repair', 'baseline', 'adopt')
                    AND id > coalesce((SELECT pg_catalog.max(id) FROM \(schema).migration_log
                        WHERE event IN ('restored', 'reset')
                            AND (service = $1 OR service = '' AND name = 'database')), 0)
                ORDER BY version, id DESC) AS last
                LEFT JOIN LATERAL (\(RunLock.holder)) AS holder ON NOT wrapped AND outcome = 'running'
            WHERE outcome <> 'done'
            """,
            [service] + RunLock.halves(of: RunLock.key(service: service))
                + RunLock.halves(of: RunLock.workKey(service: service))
        )
        var runs: [Int: UnfinishedRun] = [:]
        for row in rows {
            runs[row.int("version")] = UnfinishedRun(
                version: row.int("version"),
                name: row.text("name"),
                layer: row.text("layer"),
                direction: row.text("event") == "down" ? .down : .up,
                sha256: row.text("sha256"),
                statementsDone: row.int("statements_done"),
                statementsTotal: row.int("statements_total"),
                hasFailed: row.text("outcome") == "failed",
                sqlState: row["sqlstate"],
                isWrapped: row.bool("wrapped"),
                runner: row["who"]
            )
        }
        return runs
    }

    /// Whether the last thing that happened to the service was a migration that failed and left nothing behind.
    package func lastUpLeftNothing(_ session: borrowing Session) throws -> Bool {
        guard try exists(session) else { return false }
        let last = try session.query(
            """
            SELECT event, outcome, statements_done FROM \(schema).migration_log
            WHERE service = $1 OR service = '' AND name = 'database' ORDER BY id DESC LIMIT 1
            """,
            [service]
        ).first
        guard let last else { return false }
        return last.text("event") == "up" && last.text("outcome") != "done" && last.int("statements_done") == 0
    }

    /// Whether something of the service has run in this database, since its schemas were restored where they were.
    func hasHistory(_ session: borrowing Session) throws -> Bool {
        guard try exists(session) else { return false }
        return try session.query(
            """
            SELECT EXISTS (
                SELECT FROM \(schema).migration_log
                WHERE service = $1 AND event IN ('up', 'down', 'repair', 'baseline', 'adopt')
                    AND (outcome = 'done' OR statements_done > 0)
                    AND id > coalesce((SELECT pg_catalog.max(id) FROM \(schema).migration_log
                        WHERE event = 'restored' AND (service = $1 OR service = '' AND name = 'database')), 0)) AS any
            """,
            [service]
        )[0].bool("any")
    }

    /// - Throws: `BookkeepingError` where a table is damaged or of an older version; `PostgresError` with `.untrusted` where
    ///   something else is in its place.
    func exists(_ session: borrowing Session) throws -> Bool {
        try state.isReadable([.migrations, .log], session)
    }
}
