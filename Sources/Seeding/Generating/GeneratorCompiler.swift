import PostgresClient
internal import Project
internal import SyntheticData

/// Chooses the generators of a table: for references, declarations and inferred columns, and finally for unique
/// columns.
struct GeneratorCompiler {
    let table: SeedCatalog.Table
    let declaration: GenerateDeclaration
    let seed: Int
    let locale: String
    /// The time of the run in microseconds since 1970.
    let now: Int
    /// The parents' rows, by table. A table that does not exist yet has none.
    let pools: [TableName: ReferencePool]
    /// The first key of the rows.
    let start: Int
    var source: RowSource
    /// The foreign key that `per` names.
    let perKey: SeedCatalog.ForeignKey?
    /// For each unique foreign key, by its name: the parents to which listed rows already refer.
    let taken: [String: [Int]]

    /// - Throws: `SeedingError` with `.file` or `.schema`.
    func compile() throws(SeedingError) -> GeneratedTable { try settled().table() }

    /// Like `compile`, but columns can still get other generators.
    func settled() throws(SeedingError) -> CompiledColumns {
        var columns = CompiledColumns(self)
        try columns.checkDeclared()
        try columns.settleCombinations()
        try columns.settleReferences()
        try columns.settleKey()
        try columns.settleOthers()
        try columns.makeUnique()
        return columns
    }

    /// A table with only some of the columns, for tables that refer to rows which do not exist yet.
    ///
    /// - Returns: nil if these columns cannot be computed without the rest of the row.
    func keys(_ names: [String]) throws(SeedingError) -> GeneratedTable? {
        guard names.allSatisfy({ table.foreignKey(of: $0) == nil }) else { return nil }
        var columns = CompiledColumns(self)
        try columns.settleKey()
        for name in names { try columns.settleAlone(name) }
        let compiled = columns.table()
        return names.allSatisfy { name in compiled.columns.contains { $0.name == name } } ? compiled : nil
    }

    /// The number of possible rows, if it is lower than the wanted number; otherwise nil.
    ///
    /// - Parameter names: The columns that limit the number; nil for all columns.
    func possible(_ names: [String]? = nil) -> Int? {
        do {
            if let names { _ = try keys(names) } else { _ = try compile() }
            return nil
        } catch {
            guard case .tooFew(let possible) = error.code else { return nil }
            return possible
        }
    }

    var place: FilePlace { FilePlace(declaration.file, line: declaration.line) }

    func declared(_ name: String) -> SeedNode? { declaration.columns.first { $0.key == name }?.value }

    /// - Parameter drawn: The number of candidates, if a search for more values has given up.
    func tooFew(
        _ columns: [String],
        _ possible: Int,
        _ wanted: Int,
        for each: String = "",
        drawn: Int? = nil
    ) -> SeedingError {
        let values = "only \(possible) distinct values of \(table.name) (\(columns.joined(separator: ", ")))"
        let found = drawn.map { "were found among \(grouped($0)) candidates" } ?? "are possible\(each)"
        return SeedingError(
            .tooFew(possible: possible),
            at: place,
            "\(values) \(found), but \(wanted) rows are wanted",
            hint: "lower the count, or declare a generator with more values"
        )
    }
}

/// The columns of a table that have a generator so far.
struct CompiledColumns {
    let given: GeneratorCompiler
    var inference: GeneratorInference
    private(set) var columns: [String: GeneratedTable.Column] = [:]
    /// The references, by the column of the foreign key.
    var references: [String: ReferenceGenerator] = [:]
    /// The references, by the name of the parent with and without its schema.
    var parents: [String: ReferenceGenerator] = [:]
    /// The foreign key of each settled column that has one.
    var keyOfColumn: [String: SeedCatalog.ForeignKey] = [:]
    private(set) var lates: [String: LateColumn] = [:]
    private var expressions: [(name: String, sql: String)] = []

    init(_ given: GeneratorCompiler) {
        self.given = given
        inference = GeneratorInference(
            table: TableShape(given.table),
            seed: given.seed,
            locale: given.locale,
            now: given.now
        )
        inference.wanted = given.source.count
    }

    /// A column for use in other columns' generators, whether it has a generator yet or not.
    mutating func late(_ name: String) -> LateColumn {
        if let late = lates[name] { return late }
        let late = LateColumn()
        lates[name] = late
        return late
    }

    mutating func settle(
        _ name: String,
        _ generator: any CellGenerator,
        _ reason: String,
        constraints: [String] = []
    ) {
        columns[name] = GeneratedTable.Column(
            name: name,
            generator: generator,
            reason: reason,
            constraints: constraints
        )
        let late = late(name)
        late.settle(generator)
        inference.chosen[name] = late
    }

    /// Gives a settled column another generator. `table()` also passes it to the columns that depend on it.
    mutating func replace(
        _ name: String,
        _ generator: any CellGenerator,
        _ reason: String,
        constraints: [String] = []
    ) {
        let all = (columns[name]?.constraints ?? []) + constraints
        columns[name] = GeneratedTable.Column(name: name, generator: generator, reason: reason, constraints: all)
    }

    /// The column with its present generator; nil if it has none.
    func settled(_ name: String) -> GeneratedTable.Column? { columns[name] }

    func table() -> GeneratedTable {
        for (name, late) in lates {
            if let column = columns[name] { late.settle(column.generator) }
        }
        return GeneratedTable(
            source: given.source,
            start: given.start,
            columns: given.table.columns.compactMap { columns[$0.name] },
            expressions: expressions
        )
    }

    func checkDeclared() throws(SeedingError) {
        let (declaration, table) = (given.declaration, given.table)
        for member in declaration.columns where table.index(member.key) == nil {
            throw SeedingError(
                .file,
                at: FilePlace(declaration.file, line: member.line),
                "\(table.name) has no column \(member.key)",
                hint: "it has \(table.columns.map(\.name).joined(separator: ", "))"
            )
        }
    }

    /// Numbers the rows in a primary key of one whole number, so that other tables can compute it.
    mutating func settleKey() throws(SeedingError) {
        for column in given.table.columns where columns[column.name] == nil && given.declared(column.name) == nil {
            let isKey = given.table.primaryKey?.columns == [column.name]
            guard ["int2", "int4", "int8", "numeric"].contains(column.typeName), isKey || column.sequence != nil else {
                continue
            }
            let shape = inference.table.column(column.name)
            // If a constraint lists the allowed values, each of them is used once instead.
            if isKey, shape?.facts.allowed != nil { continue }
            let (start, most) = (Self.start(given.start, shape), Self.most(shape))
            if isKey, most - start < given.source.count - 1 {
                throw given.tooFew([column.name], max(0, most - start + 1), given.source.count)
            }
            settle(
                column.name,
                SequenceGenerator(start: start),
                isKey ? "primary key" : "sequence",
                constraints: shape?.facts.sources ?? []
            )
        }
    }

    /// The first key. Constraints may move it up or, if they leave little room, down.
    private static func start(_ start: Int, _ shape: ColumnShape?) -> Int {
        guard let facts = shape?.facts else { return start }
        if let least = facts.least { return max(start, Int(min(least.rounded(.up), 9e18))) }
        guard let most = facts.most, Double(start) > most else { return start }
        return Int(max(most.rounded(.down) - 1_000_000, -9e18))
    }

    private static func most(_ shape: ColumnShape?) -> Int {
        guard let shape else { return .max }
        return Int(min(shape.facts.most ?? 9e18, shape.limits.range.upperBound, 9e18).rounded(.down))
    }

    /// Settles one column without the others.
    mutating func settleAlone(_ name: String) throws(SeedingError) {
        guard columns[name] == nil, let column = given.table.column(name) else { return }
        try settleOther(column)
    }
}

extension CompiledColumns {
    /// Settles each column after those that its declaration or inference uses. Addresses, for example, are made from
    /// names.
    mutating func settleOthers() throws(SeedingError) {
        var waiting = given.table.columns.filter { columns[$0.name] == nil && !$0.isGenerated }
        while !waiting.isEmpty {
            let index = waiting.firstIndex { isReady($0, among: waiting) } ?? 0
            try settleOther(waiting.remove(at: index))
        }
    }

    /// Whether all columns that this one depends on are settled.
    private func isReady(_ column: SeedCatalog.Column, among waiting: [SeedCatalog.Column]) -> Bool {
        let node = given.declared(column.name)
        var needs = node.map(DeclaredGenerators.dependencies) ?? []
        if node?.members == nil {
            needs += inference.table.column(column.name)?.facts.after ?? []
            needs += GeneratorInference.sources
        }
        return !needs.contains { need in
            need != column.name && inference.chosen[need] == nil && waiting.contains { $0.name == need }
        }
    }

    fileprivate mutating func settleOther(_ column: SeedCatalog.Column) throws(SeedingError) {
        let isUnique =
            given.table.uniques.contains { unique in
                unique.columns == [column.name] && unique.reads.count <= 1
                    || unique.columns.isEmpty && unique.mentions(column.name)
            } || column.kind == .range && given.table.exclusions.contains { $0.columns.contains(column.name) }
        guard let node = given.declared(column.name) else {
            return try settleInferred(column, isUnique: isUnique, nulls: nil)
        }
        let reader = DeclaredGenerators(inference: inference, file: given.declaration.file, parents: parents)
        switch try reader.read(node, column) {
        case .expression(let sql): expressions.append((column.name, sql))
        case .leftOut: break
        case .options(let isAskedUnique, let nulls):
            try settleInferred(column, isUnique: isAskedUnique || isUnique, nulls: nulls)
        case .generator(let generator, let nulls):
            settle(column.name, withNulls(generator, nulls ?? 0, column), "declared")
        }
    }

    /// - Parameter nulls: The declared share of NULLs.
    private mutating func settleInferred(
        _ column: SeedCatalog.Column,
        isUnique: Bool,
        nulls: Double?
    ) throws(SeedingError) {
        guard let shape = inference.table.column(column.name),
            var choice = inference.choose(shape, isUnique: isUnique)
        else {
            guard !column.fillsItself else { return }
            throw SeedingError(
                .schema,
                at: given.place,
                "there is no generator for \(given.table.name).\(column.name) of the type \(column.type)",
                hint: "declare one under generate: columns:, such as \(column.name): !sql \"…\""
            )
        }
        if isUnique, let domain = choice.generator.domain, domain < given.source.count {
            let unique = given.table.uniques.first { $0.isPlain && $0.columns == [column.name] }
            if unique == nil, let other = inference.choose(shape, isUnique: false) {
                // The unique index covers only some rows, so the server decides.
                choice = other
            } else if !column.isNotNull, nulls == nil, unique?.isNullsNotDistinct != true {
                choice.generator = LimitedGenerator(choice.generator, limit: domain)
            } else {
                throw given.tooFew([column.name], domain, given.source.count)
            }
        }
        let isKey = isUnique && choice.generator.isUnique
        let share = nulls ?? (shape.facts.mustNotBeNull || isKey ? 0 : choice.nulls)
        settle(
            column.name,
            withNulls(choice.generator, column.isNotNull ? 0 : share, column),
            choice.reason,
            constraints: shape.facts.sources
        )
    }

    private func withNulls(
        _ generator: any CellGenerator,
        _ share: Double,
        _ column: SeedCatalog.Column
    ) -> any CellGenerator {
        share > 0 ? NullableGenerator(generator, share: share, key: inference.key(column.name)) : generator
    }
}

extension SeedCatalog.Unique {
    /// Whether a unique index on an expression, such as `lower(email)`, reads a column.
    fileprivate func mentions(_ column: String) -> Bool {
        guard let open = definition.firstIndex(of: "(") else { return false }
        return definition[open...].split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == column }
    }
}
