import PostgresClient
internal import Project
internal import SyntheticData

// Columns whose values come from elsewhere: combinations and parents.
extension CompiledColumns {
    mutating func settleCombinations() throws(SeedingError) {
        guard case .per(_, _, let crossed) = given.declaration.amount else { return }
        var stride = 1
        for (name, values) in crossed {
            guard let column = given.table.column(name) else {
                throw SeedingError(.file, at: given.place, "\(given.table.name) has no column \(name) to cross with")
            }
            var texts: [String?] = []
            for value in values { texts.append(try ValueText.plain(value, for: column, file: given.declaration.file)) }
            settle(name, CombinationGenerator(texts, stride: stride), "per")
            stride *= texts.count
        }
    }

    mutating func settleReferences() throws(SeedingError) {
        var done: Set<String> = []
        for key in foreignKeys {
            let open = key.columns.filter { !done.contains($0) }
            let declared = open.compactMap { given.declared($0) }
            // A plain value, an expression or another generator is the whole word on a reference.
            guard open.count == key.columns.count, declared.allSatisfy(Self.holdsReferenceOptions) else { continue }
            done.formUnion(key.columns)
            if key.parent == given.table.name {
                settleSelfReference(key)
            } else {
                try settleReference(key, declared)
            }
        }
    }

    /// The parent of `per` first: a column in two foreign keys takes its. Then the widest.
    private var foreignKeys: [SeedCatalog.ForeignKey] {
        func rank(_ key: SeedCatalog.ForeignKey) -> (Int, Int, String) {
            (key.name == given.perKey?.name ? 0 : 1, -key.columns.count, key.name)
        }
        return given.table.foreignKeys.sorted { rank($0) < rank($1) }
    }

    private static func holdsReferenceOptions(_ node: SeedNode) -> Bool {
        node.members?.allSatisfy { ["zipf", "null", "unique"].contains($0.key) } ?? false
    }

    private func drawKey(_ key: SeedCatalog.ForeignKey) -> UInt64 {
        CellHash.key(seed: given.seed, "\(given.table.name)", key.columns.joined(separator: ","))
    }

    private func isNullable(_ key: SeedCatalog.ForeignKey) -> Bool {
        key.columns.contains { given.table.column($0)?.isNotNull == false }
    }

    private mutating func settleSelfReference(_ key: SeedCatalog.ForeignKey) {
        for (own, theirs) in zip(key.columns, key.parentColumns) {
            let generator = SelfReferenceGenerator(
                late(theirs),
                isNullable: isNullable(key),
                key: drawKey(key),
                rows: given.source
            )
            settle(own, generator, "foreign key to the table itself")
        }
    }

    private mutating func settleReference(
        _ key: SeedCatalog.ForeignKey,
        _ options: [SeedNode]
    ) throws(SeedingError) {
        guard let pool = given.pools[key.parent], pool.count > 0 else { return try settleWithoutParents(key) }
        let pick = try pick(key, pool, options)
        let nulls = try options.lazy.compactMap { $0["null"] }.first?.requireShare("null", given.declaration.file) ?? 0
        for (own, theirs) in zip(key.columns, key.parentColumns) {
            let generator = ReferenceGenerator(pool, column: theirs, pick: pick, key: drawKey(key))
            parents[key.parent.name] = parents[key.parent.name] ?? generator
            parents["\(key.parent)"] = parents["\(key.parent)"] ?? generator
            if key.name == given.perKey?.name { parents[key.parent.name] = generator }
            references[own] = generator
            settle(
                own,
                nulls > 0 ? NullableGenerator(generator, share: nulls, key: drawKey(key)) : generator,
                "foreign key to \(key.parent)"
            )
        }
    }

    private mutating func settleWithoutParents(_ key: SeedCatalog.ForeignKey) throws(SeedingError) {
        guard isNullable(key) else {
            throw SeedingError(
                .schema,
                at: given.place,
                "the rows of \(given.table.name) refer to \(key.parent), which has none",
                hint: "seed \(key.parent) too"
            )
        }
        for own in key.columns {
            settle(own, ConstantGenerator(nil), "foreign key to \(key.parent), which has no rows yet")
        }
    }

    private func pick(
        _ key: SeedCatalog.ForeignKey,
        _ pool: ReferencePool,
        _ options: [SeedNode]
    ) throws(SeedingError) -> ReferenceGenerator.Pick {
        if key.name == given.perKey?.name { return .parent }
        if let zipf = options.lazy.compactMap({ $0["zipf"] }).first {
            return .zipf(try zipf.requireDouble("zipf", given.declaration.file))
        }
        let isUnique = given.table.uniques.contains { Set($0.columns) == Set(key.columns) }
        guard isUnique, !given.source.isPer else { return .even }
        let skipped = given.taken[key.name] ?? []
        guard given.source.count <= pool.count - skipped.count else {
            throw given.tooFew(key.columns, pool.count - skipped.count, given.source.count)
        }
        return .once(skipped: skipped)
    }
}

extension RowSource {
    var isPer: Bool {
        if case .per = self { return true }
        return false
    }
}
