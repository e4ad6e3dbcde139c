import PostgresClient
internal import Project
internal import SyntheticData

extension CompiledColumns {
    mutating func settleCombinations() throws(SeedingError) {
        guard case .per(_, _, let crossed) = given.declaration.amount else { return }
        var stride = 1
        for (name, values) in crossed {
            guard let column = given.table.column(name) else {
                throw SeedingError(.file, at: given.place, "\(given.table.name) has no column \(name) to combine with")
            }
            var texts: [String?] = []
            for value in values { texts.append(try ValueText.plain(value, for: column, file: given.declaration.file)) }
            settle(name, CombinationGenerator(texts, stride: stride), "per")
            stride *= texts.count
        }
    }

    mutating func settleReferences() throws(SeedingError) {
        for key in foreignKeys {
            let open = key.columns.filter { columns[$0] == nil }
            let declared = open.compactMap { given.declared($0) }
            // If a value, an expression or another generator is declared, the column does not draw from the parent.
            guard !open.isEmpty, declared.allSatisfy(Self.holdsReferenceOptions) else { continue }
            if key.parent == given.table.name {
                settleSelfReference(key, open)
            } else if open.count == key.columns.count {
                try settleReference(key, declared)
            } else {
                try settleJoined(key, open)
            }
        }
    }

    /// The parent of `per` first, because a column in two foreign keys takes its value. Then the key with the most
    /// columns.
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

    private func isNullable(_ column: String) -> Bool { given.table.column(column)?.isNotNull == false }

    /// Sets NULL in the columns that allow it, which satisfies the foreign key. The other columns are settled
    /// independently.
    private mutating func settleNulls(_ names: [String], _ reason: String) {
        for own in names where isNullable(own) && columns[own] == nil { settle(own, ConstantGenerator(nil), reason) }
    }

    private mutating func settleSelfReference(_ key: SeedCatalog.ForeignKey, _ open: [String]) {
        let isShared =
            open.count < key.columns.count
            || given.table.uniques.contains { unique in
                unique.isPlain && unique.columns.contains { key.columns.contains($0) }
                    && (key.columns.count > 1 || unique.columns == key.columns)
            }
        // Copying shared columns from an earlier row would repeat values that must be unique.
        if isShared, open.contains(where: isNullable) {
            return settleNulls(open, "foreign key to the table itself, which shares columns with another key")
        }
        for (own, theirs) in zip(key.columns, key.parentColumns) where open.contains(own) {
            let generator = SelfReferenceGenerator(
                late(theirs),
                isNullable: isNullable(own),
                key: drawKey(key),
                rows: isShared ? .count(1) : given.source
            )
            settle(own, isShared ? late(theirs) : generator, "foreign key to the table itself")
        }
    }

    private mutating func settleReference(
        _ key: SeedCatalog.ForeignKey,
        _ options: [SeedNode]
    ) throws(SeedingError) {
        guard let pool = given.pools[key.parent], pool.count > 0 else {
            return try settleWithoutParents(key, key.columns)
        }
        let pick: ReferenceGenerator.Pick
        var limit: Int?
        do {
            pick = try self.pick(key, pool, options)
        } catch {
            guard case .tooFew(let possible) = error.code, options.isEmpty, key.columns.contains(where: isNullable),
                let unique = given.table.uniques.first(where: {
                    $0.isPlain && Set($0.columns).isSubset(of: key.columns)
                }),
                !unique.isNullsNotDistinct
            else { throw error }
            guard Set(unique.columns) == Set(key.columns), possible > 0 else {
                return settleNulls(
                    key.columns.filter { !unique.columns.contains($0) },
                    "foreign key to \(key.parent), which has too few rows"
                )
            }
            (pick, limit) = (once(key), possible)
        }
        let nulls = try options.lazy.compactMap { $0["null"] }.first?.requireShare("null", given.declaration.file) ?? 0
        for (own, theirs) in zip(key.columns, key.parentColumns) {
            let generator = ReferenceGenerator(pool, column: theirs, pick: pick, key: drawKey(key))
            parents[key.parent.name] = parents[key.parent.name] ?? generator
            parents["\(key.parent)"] = parents["\(key.parent)"] ?? generator
            if key.name == given.perKey?.name { parents[key.parent.name] = generator }
            references[own] = generator
            keyOfColumn[own] = key
            let reason = "foreign key to \(key.parent)"
            if let limit, isNullable(own) {
                settle(own, LimitedGenerator(generator, limit: limit), reason)
            } else if nulls > 0, isNullable(own) {
                settle(own, NullableGenerator(generator, share: nulls, key: drawKey(key)), reason)
            } else {
                settle(own, generator, reason)
            }
        }
    }

    /// Settles a foreign key that shares columns with an earlier one, such as the column of the tenant. The parents of
    /// both keys must have the same values in these columns.
    private mutating func settleJoined(_ key: SeedCatalog.ForeignKey, _ open: [String]) throws(SeedingError) {
        guard let pool = given.pools[key.parent], pool.count > 0 else { return try settleWithoutParents(key, open) }
        let pairs = Array(zip(key.columns, key.parentColumns))
        let shared = pairs.filter { !open.contains($0.0) }
        let index = ReferenceIndex(shared.map { late($0.0) }, shared.map(\.1), of: pool)
        guard let first = keyOfColumn[shared[0].0], shared.allSatisfy({ keyOfColumn[$0.0]?.name == first.name }) else {
            // No foreign key chose these columns, so few parents would match.
            if open.contains(where: isNullable) {
                return settleNulls(open, "foreign key to \(key.parent), which shares columns with another key")
            }
            return settle(open, of: key, pool, .matching(index))
        }
        try narrow(first, to: index, shared.map(\.0), orNullsIn: open, key)
        if open.allSatisfy({ columns[$0] == nil }) { settle(open, of: key, pool, .matching(index)) }
    }

    private mutating func settle(
        _ names: [String],
        of key: SeedCatalog.ForeignKey,
        _ pool: ReferencePool,
        _ pick: ReferenceGenerator.Pick
    ) {
        for (own, theirs) in zip(key.columns, key.parentColumns) where names.contains(own) {
            let generator = ReferenceGenerator(pool, column: theirs, pick: pick, key: drawKey(key))
            parents[key.parent.name] = parents[key.parent.name] ?? generator
            references[own] = generator
            keyOfColumn[own] = key
            settle(own, generator, "foreign key to \(key.parent), together with others")
        }
    }

    /// Restricts an earlier foreign key to parents whose values also occur in the parents of this one.
    private mutating func narrow(
        _ first: SeedCatalog.ForeignKey,
        to index: ReferenceIndex,
        _ shared: [String],
        orNullsIn open: [String],
        _ key: SeedCatalog.ForeignKey
    ) throws(SeedingError) {
        guard let before = references[shared[0]] else { return }
        let theirs = shared.compactMap { own in
            zip(first.columns, first.parentColumns).first { $0.0 == own }?.1
        }
        var rows = index.matching(theirs, of: before.pool)
        switch before.pick {
        case .even: break
        case .among(let chosen):
            let chosen = Set(chosen)
            rows = rows.filter { chosen.contains($0) }
        default: return
        }
        guard !rows.isEmpty else {
            if open.contains(where: isNullable) {
                return settleNulls(open, "foreign key to \(key.parent), which has no row that matches the other keys")
            }
            throw SeedingError(
                .schema,
                at: given.place,
                "no rows of \(first.parent) and \(key.parent) have the same \(shared.joined(separator: ", ")), as \(given.table.name) requires",
                hint: "seed more rows of both"
            )
        }
        for own in first.columns {
            guard let generator = references[own]?.picking(.among(rows)) else { continue }
            references[own] = generator
            settle(own, generator, "foreign key to \(first.parent)")
        }
    }

    private mutating func settleWithoutParents(
        _ key: SeedCatalog.ForeignKey,
        _ open: [String]
    ) throws(SeedingError) {
        guard open.contains(where: isNullable) else {
            throw SeedingError(
                .schema,
                at: given.place,
                "the rows of \(given.table.name) refer to \(key.parent), which has no rows",
                hint: "seed \(key.parent) too"
            )
        }
        settleNulls(open, "foreign key to \(key.parent), which has no rows yet")
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
        guard !given.source.isPer else { return .even }
        let uniques = given.table.uniques.filter { $0.isPlain && Set($0.columns).isSubset(of: key.columns) }
        if uniques.contains(where: { $0.columns.count == key.columns.count }) {
            let possible = pool.count - (given.taken[key.name] ?? []).count
            guard given.source.count <= possible else { throw given.tooFew(key.columns, possible, given.source.count) }
            return once(key)
        }
        // A single column of the key is unique by itself, so only one of the parents with the same value can be
        // referred to.
        guard let unique = uniques.first(where: { $0.columns.count == 1 }),
            let theirs = zip(key.columns, key.parentColumns).first(where: { $0.0 == unique.columns[0] })?.1
        else { return .even }
        let rows = pool.firstRows(ofEach: theirs)
        guard given.source.count <= rows.count else {
            throw given.tooFew(unique.columns, rows.count, given.source.count)
        }
        return .onceAmong(rows)
    }

    private func once(_ key: SeedCatalog.ForeignKey) -> ReferenceGenerator.Pick {
        .once(skipped: given.taken[key.name] ?? [])
    }
}

extension RowSource {
    var isPer: Bool {
        if case .per = self { return true }
        return false
    }
}
