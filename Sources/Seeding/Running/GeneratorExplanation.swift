internal import Bookkeeping
internal import PostgresClient
internal import Project
internal import SyntheticData

/// The generator of a column, and the rule that chose it.
package struct GeneratorExplanation: Sendable, Equatable {
    package var column: String
    package var generator: String
    package var reason: String
    /// The constraints that influenced the choice.
    package var constraints: [String] = []

    /// - Throws: `SeedingError` with `.usage` if there is no such table; `PostgresError`.
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
        let compiled = try compile(table, set, options)
        let asked = try askedConstraints(table, options, session)
        return table.columns.map { column in
            var line = explanation(column, compiled)
            let more = asked.filter { $0.columns(in: table).contains(column.name) }.map { $0.name(in: table) }
            line.constraints += more.filter { !line.constraints.contains($0) }
            return line
        }
    }

    /// The constraints that the server was asked about when rows of the table were generated.
    private static func askedConstraints(
        _ table: SeedCatalog.Table,
        _ options: SeedOptions,
        _ session: borrowing Session
    ) throws -> [AskedConstraint] {
        var record = SeedRecord(
            service: options.service,
            environment: options.environment,
            StateSchema(options.stateSchema)
        )
        try record.read(session)
        return ["table", "generated"].flatMap { kind in
            SeededKeys.constraints(in: record.entries["\(kind) \(table.name)"]?.details)
        }.sorted()
    }

    private static func compile(
        _ table: SeedCatalog.Table,
        _ set: SeedSet,
        _ options: SeedOptions
    ) throws(SeedingError) -> GeneratedTable {
        let given = set.tables.first { $0.name == table.name }?.generate
        var declaration = try GenerateDeclaration(given?.node ?? .count(1), file: given?.file ?? "--explain")
        let pools = somePools(table)
        var source = RowSource.count(1)
        let perKey = try declaration.perKey(in: table)
        if case .per(_, _, let crossed) = declaration.amount {
            if let perKey, let pool = pools[perKey.parent] {
                source = .per(pool, firsts: [0, 1], combinations: crossed.reduce(1) { $0 * $1.values.count })
            }
        } else {
            declaration.amount = .count(1)
        }
        return try GeneratorCompiler(
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
    }

    /// Placeholder rows for the parents, whose values do not matter here.
    private static func somePools(_ table: SeedCatalog.Table) -> [TableName: ReferencePool] {
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
        return pools
    }

    private static func explanation(
        _ column: SeedCatalog.Column,
        _ compiled: GeneratedTable
    ) -> GeneratorExplanation {
        if let chosen = compiled.columns.first(where: { $0.name == column.name }) {
            return GeneratorExplanation(
                column: column.name,
                generator: chosen.generator.summary,
                reason: chosen.reason,
                constraints: chosen.constraints
            )
        }
        if compiled.expressions.contains(where: { $0.name == column.name }) {
            return GeneratorExplanation(column: column.name, generator: "an expression", reason: "declared")
        }
        if column.isGenerated {
            return GeneratorExplanation(
                column: column.name,
                generator: "computed by the server",
                reason: "generated column"
            )
        }
        return GeneratorExplanation(
            column: column.name,
            generator: column.defaultText != nil ? "its default" : "NULL",
            reason: "no rule for the type \(column.type)"
        )
    }
}

extension SeedNode {
    /// A declaration with nothing but a count.
    static func count(_ rows: Int) -> SeedNode {
        SeedNode(.mapping([.init(key: "count", line: 1, value: .text("\(rows)", line: 1))]), line: 1)
    }
}
