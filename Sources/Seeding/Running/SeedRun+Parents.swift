internal import Bookkeeping
import PostgresClient
internal import Project
internal import SyntheticData

extension SeedRun {
    mutating func compile(
        _ bound: BoundTable,
        _ declaration: GenerateDeclaration,
        _ before: SeedRecord.Entry?,
        _ search: inout ConstraintSearch,
        _ session: inout Session
    ) throws -> GeneratedRows {
        let pools = try pools(of: bound, declaration, session)
        let start = try start(bound, declaration, before, session)
        let perKey = try declaration.perKey(in: bound.table)
        let taken = try takenParents(bound, pools, session)
        let source: RowSource
        switch declaration.amount {
        case .count(let count): source = .count(Int((Double(count) * scale).rounded()))
        case .per(_, let rule, let crossed):
            source = try perSource(bound, rule, crossed.reduce(1) { $0 * $1.values.count }, perKey, pools, session)
        }
        var compiler = GeneratorCompiler(
            table: bound.table,
            declaration: declaration,
            seed: set.options.seed,
            locale: declaration.locale ?? set.options.locale,
            now: asOf * 1_000_000,
            pools: pools,
            start: start,
            source: source,
            perKey: perKey,
            taken: taken
        )
        if options.generate != nil, !source.isPer, let possible = compiler.possible() {
            // A pattern may match many tables. Each gets as many rows as it can hold.
            compiler.source = .count(possible)
        }
        var columns = try compiler.settled()
        var drawn: Int?
        if let found = try search.settle(&columns, &session), found.numbers.count < compiler.source.count {
            drawn = found.isExhaustive ? nil : found.drawn
            guard options.generate != nil, !source.isPer else {
                throw compiler.tooFew(search.columns, found.numbers.count, compiler.source.count, drawn: drawn)
            }
            compiler.source = .count(found.numbers.count)
            columns = try compiler.settled()
            _ = try search.settle(&columns, &session)
        }
        let table = columns.table()
        if let wanted = options.generate?.rows, case .count = source, table.count < min(wanted, source.count) {
            fewer[bound.name] = (table.count, drawn)
        }
        var parts =
            [ValueText.json(declaration.node)] + [
                "\(table.count)", "\(set.options.seed)", declaration.locale ?? set.options.locale, "\(asOf)",
                "\(start)",
            ]
        for key in bound.table.foreignKeys { parts.append("\(key.parent) \(pools[key.parent]?.count ?? 0)") }
        return GeneratedRows(table: table, digest: ContentHash.hex(parts))
    }

    private var scale: Double {
        options.hasScale ? options.scale : set.options.environments[options.environment]?.scale ?? 1
    }

    /// The first key of generated rows: the declared one, the recorded one, or one above the existing keys.
    private func start(
        _ bound: BoundTable,
        _ declaration: GenerateDeclaration,
        _ before: SeedRecord.Entry?,
        _ session: borrowing Session
    ) throws -> Int {
        if let start = declaration.start { return start }
        let recorded = SeededKeys.number("start", in: before?.details)
        guard let key = bound.table.primaryKey?.columns, key.count == 1, let column = bound.table.column(key[0]),
            ["int2", "int4", "int8", "numeric"].contains(column.typeName)
        else { return 1 }
        if let recorded { return recorded }
        let most = try session.query(
            "SELECT pg_catalog.max(\(session.quoted(key[0])))::bigint AS most FROM \(session.quoted(bound.name))"
        )[0]["most"]
        guard let most = most.flatMap({ Int($0) }), most > 0 else { return 1 }
        let step = column.typeName == "int2" ? 100 : 1000
        return (most / step + 1) * step + 1
    }

    private func perSource(
        _ bound: BoundTable,
        _ rule: CountRule,
        _ combinations: Int,
        _ key: SeedCatalog.ForeignKey?,
        _ pools: [TableName: ReferencePool],
        _ session: borrowing Session
    ) throws -> RowSource {
        guard let key, let pool = pools[key.parent] else { return .count(0) }
        let sampler = rule.sampler()
        let drawKey = CellHash.key(seed: set.options.seed, "\(bound.name)", "per")
        // Listed rows count: a parent that has some gets fewer generated rows.
        var listed: [Int: Int] = [:]
        if combinations == 1, let merge = merges[bound.name], key.columns.allSatisfy({ merge.columns.contains($0) }) {
            let columns = key.columns.map { "s.\(merge.q($0))::pg_catalog.text" }.joined(separator: ", ")
            let rows = try session.query(
                "SELECT ARRAY[\(columns)] AS key, pg_catalog.count(*) AS count FROM \(merge.temporary) s GROUP BY 1"
            )
            for row in rows {
                if let place = pool.index(ofKey: row.texts("key"), columns: key.parentColumns) {
                    listed[place] = row.int("count")
                }
            }
        }
        var firsts = [0]
        firsts.reserveCapacity(pool.count + 1)
        for place in 0..<pool.count {
            let count = sampler(CellHash.draw(drawKey, pool.identity(place)))
            firsts.append(firsts[place] + max(0, count - (listed[place] ?? 0)) * combinations)
        }
        return .per(pool, firsts: firsts, combinations: combinations)
    }

    /// For each unique foreign key, by its name: the parents to which listed rows refer.
    private func takenParents(
        _ bound: BoundTable,
        _ pools: [TableName: ReferencePool],
        _ session: borrowing Session
    ) throws -> [String: [Int]] {
        guard let merge = merges[bound.name] else { return [:] }
        var taken: [String: [Int]] = [:]
        for key in bound.table.foreignKeys where key.columns.allSatisfy({ merge.columns.contains($0) }) {
            guard let pool = pools[key.parent],
                bound.table.uniques.contains(where: { Set($0.columns) == Set(key.columns) })
            else { continue }
            let columns = key.columns.map { "s.\(merge.q($0))::pg_catalog.text" }.joined(separator: ", ")
            let rows = try session.query("SELECT ARRAY[\(columns)] AS key FROM \(merge.temporary) s")
            taken[key.name] = rows.compactMap { pool.index(ofKey: $0.texts("key"), columns: key.parentColumns) }
                .sorted()
        }
        return taken
    }

    private func pools(
        of bound: BoundTable,
        _ declaration: GenerateDeclaration,
        _ session: borrowing Session
    ) throws -> [TableName: ReferencePool] {
        var pools: [TableName: ReferencePool] = [:]
        let wantsTimes = declaration.columns.contains { $0.value["after"]?.text?.contains(".") ?? false }
        for key in bound.table.foreignKeys where key.parent != bound.name && pools[key.parent] == nil {
            let isOurs =
                tables.contains { $0.name == key.parent } && isMeant(key.parent) && !skipped.contains(key.parent)
            if isOurs, !references.seeded.contains(key.parent) {
                // A parent that closes a cycle has no rows yet.
                if let pool = try poolInAdvance(key, of: bound.name, session) { pools[key.parent] = pool }
                continue
            }
            guard let parent = catalog[key.parent] else { continue }
            let columns = Array(
                Set(bound.table.foreignKeys.filter { $0.parent == key.parent }.flatMap(\.parentColumns))
            ).sorted()
            let times =
                wantsTimes
                ? parent.columns.filter { ["timestamptz", "timestamp", "date"].contains($0.typeName) }.map(\.name) : []
            pools[key.parent] = try pool(parent, columns, times, isOurs: isOurs, session)
        }
        return pools
    }

    /// The keys of rows that will be inserted later, for foreign keys that the server checks at the end.
    private func poolInAdvance(
        _ key: SeedCatalog.ForeignKey,
        of child: TableName,
        _ session: borrowing Session
    ) throws -> ReferencePool? {
        guard order?.detours[.init(child: child, foreignKey: key.name)]?.isCheckedLast == true,
            let parent = tables.first(where: { $0.name == key.parent }), let given = parent.generate
        else { return nil }
        let declaration = try GenerateDeclaration(given.node, file: given.file)
        guard case .count(let count) = declaration.amount else { return nil }
        let before = record.entries[source(of: parent.name)]
        var compiler = GeneratorCompiler(
            table: parent.table,
            declaration: declaration,
            seed: set.options.seed,
            locale: declaration.locale ?? set.options.locale,
            now: asOf * 1_000_000,
            pools: [:],
            start: try start(parent, declaration, before, session),
            source: .count(Int((Double(count) * scale).rounded())),
            perKey: nil,
            taken: [:]
        )
        if options.generate != nil, let possible = compiler.possible(key.parentColumns) {
            compiler.source = .count(possible)
        }
        guard let keys = try compiler.keys(key.parentColumns) else { return nil }
        return ReferencePool(columns: [:], times: [:], identities: [], generated: keys)
    }

    private func pool(
        _ parent: SeedCatalog.Table,
        _ columns: [String],
        _ times: [String],
        isOurs: Bool,
        _ session: borrowing Session
    ) throws -> ReferencePool {
        let target = session.quoted(parent.name)
        let list =
            columns.enumerated().map { "t.\(session.quoted($1))::pg_catalog.text AS c\($0)" }
            + times.enumerated().map { "(extract(epoch FROM t.\(session.quoted($1))) * 1000000)::bigint AS t\($0)" }
        // If some rows are missing, only the rows in the table can be referred to.
        let isWhole = isOurs && !incomplete.contains(parent.name)
        let merge = isWhole ? merges[parent.name] : nil
        let generatedRows = isWhole ? generated[parent.name] : nil
        let rows: Rows?
        var identity = columns.indices.map { "c\($0)" }
        if let merge, !merge.key.isEmpty {
            let on = merge.key.map { "t.\(merge.q($0)) \(parent.equality($0)) s.\(merge.q($0))" }.joined(
                separator: " AND "
            )
            let keys = merge.key.enumerated().map { "t.\(merge.q($1))::pg_catalog.text AS k\($0)" }
            identity = merge.key.indices.map { "k\($0)" }
            rows = try session.query(
                "SELECT \((list + keys).joined(separator: ", ")) FROM \(merge.temporary) s JOIN \(target) t ON \(on) ORDER BY s.granary_n"
            )
        } else if generatedRows == nil {
            let order = columns.map { "t.\(session.quoted($0))" }.joined(separator: ", ")
            let filled = columns.map { "t.\(session.quoted($0)) IS NOT NULL" }.joined(separator: " AND ")
            rows = try session.query(
                "SELECT \(list.joined(separator: ", ")) FROM \(target) t WHERE \(filled) ORDER BY \(order)"
            )
        } else {
            rows = nil
        }
        var values: [String: [String?]] = [:]
        var moments: [String: [Int?]] = [:]
        for (place, column) in columns.enumerated() { values[column] = rows?.map { $0["c\(place)"] } ?? [] }
        for (place, column) in times.enumerated() {
            moments[column] = rows?.map { $0["t\(place)"].flatMap { Int($0) } } ?? []
        }
        let identities =
            rows?.map { row in CellHash.key(seed: 0, identity.map { row.text($0) }.joined(separator: "\u{1}")) } ?? []
        return ReferencePool(columns: values, times: moments, identities: identities, generated: generatedRows?.table)
    }
}
