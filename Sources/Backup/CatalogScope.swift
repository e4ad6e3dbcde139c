internal import PostgresClient

/// The schemas and tables that a backup was asked for: patterns at first, and names once `BackupCatalog.read` has compared
/// them with the catalog.
struct CatalogScope: Sendable {
    var schemas: [String]
    var tables: [String]
    var excludedSchemas: [String] = []
    var excludedTables: [String] = []
    /// Whether tables that inherit from a chosen one are included. Partitions always are.
    var withInheritors = true

    var isWholeDatabase: Bool { schemas.isEmpty && tables.isEmpty }
}

extension CatalogScope {
    /// The tables that a person means by `schema.table`, `table`, or a pattern.
    static func match(_ selection: String, in tables: [TableEntry]) throws -> [TableEntry] {
        let choice = TablePattern.choice(selection, in: tables) { $0.table }
        guard !choice.tables.isEmpty else {
            let advice = TablePattern.advice(selection, among: tables.map(\.table))
            throw BackupError(
                .selection,
                "there is no table \(selection)",
                hint: advice ?? "write it as schema.table, or as a pattern of psql, such as 'shop.*'"
            )
        }
        guard !choice.isExact || choice.tables.count == 1 else {
            throw BackupError(
                .selection,
                "\(selection) could be \(choice.tables.map(\.table.spelling).joined(separator: " or "))",
                hint: "write it as schema.table"
            )
        }
        return choice.tables
    }

    /// The schemas that a person means by a name or a pattern.
    static func match(schema selection: String, _ there: [String]) throws -> [String] {
        let found = TablePattern.names(selection, among: there)
        guard found.isEmpty else { return found }
        throw BackupError(
            .selection,
            "there is no schema \(selection)",
            hint: "the schemas are \(there.joined(separator: ", "))"
        )
    }
}
