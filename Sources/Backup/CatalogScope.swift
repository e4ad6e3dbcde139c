internal import Archive
internal import PostgresClient

/// The schemas and tables that a backup was asked for: patterns at first, and names once `BackupCatalog.read` has compared
/// them with the catalog.
struct CatalogScope: Sendable {
    var schemas: [String]
    var tables: [String]
    var excludedSchemas: [String] = []
    var excludedTables: [String] = []
    /// Tables whose rows are left out.
    var tablesWithoutData: [String] = []
    /// Whether tables that inherit from a chosen one are included. Partitions always are.
    var withInheritors = true

    var isWholeDatabase: Bool { schemas.isEmpty && tables.isEmpty }
}

extension CatalogScope {
    /// The options themselves. `orders` and `shop.orders` are the same selection, and a pattern stays a pattern.
    func requested(_ tables: [TableEntry]) -> Manifest.Scope.Requested {
        func named(_ selections: [String]) -> [String] {
            Self.settled(
                selections.map { selection in
                    let choice = TablePattern.choice(selection, in: tables) { $0.table }
                    return choice.isExact && choice.tables.count == 1 ? choice.tables[0].table.spelling : selection
                }
            )
        }
        return Manifest.Scope.Requested(
            schemas: Self.settled(schemas),
            tables: named(self.tables),
            excludedSchemas: Self.settled(excludedSchemas),
            excludedTables: named(excludedTables),
            tablesWithoutData: named(tablesWithoutData)
        )
    }

    private static func settled(_ selections: [String]) -> [String] { selections.uniqued().sorted() }

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
