import PostgresClient
internal import SyntheticData

extension CompiledColumns {
    /// Changes generators so that the combinations of columns that must be unique do not repeat.
    mutating func makeUnique() throws(SeedingError) {
        for unique in given.table.uniques.sorted(by: { $0.columns.count < $1.columns.count }) {
            // Only the server knows the result of an expression.
            guard unique.columns.count > 1, unique.isPlain || unique.reads.count == unique.columns.count,
                unique.columns.allSatisfy({ columns[$0] != nil }), !hasUnique(unique)
            else { continue }
            let perColumns = given.perKey?.columns ?? []
            let isOfParent = given.source.isPer && perColumns.contains { unique.columns.contains($0) }
            let rest = unique.columns.filter { name in
                !(isOfParent && perColumns.contains(name)) && !(columns[name]?.generator is CombinationGenerator)
            }
            if rest.isEmpty { continue }
            if isOfParent, rest.count == 1, countSlots(rest[0]) { continue }
            if rest.contains(where: { makeUniqueAlone($0) }) { continue }
            do {
                try rank(rest, unique, isOfParent: isOfParent)
            } catch {
                // A partial index covers only some rows, so the rows may be possible nevertheless.
                if unique.isPlain { throw error }
            }
        }
    }

    private func hasUnique(_ unique: SeedCatalog.Unique) -> Bool {
        unique.columns.contains {
            columns[$0]?.generator.isUnique == true || columns[$0]?.generator is SlotGenerator
        }
    }

    /// Numbers the rows of each parent in an undeclared whole number.
    private mutating func countSlots(_ name: String) -> Bool {
        guard isFree(name), let column = given.table.column(name), ["int2", "int4", "int8"].contains(column.typeName)
        else { return false }
        let least = inference.table.column(name)?.facts.least.map { Int($0.rounded(.up)) } ?? 1
        replace(name, SlotGenerator(start: least), "unique for each parent")
        return true
    }

    /// Makes an undeclared text or number unique by itself, which is the simplest way.
    private mutating func makeUniqueAlone(_ name: String) -> Bool {
        guard isFree(name), let column = inference.table.column(name),
            let choice = inference.choose(column, isUnique: true), choice.generator.isUnique,
            choice.generator.domain ?? .max >= max(given.source.count, 1000)
        else { return false }
        replace(name, choice.generator, "\(choice.reason), unique")
        return true
    }

    private func isFree(_ name: String) -> Bool {
        given.declared(name) == nil && given.table.foreignKey(of: name) == nil
    }

    /// Counts through the combinations of columns that cannot be unique alone.
    private mutating func rank(
        _ names: [String],
        _ unique: SeedCatalog.Unique,
        isOfParent: Bool
    ) throws(SeedingError) {
        let groups = groups(names)
        let domains = groups.compactMap { references[$0[0]]?.domain ?? columns[$0[0]].flatMap { domain($0.generator) } }
        // If a generator cannot be counted, a trial batch shows whether its values are unique.
        guard domains.count == groups.count else { return }
        let possible = domains.reduce(1, Self.product)
        let wanted = isOfParent ? mostSlots : given.source.count
        guard wanted <= possible else {
            guard isOfParent else { throw given.tooFew(unique.columns, possible, wanted) }
            throw given.tooFew(names, possible, wanted, for: " for each parent")
        }
        // The column with the most values changes fastest, so that all its values are used early. The others change
        // when it has gone through them.
        let order = groups.indices.sorted { domains[$0] > domains[$1] }
        var stride = 1
        for place in order {
            let key =
                stride == 1 && !isOfParent
                ? 0 : CellHash.key(seed: given.seed, "\(given.table.name)", groups[place].joined(separator: ","))
            for name in groups[place] {
                guard let column = columns[name] else { continue }
                let nullable = column.generator as? NullableGenerator
                let ranked = RankedGenerator(
                    references[name] ?? nullable?.inner ?? column.generator,
                    count: domains[place],
                    stride: stride,
                    bySlot: isOfParent,
                    key: key
                )
                // Two NULLs are not equal, so rows with NULL need no unique combination.
                let generator: any CellGenerator =
                    unique.isNullsNotDistinct ? ranked : nullable?.around(ranked) ?? ranked
                replace(name, generator, "\(column.reason), unique together as \(unique.name)")
            }
            stride = Self.product(stride, domains[place])
        }
    }

    private func domain(_ generator: any CellGenerator) -> Int? {
        (generator as? NullableGenerator)?.inner.domain ?? generator.domain
    }

    /// Columns of the same foreign key count as one, because they are drawn together.
    private func groups(_ names: [String]) -> [[String]] {
        var groups: [[String]] = []
        for name in names where !groups.contains(where: { $0.contains(name) }) {
            groups.append(given.table.foreignKey(of: name)?.columns.filter { names.contains($0) } ?? [name])
        }
        return groups
    }

    private static func product(_ a: Int, _ b: Int) -> Int {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : value
    }

    /// The largest number of rows of one parent.
    private var mostSlots: Int {
        guard case .per(_, let firsts, let combinations) = given.source else { return 0 }
        return zip(firsts.dropFirst(), firsts).map { ($0 - $1 + combinations - 1) / combinations }.max() ?? 0
    }
}
