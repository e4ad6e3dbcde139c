import Cleaning
import PostgresClient
import Synchronization
import TestSupport
import Testing

/// A database of its own, with a cleaner and the command.
struct Barn: Sendable {
    let server: ThrowawayServer
    let url: String
    let folder: ScratchFolder

    /// Lends a database that holds `sql`, marked as development.
    static func with(
        _ sql: String,
        options: String = "",
        _ body: (Barn) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase(options: options) { url in
                try await psql(url, sql)
                try await body(Barn(server: server, url: url, folder: folder))
            }
        }
    }

    func cleaner(
        _ schemas: [String]? = ["shop"],
        at url: String? = nil,
        _ progress: @escaping @Sendable (CleanProgress) -> Void = { _ in },
        _ change: (inout CleanOptions) -> Void = { _ in }
    ) -> Cleaner {
        var options = CleanOptions(schemas: schemas)
        change(&options)
        return Cleaner(options, server: ServerAddress(url ?? self.url), logger: quietLogger, progress: progress)
    }

    func plan(
        _ schemas: [String]? = ["shop"],
        _ change: (inout CleanOptions) -> Void = { _ in }
    ) async throws -> CleanPlan {
        try await cleaner(schemas, change).plan()
    }

    func cleaner(_ schemas: [String]?, _ change: (inout CleanOptions) -> Void) -> Cleaner {
        cleaner(schemas, at: nil, { _ in }, change)
    }

    /// Plans and cleans without a backup. What is left is `shop.a 0, shop.b 2`.
    @discardableResult
    func clean(
        _ schemas: [String]? = ["shop"],
        at url: String? = nil,
        _ change: (inout CleanOptions) -> Void = { _ in }
    ) async throws -> CleanReport {
        let cleaner = cleaner(schemas, at: url, { _ in }, change)
        return try #require(try await cleaner.run(backUp: nil))
    }

    @discardableResult
    func sql(_ text: String) async throws -> String { try await psql(url, text) }

    /// `a 0, b 2`: the rows of each table of a schema.
    func rows(of schema: String = "shop") async throws -> String {
        let tables = try await sql(
            """
            SELECT format('SELECT %L || count(*) FROM ONLY %I.%I', tablename || ' ', schemaname, tablename)
            FROM pg_tables WHERE schemaname = '\(schema)' ORDER BY tablename COLLATE "C"
            """
        ).split(separator: "\n")
        guard !tables.isEmpty else { return "" }
        return try await sql(tables.joined(separator: " UNION ALL ")).replacing("\n", with: ", ")
    }

    @discardableResult
    func granary(
        _ arguments: String...,
        environment: [String: String?] = [:]
    ) async throws -> CommandOutcome {
        try await granary(arguments, environment: environment)
    }

    func granary(_ arguments: [String], environment: [String: String?] = [:]) async throws -> CommandOutcome {
        try await runCommand(
            granaryBinary(),
            arguments,
            environment: ["DATABASE_URL": url].merging(environment) { $1 },
            workingDirectory: folder.path
        )
    }

    func mark(_ environment: String = "development") async throws {
        let outcome = try await granary("env", "mark", environment, "--quiet")
        try #require(outcome.status == 0, "\(outcome)")
    }

    /// The database's name.
    var name: String { String(url.dropFirst("postgresql:///".count).prefix { $0 != "?" }) }

    /// Lends a session's locks, or whatever else it has done in its transaction.
    func holding<R: Sendable>(
        _ sql: String,
        as application: String = "the holder",
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withHeldSession(
            ServerAddress(url),
            logger: quietLogger,
            prepare: {
                try $0.execute("\(Session.databaseSearchPath); SET application_name = '\(application)'; BEGIN; \(sql)")
            },
            while: { try await body() }
        )
    }
}

/// The error that `body` throws, or nil with an issue when it throws none.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation,
    of body: () async throws -> some Any
) async -> CleaningError? {
    do {
        _ = try await body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
    } catch let error as CleaningError {
        return error
    } catch {
        Issue.record("not a CleaningError: \(error)", sourceLocation: sourceLocation)
    }
    return nil
}

extension CleanPlan {
    /// `shop.a 3 delete, shop.b 5 truncate`
    var summary: String { tables.map { "\($0.name) \($0.rows) \($0.method.rawValue)" }.joined(separator: ", ") }
    /// `shop.a: --keep`
    var keptSummary: String { kept.map { "\($0.name): \($0.reason)" }.joined(separator: ", ") }
}

extension CleanReport {
    var summary: String { tables.map { "\($0.name) \($0.rows)" }.joined(separator: ", ") }
}
