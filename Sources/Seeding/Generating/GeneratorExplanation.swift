internal import Environments
internal import PostgresClient
internal import SyntheticData

/// Which rule chose the generator of a column.
package struct GeneratorExplanation: Sendable, Equatable {
    package var column: String
    package var generator: String
    package var reason: String

    /// - Throws: `SeedingError` with `.usage` for a table that is not there; `PostgresError`.
    static func of(
        _ name: String,
        _ set: SeedSet,
        _ options: SeedOptions,
        _ session: borrowing Session
    ) throws -> [GeneratorExplanation] {
        let catalog = try SeedCatalog.read(session, stateSchema: options.stateSchema)
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        let found = catalog.table(
            schema: parts.count > 1 ? parts[0] : nil,
            name: parts[parts.count - 1],
            preferring: [set.schema] + options.schemas
        )
        guard let table = found else {
            throw SeedingError(
                .usage,
                "there is no table \(name)",
                hint: "`granary seed --explain` takes the name of a table, with or without its schema"
            )
        }
        let given = set.tables.first { $0.name == table.name }?.generate
        let usual = SeedNode(.mapping([.init(key: "count", line: 1, value: .text("1", line: 1))]), line: 1)
        var declaration = try GenerateDeclaration(given?.node ?? usual, file: given?.file ?? "--explain")
        // The parents' rows do not matter here, only that there are some.
        var pools: [TableName: ReferencePool] = [:]
        for key in table.foreignKeys {
            let values = Dictionary(
                key.parentColumns.map { ($0, [String?](repeating: "1", count: 1000)) },
                uniquingKeysWith: { one, _ in one }
            )
            pools[key.parent] = ReferencePool(
                columns: values,
                times: [:],
                identities: (0..<1000).map { UInt64($0) },
                generated: nil
            )
        }
        var source = RowSource.count(1)
        var perKey: SeedCatalog.ForeignKey?
        if case .per(let parent, _, let crossed) = declaration.amount {
            perKey = table.foreignKeys.first { $0.parent.name == parent || "\($0.parent)" == parent }
            if let perKey, let pool = pools[perKey.parent] {
                source = .per(pool, firsts: [0, 1], combinations: crossed.reduce(1) { $0 * $1.values.count })
            }
        } else {
            declaration.amount = .count(1)
        }
        let compiled = try GeneratorCompiler(
            table: table,
            declaration: declaration,
            seed: set.options.seed,
            locale: declaration.locale ?? set.options.locale,
            now: options.now * 1_000_000,
            pools: pools,
            start: 1,
            source: source,
            perKey: perKey,
            taken: [:]
        ).compile()
        return table.columns.map { column in
            if let chosen = compiled.columns.first(where: { $0.name == column.name }) {
                return GeneratorExplanation(
                    column: column.name,
                    generator: chosen.generator.summary,
                    reason: chosen.reason
                )
            }
            if compiled.expressions.contains(where: { $0.name == column.name }) {
                return GeneratorExplanation(column: column.name, generator: "an expression", reason: "declared")
            }
            return GeneratorExplanation(
                column: column.name,
                generator: column.isGenerated
                    ? "computed by the server" : column.defaultText != nil ? "its default" : "NULL",
                reason: column.isGenerated ? "generated column" : "no rule for the type \(column.type)"
            )
        }
    }
}

/// `--generate`: tables by pattern, without any files.
enum GeneratedTables {
    /// - Throws: `SeedingError` with `.usage` where a pattern fits no table.
    static func matching(
        _ patterns: [String],
        rows: Int,
        _ catalog: SeedCatalog,
        _ options: SeedOptions
    ) throws(SeedingError) -> [BoundTable] {
        var chosen: [TableName: SeedCatalog.Table] = [:]
        for pattern in patterns {
            let named = catalog.tables.values.filter { table in
                guard !table.isPartition else { return false }
                // A name alone is one of the service's own tables.
                return (pattern.contains(".") || options.schemas.contains(table.name.schema))
                    && TablePattern(pattern).fits(table.name)
            }
            let fitting = named.filter { $0.ledgerOf == nil }
            if fitting.isEmpty, let ledger = named.first, let tool = ledger.ledgerOf {
                throw SeedingError(
                    .usage,
                    "\(ledger.name) is the ledger of \(tool), into which no rows are generated",
                    hint: "name tables of the application"
                )
            }
            guard !fitting.isEmpty else {
                throw SeedingError(
                    .usage,
                    "no table fits \(pattern)",
                    hint: "patterns are names with or without a schema, and * for any characters"
                )
            }
            for table in fitting { chosen[table.name] = table }
        }
        let node = SeedNode(.mapping([.init(key: "count", line: 1, value: .text("\(rows)", line: 1))]), line: 1)
        return chosen.values.sorted { $0.name < $1.name }.map { table in
            let key = table.uniques.first { $0.isKey && $0.isPrimary } ?? table.uniques.first { $0.isKey }
            return BoundTable(
                table: table,
                files: [],
                key: key.map { .columns($0.columns) } ?? .whileEmpty,
                onConflict: .keep,
                prunes: false,
                generate: (node: node, file: "--generate")
            )
        }
    }
}
