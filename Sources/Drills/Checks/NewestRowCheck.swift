internal import PostgresClient
internal import Project

// The newest row of tables that are written all the time: is the backup of the moment that it names?
extension DrillBench {
    func checkNewestRows() async throws {
        let rules = options.environments.rules(of: journal.now.environment ?? "").newestRows
        guard !rules.isEmpty else { return }
        let time = journal.now.backedUpAt
        try await journal.phase("newest rows") {
            var problems: [String] = []
            for rule in rules {
                if let problem = try await problem(rule, at: time) { problems.append(problem) }
            }
            journal.check(
                .newestRows,
                problems,
                else: "\(counted(rules.count, "column")) with a newest value from shortly before the backup"
            )
        }
    }

    private func problem(_ rule: EnvironmentPolicy.NewestRows, at time: String) async throws -> String? {
        let parts = rule.column.split(separator: ".").map(String.init)
        let table = TableName(schema: parts.count == 3 ? parts[0] : "public", name: parts[parts.count - 2])
        let column = parts[parts.count - 1]
        let seconds: Int?
        do {
            seconds = try await reading { session in
                try session.query(
                    """
                    SELECT pg_catalog.floor(extract(epoch FROM $1::pg_catalog.timestamptz - pg_catalog.max(\(session.quoted(column)))::pg_catalog.timestamptz)) AS age
                    FROM \(session.quoted(table))
                    """,
                    [time]
                )[0]["age"].flatMap { Int($0) }
            }
        } catch let error as PostgresError where error.isOfStatement {
            return "\(rule.column) cannot be read: \(error.server?.messageWithoutValues ?? error.message)"
        }
        guard let seconds else { return "\(table) has no row with a value in \(column)" }
        if seconds < -DrillFigures.clockDifference {
            return "the newest \(rule.column) is \(DrillFigures.age(-seconds)) later than the backup"
        }
        guard Duration.seconds(seconds) > rule.ageMax else { return nil }
        let limit = Int(rule.ageMax.components.seconds)
        return """
            the newest \(rule.column) is \(DrillFigures.age(seconds)) older than the backup, and \(DrillFigures.age(limit)) is \
            the limit
            """
    }
}
