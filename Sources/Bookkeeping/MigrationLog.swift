package import PostgresClient

/// The append-only table `migration_log`: one row for each run of each file. A run without a transaction adds a row for
/// each of its statements, and the last row counts.
package struct MigrationLog: Sendable {
    /// The table's name, quoted.
    private let table: String

    package init(_ state: StateSchema, _ session: borrowing Session) { table = state.quoted(.log, session) }
}

// Two queries about runs that failed or have not ended. `unfinishedRuns` informs the next run about each version.
// `carriedEntries` selects the entries that must be restored together with the data, so it omits runs without remaining
// effects.
extension MigrationLog {
    /// The last run of each version, if it failed or has not ended. Runs from before the service's schemas were
    /// restored count as without effect.
    func unfinishedRuns(of service: String, _ session: borrowing Session) throws -> [Int: UnfinishedRun] {
        let rows = try session.query(
            """
            SELECT * FROM (
                SELECT DISTINCT ON (version) version, name, layer, event, sha256, outcome, statements_done,
                       statements_total, sqlstate, wrapped, started_at
                FROM \(table)
                WHERE service = $1 AND version IS NOT NULL AND event IN ('up', 'down', 'repair', 'baseline', 'adopt')
                    AND \(isAfterLast("'restored', 'reset'"))
                ORDER BY version, id DESC) AS last
                LEFT JOIN LATERAL (\(RunLock.holder)) AS holder ON NOT wrapped AND outcome = 'running'
            WHERE outcome <> 'done'
            """,
            [service] + RunLock.halves(of: RunLock.key(service: service))
                + RunLock.halves(of: RunLock.workKey(service: service))
        )
        return Dictionary(rows.map { ($0.int("version"), UnfinishedRun($0)) }, uniquingKeysWith: { one, _ in one })
    }

    /// For each service, its adopted ledger, and the runs that left a file partly applied.
    package func carriedEntries(_ session: borrowing Session) throws -> [(service: String, entry: LogEntry)] {
        try session.query(
            """
            WITH restored AS (
                SELECT service, pg_catalog.max(id) AS id FROM \(table)
                WHERE event = 'restored' AND (service <> '' OR name = 'database') GROUP BY service)
            SELECT service, version, name, event, layer, sha256, actor, outcome, statements_done, statements_total,
                wrapped, sqlstate, note, \(TimePrecision.microseconds.text(of: "started_at"))
            FROM (
                SELECT DISTINCT ON (service, version, event = 'adopt') * FROM \(table) l
                WHERE event = 'adopt'
                    OR version IS NOT NULL AND event IN ('up', 'down', 'repair', 'baseline')
                        AND id > coalesce((SELECT pg_catalog.max(r.id) FROM restored r WHERE r.service IN ('', l.service)), 0)
                ORDER BY service, version, event = 'adopt', id DESC) AS last
            WHERE event = 'adopt' OR NOT wrapped AND outcome <> 'done' AND (outcome = 'running' OR statements_done > 0)
            ORDER BY id
            """
        ).map { ($0.text("service"), LogEntry($0)) }
    }

    /// Whether an entry is later than the last of certain events of the service `$1`, or of the whole database.
    private func isAfterLast(_ events: String) -> String {
        """
        id > coalesce((SELECT pg_catalog.max(id) FROM \(table)
            WHERE event IN (\(events)) AND (service = $1 OR service = '' AND name = 'database')), 0)
        """
    }
}

// Other queries.
extension MigrationLog {
    /// Whether the last event of the service was a failed migration without remaining effects.
    func lastUpLeftNothing(of service: String, _ session: borrowing Session) throws -> Bool {
        let last = try session.query(
            """
            SELECT event, outcome, statements_done FROM \(table)
            WHERE service = $1 OR service = '' AND name = 'database' ORDER BY id DESC LIMIT 1
            """,
            [service]
        ).first
        guard let last else { return false }
        return last.text("event") == "up" && last.text("outcome") != "done" && last.int("statements_done") == 0
    }

    /// Whether a migration of the service has run in this database since its schemas were last restored.
    func hasHistory(of service: String, _ session: borrowing Session) throws -> Bool {
        try session.query(
            """
            SELECT EXISTS (
                SELECT FROM \(table)
                WHERE service = $1 AND event IN ('up', 'down', 'repair', 'baseline', 'adopt')
                    AND (outcome = 'done' OR statements_done > 0) AND \(isAfterLast("'restored'"))) AS any
            """,
            [service]
        )[0].bool("any")
    }

    /// The last log entry about the adopted table, by service: `TableName.note` for golang-migrate's, which is kept up
    /// to date, `AdoptedLedger.note` for any other; none for a service that no longer has one.
    ///
    /// - Parameter service: nil for all.
    package func adoptions(of service: String? = nil, _ session: borrowing Session) throws -> [String: String] {
        let rows = try session.query(
            """
            SELECT DISTINCT ON (service) service, note FROM \(table)
            WHERE event = 'adopt'\(service == nil ? "" : " AND service = $1") ORDER BY service, id DESC
            """,
            service.map { [$0] } ?? []
        )
        return Dictionary(rows.map { ($0.text("service"), $0.text("note")) }, uniquingKeysWith: { one, _ in one })
    }

    /// The ledgers of other tools beside which migrations run, for all services.
    func tablesBeside(_ session: borrowing Session) throws -> Set<TableName> {
        let rows = try session.query(
            "SELECT DISTINCT note FROM \(table) WHERE event = $1 AND note IS NOT NULL",
            [LogEntry.besideEvent]
        )
        return Set(rows.compactMap { TableName(noted: $0.text("note")) })
    }
}

// Writing.
extension MigrationLog {
    package func append(_ entry: LogEntry, service: String, _ session: borrowing Session) throws {
        try session.query(insertion(of: entry, after: 0), entry.parameters(service: service))
    }

    /// The statement that inserts the entry; its parameters begin after the first `count`.
    func insertion(of entry: LogEntry, after count: Int) -> String {
        let columns = LogEntry.columns
        var values = (1...columns.count).map { "$\(count + $0)" }
        let place = { (column: String) in columns.firstIndex(of: column)! }
        let (milliseconds, outcome, actor) = (
            values[place("duration_ms")], values[place("outcome")], values[place("actor")]
        )
        values[place("actor")] = "coalesce(nullif(\(actor), ''), session_user)"
        let (start, end) =
            switch entry.time {
            case .now:
                (
                    "pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => coalesce(\(milliseconds)::bigint, 0) / 1000.0)",
                    "pg_catalog.clock_timestamp()"
                )
            case .transaction: ("pg_catalog.now()", "pg_catalog.clock_timestamp()")
            case .at: ("$\(count + columns.count + 1)", "$\(count + columns.count + 1)::pg_catalog.timestamptz")
            }
        return """
            INSERT INTO \(table) (\(columns.joined(separator: ", ")), started_at, finished_at)
            VALUES (\(values.joined(separator: ", ")), \(start),
                CASE WHEN \(outcome)::pg_catalog.text = 'running' THEN NULL ELSE \(end) END)
            """
    }
}

// For a restore, which may replace the table.
extension MigrationLog {
    private static let carried = (LogEntry.columns + ["started_at", "finished_at"]).joined(separator: ", ")

    /// All entries as COPY text; nil for an empty log.
    package func copy(_ session: inout Session) throws -> [UInt8]? {
        var log: [UInt8] = []
        let sql = "COPY (SELECT \(Self.carried) FROM \(table) ORDER BY id) TO STDOUT"
        try session.copyOut(sql) { rows in while try rows.next({ log.append(contentsOf: $0) }) {} }
        return log.isEmpty ? nil : log
    }

    /// Replaces all entries by those of a copy.
    package func replace(with copy: [UInt8], _ session: inout Session) throws {
        try session.execute("DELETE FROM \(table)")
        _ = try session.copyIn("COPY \(table) (\(Self.carried)) FROM STDIN") { rows in
            try copy.withUnsafeBytes { try rows.write($0) }
        }
    }
}
