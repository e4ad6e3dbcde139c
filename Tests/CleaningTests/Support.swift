import Cleaning
import PostgresClient
import TestSupport
import Testing

/// Cleaning a project's database.
extension TestProject {
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

    /// Plans and cleans without a backup. Returns the remaining rows, such as `shop.a 0, shop.b 2`.
    @discardableResult
    func clean(
        _ schemas: [String]? = ["shop"],
        at url: String? = nil,
        _ change: (inout CleanOptions) -> Void = { _ in }
    ) async throws -> CleanReport {
        let cleaner = cleaner(schemas, at: url, { _ in }, change)
        return try #require(try await cleaner.run(backUp: nil))
    }

    /// The row count of each table in a schema, such as `a 0, b 2`.
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
}

/// The error that `body` throws. If it throws none, records an issue and returns nil.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation,
    of body: () async throws -> some Any
) async -> CleaningError? { await thrownError(sourceLocation: sourceLocation, by: body) }

extension CleanPlan {
    /// The tables of the plan, such as `shop.a 3 delete, shop.b 5 truncate`.
    var summary: String { tables.map { "\($0.name) \($0.rows) \($0.method.rawValue)" }.joined(separator: ", ") }
    /// The kept tables with the reasons, such as `shop.a: --keep`.
    var keptSummary: String { kept.map { "\($0.name): \($0.reason)" }.joined(separator: ", ") }
}

extension CleanReport {
    var summary: String { tables.map { "\($0.name) \($0.rows)" }.joined(separator: ", ") }
}
