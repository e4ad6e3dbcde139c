import PostgresClient

struct GeneratedRows {
    var digest: String
    var start: Int?
    var count: Int
}

enum GeneratedTables {
    static func matching(_ patterns: [String], rows: Int, _ catalog: SeedCatalog, _ options: SeedOptions) throws -> [BoundTable] { [] }
}

package struct GeneratorExplanation: Sendable {
    package var column: String
    package var generator: String
    package var reason: String
    static func of(_ name: String, _ set: SeedSet, _ options: SeedOptions, _ session: borrowing Session) throws -> [GeneratorExplanation] { [] }
}

extension SeedRun {
    mutating func generateRows(_ index: Int, isLocked: Bool, _ outcome: inout SeedReport.Outcome, _ session: inout Session) throws {}
}
