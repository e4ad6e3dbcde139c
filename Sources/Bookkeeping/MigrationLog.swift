import PostgresClient

/// What the log says of a run beside the file: who, where, with what.
package struct RunContext: Sendable {
    package var environment: String
    package var actor: String
    package var host: String
    package var toolVersion: String

    package init(environment: String, actor: String, host: String, toolVersion: String) {
        self.environment = environment
        self.actor = actor
        self.host = host
        self.toolVersion = toolVersion
    }
}

/// One entry of the log.
struct LogEntry: Sendable {
    var event: String
    var version: Int?
    var name = ""
    var layer = ""
    var sha256: String?
    var outcome = "done"
    var milliseconds: Int?
    var estimatedDuration: String?
    var statementsDone: Int?
    var statementsTotal: Int?
    var isWrapped = true
    var sqlState: String?
    var message: String?
    var note: String?
}

extension Ledger {
    /// Writes that a migration is applied, in the transaction that applies it: the row and the log entry at once.
    func recordUp(_ step: MigrationStep, _ entry: LogEntry, _ context: RunContext, _ session: borrowing Session) throws
    {
        let row = row(step, entry.milliseconds, context)
        try session.query(
            "WITH entry AS (\(rowInsertion)) \(insertion(after: row.count))",
            row + values(entry, context)
        )
    }

    /// Writes that a migration is no longer applied, in the transaction that reverts it.
    func recordDown(_ entry: LogEntry, _ context: RunContext, _ session: borrowing Session) throws {
        let row = try session.query(
            "WITH gone AS (\(rowDeletion) RETURNING 1), said AS (\(insertion(after: 2))) \(rowsKept)",
            [service, entry.version.map { String($0) }] + values(entry, context)
        )[0]
        guard row.int("kept") == 0 else { throw undeletable(entry.version ?? 0) }
    }

    private func undeletable(_ version: Int) -> MigrationError {
        MigrationError(
            .disagreement,
            "the row of \(version) in the ledger of \(service) could not be deleted",
            hint: "look at \(schema).migrations in psql; `granary doctor` says what is wrong with it"
        )
    }

    /// The row alone, where the log already has an entry.
    func addRow(_ step: MigrationStep, milliseconds: Int?, _ context: RunContext, _ session: borrowing Session) throws {
        try session.query(rowInsertion, row(step, milliseconds, context))
    }

    func removeRow(_ version: Int, _ session: borrowing Session) throws {
        let row = try session.query(
            "WITH gone AS (\(rowDeletion) RETURNING 1) \(rowsKept)",
            [service, String(version)]
        )[0]
        guard row.int("kept") == 0 else { throw undeletable(version) }
    }

    /// How many rows a trigger or a rule has kept from `rowDeletion`: the query still sees those that were there before. A
    /// file that broke off has no row.
    private var rowsKept: String {
        """
        SELECT (SELECT pg_catalog.count(*) FROM \(schema).migrations WHERE service = $1 AND version = $2)
            - (SELECT pg_catalog.count(*) FROM gone) AS kept
        """
    }

    private var rowDeletion: String { "DELETE FROM \(schema).migrations WHERE service = $1 AND version = $2" }

    private var rowInsertion: String {
        """
        INSERT INTO \(schema).migrations (service, version, name, layer, up_sha256, down_sha256, down_sql, verified,
            applied_by, duration_ms, requires, applied_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, pg_catalog.clock_timestamp())
        """
    }

    private func row(_ step: MigrationStep, _ milliseconds: Int?, _ context: RunContext) -> [String?] {
        [
            service, String(step.version), step.name, step.layer, step.isVerified ? step.sha256 : nil, step.downSHA256,
            step.downSQL, String(step.isVerified), context.actor, milliseconds.map { String($0) },
            QuotedText.array(step.requires),
        ]
    }

    /// Adds to the log alone: how far a run has come, or how it ended.
    func append(_ entry: LogEntry, _ context: RunContext, _ session: borrowing Session) throws {
        try session.query(insertion(after: 0), values(entry, context))
    }

    /// Files that have moved to another folder since they ran.
    func moveLayers(_ moves: [(version: Int, layer: String, name: String)], _ session: borrowing Session) throws {
        for move in moves {
            try session.query(
                "UPDATE \(schema).migrations SET layer = $3, name = $4 WHERE service = $1 AND version = $2",
                [service, String(move.version), move.layer, move.name]
            )
        }
    }

    /// The log entry as a statement whose parameters begin after the first `count`.
    private func insertion(after count: Int) -> String {
        let columns = [
            "service", "version", "name", "event", "environment", "layer", "sha256", "actor", "client_host",
            "tool_version", "duration_ms", "estimated_duration", "outcome", "statements_done", "statements_total",
            "wrapped", "sqlstate", "message", "note",
        ]
        let parameters = (1...columns.count).map { "$\(count + $0)" }
        let duration = "pg_catalog.make_interval(secs => coalesce($\(count + 11)::bigint, 0) / 1000.0)"
        return """
            INSERT INTO \(schema).migration_log (\(columns.joined(separator: ", ")), started_at, finished_at)
            VALUES (\(parameters.joined(separator: ", ")), pg_catalog.clock_timestamp() - \(duration),
                CASE WHEN $\(count + 13)::pg_catalog.text = 'running' THEN NULL ELSE pg_catalog.clock_timestamp() END)
            """
    }

    private func values(_ entry: LogEntry, _ context: RunContext) -> [String?] {
        func text(_ number: Int?) -> String? { number.map { String($0) } }
        return [
            service, text(entry.version), entry.name, entry.event, context.environment, entry.layer, entry.sha256,
            context.actor, context.host, context.toolVersion, text(entry.milliseconds), entry.estimatedDuration,
            entry.outcome, text(entry.statementsDone), text(entry.statementsTotal), String(entry.isWrapped),
            entry.sqlState, entry.message, entry.note,
        ]
    }
}
