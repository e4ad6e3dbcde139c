internal import PostgresClient
internal import Project

/// `--generate`: fills the tables that match a pattern. Declarations in files count, except for the number of rows.
enum GeneratedTables {
    /// - Throws: `SeedingError` with `.usage` if a pattern matches no table.
    static func matching(
        _ patterns: [String],
        rows: Int,
        _ set: SeedSet,
        _ catalog: SeedCatalog,
        _ options: SeedOptions
    ) throws(SeedingError) -> [BoundTable] {
        var chosen: [TableName: SeedCatalog.Table] = [:]
        for pattern in patterns {
            let named = catalog.tables.values.filter { table in
                guard !table.isPartition else { return false }
                // A name without a schema means one of the service's own tables.
                return (pattern.contains(".") || options.schemas.contains(table.name.schema))
                    && TablePattern(pattern).fits(table.name)
            }
            let fitting = named.filter { $0.ledgerOf == nil }
            if fitting.isEmpty, let ledger = named.first, let tool = ledger.ledgerOf {
                throw SeedingError(
                    .usage,
                    "\(ledger.name) is the ledger of \(tool), for which no rows are generated",
                    hint: "name tables of the application"
                )
            }
            guard !fitting.isEmpty else {
                throw SeedingError(
                    .usage,
                    "no table matches \(pattern)",
                    hint: "patterns are names with or without a schema, and * for any characters"
                )
            }
            for table in fitting { chosen[table.name] = table }
        }
        return chosen.values.sorted { $0.name < $1.name }.map { table in
            let key = table.uniques.first { $0.isKey && $0.isPrimary } ?? table.uniques.first { $0.isKey }
            return BoundTable(
                table: table,
                files: [],
                key: key.map { .columns($0.columns) } ?? .whileEmpty,
                onConflict: .keep,
                prunes: false,
                generate: declared(table.name, rows: rows, set)
            )
        }
    }

    private static func declared(_ table: TableName, rows: Int, _ set: SeedSet) -> (node: SeedNode, file: String) {
        let count = SeedNode.count(rows)
        guard let given = set.tables.first(where: { $0.name == table })?.generate else { return (count, "--generate") }
        // `--rows` does not replace a count for each row of another table.
        if given.node["per"] != nil { return given }
        let kept = (given.node.members ?? []).filter { $0.key != "count" }
        return (SeedNode(.mapping((count.members ?? []) + kept), line: given.node.line), given.file)
    }
}
