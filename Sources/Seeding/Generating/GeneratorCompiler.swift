internal import Environments
import PostgresClient

/// Puts the generators of a table together: references, declarations, inference, and last what must be unique.
struct GeneratorCompiler {
    let table: SeedCatalog.Table
    let declaration: GenerateDeclaration
    let seed: Int
    let locale: String
    /// In microseconds since 1970.
    let now: Int
    /// By parent; a table that is not there yet has none.
    let pools: [TableName: ReferencePool]
    /// Where the keys of the rows begin.
    let start: Int
    /// Of `per`: the parent, how many rows come before each of its, and which of them listed rows have taken.
    var source: GeneratedTable.Source
    /// The foreign key that `per` counts by.
    let perKey: SeedCatalog.ForeignKey?
    /// Parents that listed rows have already, where a foreign key is unique.
    let taken: [String: [Int]]

    private typealias Column = GeneratedTable.Column

    /// - Throws: `SeedingError` with `.file` or `.schema`.
    func compile() throws(SeedingError) -> GeneratedTable {
        let result = GeneratedTable(name: table.name, source: source, start: start)
        var inference = GeneratorInference(
            table: table,
            facts: ColumnFacts.read(table),
            seed: seed,
            locale: locale,
            now: now,
            chosen: [:]
        )
        var columns: [String: Column] = [:]
        var expressions: [(name: String, sql: String)] = []
        var lates: [String: LateColumn] = [:]
        func settle(_ name: String, _ generator: CellGenerator, _ reason: String) {
            columns[name] = Column(name: name, generator: generator, reason: reason)
            let late = LateColumn(generator)
            lates[name] = late
            inference.chosen[name] = late
        }
        try checkDeclared()
        try settleCombinations(settle)
        let references = try settleReferences(result, settle)
        settleKey(columns, settle)
        var left: [SeedCatalog.Column] = []
        for column in table.columns where columns[column.name] == nil && !column.isGenerated { left.append(column) }
        var waiting = left
        // Declarations first as they need each other, then names, because addresses are made of names.
        while !waiting.isEmpty {
            let index = waiting.firstIndex { isReady($0, inference.chosen, among: waiting) } ?? 0
            let column = waiting.remove(at: index)
            try chooseColumn(column, inference, references, result, &expressions) { settle($0, $1, $2) }
        }
        let unique = try makeUnique(columns, inference, references)
        for (name, late) in lates {
            if let column = unique[name] { late.generator = column.generator }
        }
        let ordered = table.columns.compactMap { unique[$0.name] }
        result.finish(columns: ordered, expressions: expressions)
        return result
    }

    /// How many rows there can be, where more are wanted.
    func possible() -> Int? {
        do {
            _ = try compile()
            return nil
        } catch {
            guard case .tooFew(let possible) = error.code else { return nil }
            return possible
        }
    }

    private func declared(_ name: String) -> SeedNode? { declaration.columns.first { $0.key == name }?.value }

    private func checkDeclared() throws(SeedingError) {
        for member in declaration.columns where table.index(member.key) == nil {
            throw SeedingError(
                .file,
                at: FilePlace(declaration.file, line: member.line),
                "\(table.name) has no column \(member.key)",
                hint: "it has \(table.columns.map(\.name).joined(separator: ", "))"
            )
        }
    }

    /// What a column must wait for.
    private func isReady(
        _ column: SeedCatalog.Column,
        _ chosen: [String: CellGenerator],
        among waiting: [SeedCatalog.Column]
    ) -> Bool {
        var needs = declared(column.name).map(DeclaredGenerators.dependencies) ?? []
        if declared(column.name)?.members == nil {
            let facts = ColumnFacts.read(table)[column.name]
            needs += facts?.after ?? []
            needs += [
                "first_name", "given_name", "firstname", "forename", "last_name", "family_name", "surname", "lastname",
                "created_at", "inserted_at", "registered_at", "created", "created_on", "starts_at", "valid_from",
            ]
        }
        return !needs.contains { need in
            need != column.name && chosen[need] == nil && waiting.contains { $0.name == need }
        }
    }
}

// What comes from elsewhere: combinations, parents, keys.
extension GeneratorCompiler {
    private func settleCombinations(_ settle: (String, CellGenerator, String) -> Void) throws(SeedingError) {
        guard case .per(_, _, let crossed) = declaration.amount else { return }
        var stride = 1
        for (name, values) in crossed {
            guard let column = table.column(name) else {
                throw SeedingError(
                    .file,
                    at: FilePlace(declaration.file, line: declaration.line),
                    "\(table.name) has no column \(name) to cross with"
                )
            }
            var texts: [String?] = []
            for value in values {
                texts.append(
                    try ValueText.text(
                        value,
                        for: column,
                        composites: [:],
                        isText: false,
                        place: FilePlace(declaration.file, line: value.line)
                    )
                )
            }
            settle(name, CombinationGenerator(texts, stride: stride), "per")
            stride *= texts.count
        }
    }

    private func settleReferences(
        _ result: GeneratedTable,
        _ settle: (String, CellGenerator, String) -> Void
    ) throws(SeedingError) -> [String: ReferenceGenerator] {
        var byTable: [String: ReferenceGenerator] = [:]
        var done: Set<String> = []
        // The parent of per first: a column in two foreign keys takes its.
        let keys = table.foreignKeys.sorted {
            ($0.name == perKey?.name ? 0 : 1, -$0.columns.count, $0.name) < (
                $1.name == perKey?.name ? 0 : 1, -$1.columns.count, $1.name
            )
        }
        for key in keys {
            let open = key.columns.filter { !done.contains($0) }
            let given = open.compactMap { name in declared(name).map { (name, $0) } }
            let options = given.filter { $0.1.members != nil }
            // A plain value, or an expression, is the whole word on a reference.
            if given.contains(where: { $0.1.members == nil }) { continue }
            if options.contains(where: { node in
                node.1.members?.contains { !["zipf", "null", "unique"].contains($0.key) } ?? false
            }) {
                continue
            }
            guard open.count == key.columns.count else { continue }
            let isNullable = key.columns.contains { table.column($0)?.isNotNull == false }
            let drawKey = CellHash.key(seed: seed, "\(table.name)", key.columns.joined(separator: ","))
            done.formUnion(key.columns)
            if key.parent == table.name {
                for (own, theirs) in zip(key.columns, key.parentColumns) {
                    let target = SequenceOrColumn(result, theirs)
                    settle(
                        own,
                        SelfReferenceGenerator(target, isNullable: isNullable, key: drawKey) { result.row($0) },
                        "foreign key to the table itself"
                    )
                }
                continue
            }
            guard let pool = pools[key.parent], pool.count > 0 else {
                guard isNullable else {
                    throw SeedingError(
                        .schema,
                        at: FilePlace(declaration.file, line: declaration.line),
                        "the rows of \(table.name) refer to \(key.parent), which has none",
                        hint: "seed \(key.parent) too"
                    )
                }
                for own in key.columns {
                    settle(own, ConstantGenerator(nil), "foreign key to \(key.parent), which has no rows yet")
                }
                continue
            }
            var pick = ReferenceGenerator.Pick.even
            if key.name == perKey?.name {
                pick = .parent
            } else if let zipf = options.compactMap({ $0.1["zipf"] }).first {
                pick = .zipf(try zipf.requireDouble("zipf", declaration.file))
            } else if table.uniques.contains(where: { Set($0.columns) == Set(key.columns) }), !source.isPer {
                let skipped = taken[key.name] ?? []
                pick = .once(skipped: skipped)
                guard result.count <= pool.count - skipped.count else {
                    throw tooFew(key.columns, pool.count - skipped.count, result.count)
                }
            }
            let nulls =
                try options.compactMap { $0.1["null"] }.first.map { node throws(SeedingError) in
                    try node.requireShare("null", declaration.file)
                } ?? 0
            for (own, theirs) in zip(key.columns, key.parentColumns) {
                let generator = ReferenceGenerator(pool, column: theirs, pick: pick, key: drawKey)
                byTable[key.parent.name] = byTable[key.parent.name] ?? generator
                byTable["\(key.parent)"] = byTable["\(key.parent)"] ?? generator
                if key.name == perKey?.name { byTable[key.parent.name] = generator }
                byTable[" \(own)"] = generator
                settle(
                    own,
                    nulls > 0 ? NullableGenerator(generator, share: nulls, key: drawKey) : generator,
                    "foreign key to \(key.parent)"
                )
            }
        }
        return byTable
    }

    /// A primary key of one whole number is counted, so that others can compute it.
    private func settleKey(
        _ columns: [String: GeneratedTable.Column],
        _ settle: (String, CellGenerator, String) -> Void
    ) {
        for column in table.columns where columns[column.name] == nil && declared(column.name) == nil {
            let isKey = table.primaryKey?.columns == [column.name]
            guard ["int2", "int4", "int8", "numeric"].contains(column.typeName), isKey || column.sequence != nil else {
                continue
            }
            settle(column.name, SequenceGenerator(start: start), isKey ? "primary key" : "sequence")
        }
    }

    private func tooFew(_ columns: [String], _ possible: Int, _ wanted: Int) -> SeedingError {
        SeedingError(
            .tooFew(possible: possible),
            at: FilePlace(declaration.file, line: declaration.line),
            "only \(possible) distinct values of \(table.name) (\(columns.joined(separator: ", "))) are possible, and \(wanted) rows are wanted",
            hint: "lower the count, or declare a generator with more values"
        )
    }

    private func chooseColumn(
        _ column: SeedCatalog.Column,
        _ inference: GeneratorInference,
        _ references: [String: ReferenceGenerator],
        _ result: GeneratedTable,
        _ expressions: inout [(name: String, sql: String)],
        _ settle: (String, CellGenerator, String) -> Void
    ) throws(SeedingError) {
        let isUniqueAlone = table.uniques.contains {
            $0.columns == [column.name] || $0.columns.isEmpty && mentions($0, column.name)
        }
        var asked: (isUnique: Bool, nulls: Double?) = (isUniqueAlone, nil)
        if let node = declared(column.name) {
            let reader = DeclaredGenerators(
                inference: inference,
                file: declaration.file,
                parents: [:],
                parentIndex: references
            )
            switch try reader.read(node, column) {
            case .expression(let sql):
                expressions.append((column.name, sql))
                return
            case .leftOut: return
            case .options(let isUnique, let nulls): asked = (isUnique || isUniqueAlone, nulls)
            case .generator(let generator, let nulls):
                let share = nulls ?? 0
                let full =
                    share > 0 ? NullableGenerator(generator, share: share, key: inference.key(column.name)) : generator
                return settle(column.name, full, "declared")
            }
        }
        guard let choice = inference.choose(column, isUnique: asked.isUnique) else {
            guard column.fillsItself else {
                throw SeedingError(
                    .schema,
                    at: FilePlace(declaration.file, line: declaration.line),
                    "there is no generator for \(table.name).\(column.name) of the type \(column.type)",
                    hint: "declare one under generate: columns:, such as \(column.name): !sql \"…\""
                )
            }
            return
        }
        if asked.isUnique, let domain = choice.generator.domain, domain < result.count {
            throw tooFew([column.name], domain, result.count)
        }
        let facts = inference.facts[column.name]
        let share = asked.nulls ?? (facts?.mustNotBeNull == true || asked.isUnique ? 0 : choice.nulls)
        let generator =
            !column.isNotNull && share > 0
            ? NullableGenerator(choice.generator, share: share, key: inference.key(column.name)) : choice.generator
        settle(column.name, generator, choice.reason)
    }

    /// A unique index on an expression: `lower(email)`.
    private func mentions(_ unique: SeedCatalog.Unique, _ column: String) -> Bool {
        guard let open = unique.definition.firstIndex(of: "(") else { return false }
        return unique.definition[open...].split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == column }
    }
}

/// A column as others of its row see it: what must be unique may still get another generator than the one that was
/// chosen first.
private final class LateColumn: CellGenerator, @unchecked Sendable {
    /// Set for the last time before any row is made.
    var generator: CellGenerator

    init(_ generator: CellGenerator) { self.generator = generator }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator.write(row, &out) }
    override func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator.writeSlug(row, &out) }
    override func micros(_ row: GeneratedRow) -> Int? { generator.micros(row) }
    override var domain: Int? { generator.domain }
    override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        generator.write(index: index, row, &out)
    }
    override var isUnique: Bool { generator.isUnique }
    override var summary: String { generator.summary }
}

/// A column of a table that is still being put together.
private final class SequenceOrColumn: CellGenerator, @unchecked Sendable {
    private unowned let table: GeneratedTable
    private let column: String

    init(_ table: GeneratedTable, _ column: String) {
        self.table = table
        self.column = column
    }

    override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { table.write(column, row, &out) }
}

extension GeneratedTable.Source {
    var isPer: Bool {
        if case .per = self { return true }
        return false
    }
}

// What must be unique together.
extension GeneratorCompiler {
    /// Gives each combination of columns that must be unique rows of its own.
    private func makeUnique(
        _ given: [String: GeneratedTable.Column],
        _ inference: GeneratorInference,
        _ references: [String: ReferenceGenerator]
    ) throws(SeedingError) -> [String: GeneratedTable.Column] {
        var columns = given
        let count = { () -> Int in
            switch source {
            case .count(let count): count
            case .per(_, let firsts, _): firsts.last ?? 0
            }
        }()
        for unique in table.uniques.sorted(by: { $0.columns.count < $1.columns.count }) {
            let names = unique.columns
            guard names.count > 1, names.allSatisfy({ columns[$0] != nil }) else { continue }
            if names.contains(where: {
                columns[$0]?.generator.isUnique == true || columns[$0]?.generator is SlotGenerator
            }) {
                continue
            }
            let perColumns = perKey?.columns ?? []
            let isOfParent = source.isPer && perColumns.contains { names.contains($0) }
            let rest = names.filter { name in
                !(isOfParent && perColumns.contains(name)) && !(columns[name]?.generator is CombinationGenerator)
            }
            if rest.isEmpty { continue }
            // A whole number that nobody has declared counts the rows of its parent.
            if isOfParent, rest.count == 1, declared(rest[0]) == nil, let column = table.column(rest[0]),
                ["int2", "int4", "int8"].contains(column.typeName), table.foreignKey(of: rest[0]) == nil
            {
                let least = inference.facts[rest[0]]?.least.map { Int($0.rounded(.up)) } ?? 1
                columns[rest[0]] = .init(
                    name: rest[0],
                    generator: SlotGenerator(start: least),
                    reason: "unique for each parent"
                )
                continue
            }
            // A text or a number that can be unique by itself is the least trouble.
            let free = rest.first { name in
                guard declared(name) == nil, table.foreignKey(of: name) == nil, let column = table.column(name) else {
                    return false
                }
                guard let choice = inference.choose(column, isUnique: true), choice.generator.isUnique else {
                    return false
                }
                guard (choice.generator.domain ?? .max) >= max(count, 1000) else { return false }
                columns[name] = .init(name: name, generator: choice.generator, reason: "\(choice.reason), unique")
                return true
            }
            if free != nil { continue }
            try rank(rest, unique, isOfParent: isOfParent, count, &columns, references)
        }
        return columns
    }

    private func rank(
        _ names: [String],
        _ unique: SeedCatalog.Unique,
        isOfParent: Bool,
        _ count: Int,
        _ columns: inout [String: GeneratedTable.Column],
        _ references: [String: ReferenceGenerator]
    ) throws(SeedingError) {
        // Columns of one foreign key count once: they draw alike.
        var groups: [[String]] = []
        for name in names {
            let key = table.foreignKey(of: name)?.columns.filter { names.contains($0) } ?? [name]
            if !groups.contains(where: { $0.contains(name) }) { groups.append(key) }
        }
        var domains: [Int] = []
        for group in groups {
            guard
                let domain = (references[" \(group[0])"] as CellGenerator?)?.domain
                    ?? columns[group[0]]?.generator.domain
            else {
                return  // A generator that cannot be counted: the trial batch tells whether it does.
            }
            domains.append(domain)
        }
        let possible = domains.reduce(1) { product, domain in
            let (value, overflow) = product.multipliedReportingOverflow(by: domain)
            return overflow ? .max : value
        }
        let wanted = isOfParent ? mostSlots : count
        guard wanted <= possible else {
            guard isOfParent else { throw tooFew(unique.columns, possible, count) }
            throw SeedingError(
                .schema,
                at: FilePlace(declaration.file, line: declaration.line),
                "only \(possible) distinct values of \(table.name) (\(names.joined(separator: ", "))) are possible for each parent, and \(wanted) rows are wanted",
                hint: "lower the count, or declare a generator with more values"
            )
        }
        // The largest domain turns fastest, so that all of it is used early; the others turn when it has gone round.
        let order = groups.indices.sorted { domains[$0] > domains[$1] }
        var stride = 1
        for place in order {
            let isFirst = stride == 1
            for name in groups[place] {
                guard let column = columns[name] else { continue }
                let inner: CellGenerator = references[" \(name)"] ?? column.generator
                let ranked = RankedGenerator(
                    inner,
                    count: domains[place],
                    stride: stride,
                    bySlot: isOfParent,
                    key: isFirst && !isOfParent
                        ? 0 : CellHash.key(seed: seed, "\(table.name)", groups[place].joined(separator: ","))
                )
                columns[name] = .init(
                    name: name,
                    generator: ranked,
                    reason: "\(column.reason), unique together as \(unique.name)"
                )
            }
            let (next, overflow) = stride.multipliedReportingOverflow(by: domains[place])
            stride = overflow ? .max : next
        }
    }

    /// The most rows of one parent.
    private var mostSlots: Int {
        guard case .per(_, let firsts, let combinations) = source else { return 0 }
        return zip(firsts.dropFirst(), firsts).map { ($0 - $1 + combinations - 1) / combinations }.max() ?? 0
    }
}
