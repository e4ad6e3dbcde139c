internal import PostgresClient
internal import SQLText
internal import Storage

// Queries of the user. A returned row is a failure, as in dbt: the query selects what must not exist.
extension DrillBench {
    func run(_ queries: [SmokeQuery]) async throws {
        guard !queries.isEmpty else { return }
        try await journal.phase("smoke queries") {
            var problems: [String] = []
            for query in queries {
                if let problem = try await query.problem(on: self) { problems.append(problem) }
            }
            journal.check(
                .smoke,
                problems,
                else: "\(counted(queries.count, "file")) returned what they should"
            )
        }
    }
}

/// A file with one query, and the number of rows that it must return: `-- expect: 3`, otherwise none.
struct SmokeQuery: Sendable {
    private let path: String
    private let text: String
    private let timeout: Duration

    /// - Throws: `DrillError.file`.
    init(_ path: String, _ timeout: Duration) throws {
        (self.path, self.timeout) = (path, timeout)
        do {
            text = try Files.text(of: path)
        } catch {
            throw DrillError(.file, "\(path) cannot be read: \(error)", hint: "make it readable, or remove it")
        }
    }

    /// What is wrong; nil if the query returns as many rows as it must.
    func problem(on bench: DrillBench) async throws -> String? {
        let expected = text.firstMatch(of: #/(?m)^--[ \t]*expect:[ \t]*([0-9]+)[ \t]*$/#).flatMap { Int($0.1) } ?? 0
        let limit = timeout.milliseconds
        do {
            let rows = try await bench.reading(takesViews: true) { session in
                // Its names are those of the application, so its search path is that of the database.
                try session.execute("\(Session.databaseSearchPath); SET LOCAL statement_timeout = \(limit)")
                return try session.countRows(text)
            }
            guard rows != expected else { return nil }
            return "\(path) returned \(counted(rows, "row"))"
                + (expected == 0 ? "" : " instead of \(grouped(expected))")
        } catch let error as PostgresError where error.isOfStatement || error.sqlState == "57014" {
            // query_canceled
            if error.sqlState == "57014" { return "\(path) took longer than \(timeout / .seconds(1)) s" }
            let message = error.server?.messageWithoutValues ?? error.message
            return "\(path) failed: \(message) (SQLSTATE \(error.sqlState ?? "?"))"
        }
    }
}
