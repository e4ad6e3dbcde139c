internal import PostgresClient

/// The circumstances of a run that the log records: who, where, with which version.
package struct RunContext: Sendable {
    package var environment: String
    /// Empty for the role of the session.
    package var actor: String
    package var host: String
    package var toolVersion: String

    package init(environment: String, actor: String = "", host: String = "", toolVersion: String = "") {
        self.environment = environment
        self.actor = actor
        self.host = host
        self.toolVersion = toolVersion
    }
}

/// A row of `migration_log`.
package struct LogEntry: Sendable {
    /// When the event began and ended. A running event has no end.
    package enum Time: Sendable {
        /// It ends now. Its beginning is now minus its duration.
        case now
        /// It began with the transaction, and ends now.
        case transaction
        /// A moment, in PostgreSQL's syntax.
        case at(String)
    }

    package var event: String
    package var version: Int?
    package var name = ""
    package var layer = ""
    package var sha256: String?
    package var outcome = "done"
    package var milliseconds: Int?
    package var estimatedDuration: String?
    package var statementsDone: Int?
    package var statementsTotal: Int?
    package var isWrapped = true
    package var sqlState: String?
    package var message: String?
    package var note: String?
    package var context: RunContext
    package var time = Time.now

    /// RFC 3339 in UTC with microseconds, for an entry that was read.
    package var startedAt: String { if case .at(let time) = time { time } else { "" } }

    package init(_ event: String, version: Int? = nil, note: String? = nil, _ context: RunContext) {
        self.event = event
        self.version = version
        self.note = note
        self.context = context
    }

    /// The event that records a ledger beside which migrations run; its note names the table.
    package static let besideEvent = "beside"
}

// The columns of the table.
extension LogEntry {
    /// All columns except `id`, `started_at` and `finished_at`, in the order of `parameters`.
    static let columns = [
        "service", "version", "name", "event", "environment", "layer", "sha256", "actor", "client_host", "tool_version",
        "duration_ms", "estimated_duration", "outcome", "statements_done", "statements_total", "wrapped", "sqlstate",
        "message", "note",
    ]

    /// For an entry at another time, there is one parameter more than columns.
    func parameters(service: String) -> [String?] {
        func text(_ number: Int?) -> String? { number.map { String($0) } }
        let values = [
            service, text(version), name, event, context.environment, layer, sha256, context.actor, context.host,
            context.toolVersion, text(milliseconds), estimatedDuration, outcome, text(statementsDone),
            text(statementsTotal), String(isWrapped), sqlState, message, note,
        ]
        guard case .at(let time) = time else { return values }
        return values + [time]
    }

    /// The entry with the columns that a restore needs.
    init(_ row: Rows.Row) {
        self.init(
            row.text("event"),
            version: row["version"].flatMap { Int($0) },
            note: row["note"],
            RunContext(environment: "", actor: row.text("actor"))
        )
        name = row.text("name")
        layer = row.text("layer")
        sha256 = row["sha256"]
        outcome = row.text("outcome")
        statementsDone = row["statements_done"].flatMap { Int($0) }
        statementsTotal = row["statements_total"].flatMap { Int($0) }
        isWrapped = row.bool("wrapped")
        sqlState = row["sqlstate"]
        time = .at(row.text("started_at"))
    }
}

/// A run of a file that failed or has not ended, and that was the last run of its version.
package struct UnfinishedRun: Sendable, Equatable {
    package var version: Int
    package var name: String
    package var layer: String
    /// Whether the down file ran.
    package var isDown: Bool
    package var sha256: String
    /// Statements whose effect is in the database; always 0 for a run in one transaction.
    package var statementsDone: Int
    package var statementsTotal: Int
    /// False for a run recorded as `running`: its process has died, or is still running.
    package var hasFailed: Bool
    package var sqlState: String?
    package var isWrapped: Bool
    /// The session that is executing it; nil if its process has died.
    package var runner: String?

    /// Whether effects of it remain in the database, or may.
    package var leavesSomething: Bool { !isWrapped && (statementsDone > 0 || !hasFailed) }
    /// Whether its process is still running.
    package var isRunning: Bool { runner != nil }
    /// Whether its process has died and effects remain.
    package var hasBrokenOff: Bool { leavesSomething && !isRunning }

    init(_ row: Rows.Row) {
        version = row.int("version")
        name = row.text("name")
        layer = row.text("layer")
        isDown = row.text("event") == "down"
        sha256 = row.text("sha256")
        statementsDone = row.int("statements_done")
        statementsTotal = row.int("statements_total")
        hasFailed = row.text("outcome") == "failed"
        sqlState = row["sqlstate"]
        isWrapped = row.bool("wrapped")
        runner = row["who"]
    }
}
