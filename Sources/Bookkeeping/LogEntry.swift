internal import PostgresClient

/// What the log says of a run beside the file: who, where, with what.
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
    /// When what it tells of began and ended; what is still running has not ended.
    package enum Time: Sendable {
        /// It ends now, and began as many milliseconds ago as it took.
        case now
        /// It began with the transaction, and ends now.
        case transaction
        /// A moment, as PostgreSQL reads it.
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

    /// RFC 3339 in UTC with microseconds, of an entry that was read.
    package var startedAt: String { if case .at(let time) = time { time } else { "" } }

    package init(_ event: String, version: Int? = nil, note: String? = nil, _ context: RunContext) {
        self.event = event
        self.version = version
        self.note = note
        self.context = context
    }

    /// The event that remembers a ledger beside which migrations run; its note holds the table.
    package static let besideEvent = "beside"
}

// As the table has it.
extension LogEntry {
    /// All but `id`, `started_at` and `finished_at`, in the order of `parameters`.
    static let columns = [
        "service", "version", "name", "event", "environment", "layer", "sha256", "actor", "client_host", "tool_version",
        "duration_ms", "estimated_duration", "outcome", "statements_done", "statements_total", "wrapped", "sqlstate",
        "message", "note",
    ]

    /// One more than there are columns for an entry of another time.
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

    /// What a restore must know of it.
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

/// A run of a file that did not end well, and was the last one of its version.
package struct UnfinishedRun: Sendable, Equatable {
    package var version: Int
    package var name: String
    package var layer: String
    /// Whether it was the down file that ran.
    package var isDown: Bool
    package var sha256: String
    /// Statements whose effect is in the database; for a run in one transaction always 0.
    package var statementsDone: Int
    package var statementsTotal: Int
    /// False for a run that still says `running`: the process is gone, or is at it.
    package var hasFailed: Bool
    package var sqlState: String?
    package var isWrapped: Bool
    /// Who is at it right now; nil if its process is gone.
    package var runner: String?

    /// Whether something of it remains in the database, or may.
    package var leavesSomething: Bool { !isWrapped && (statementsDone > 0 || !hasFailed) }
    /// Whether its process is still at it.
    package var isRunning: Bool { runner != nil }
    /// Whether its process is gone, and something remains.
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
