internal import PostgresClient
internal import Project

/// Makes the plan from the catalog and the rows.
///
///     what the catalog says → units, and what is left alone → their rows
///     whatever else refers to these rows, round by round → the blast radius
///     how each is emptied, and in which order
struct CleanPlanner {
    let options: CleanOptions

    private var probe: RowProbe { RowProbe() }

    /// - Throws: `CleaningError` with `.selection` or `.obstacle`, `PostgresError`.
    func plan(_ session: borrowing Session) throws -> CleanPlan {
        let catalog = try CleanCatalog.read(session)
        try requireNames(catalog)
        let layout = CleanLayout(catalog, options)
        var radius = BlastRadius(layout)
        try radius.grow(with: layout.inScope, probe, session)
        let steps = try CleanStepPlanner(layout: layout, radius: radius, largeBytes: options.largeBytes)
            .steps(restarting: restarted(radius, layout, session))
        return try describe(catalog, layout, radius, steps, session)
    }

    private func requireNames(_ catalog: CleanCatalog) throws {
        for pattern in options.keep where !catalog.relations.contains(where: { TablePattern(pattern).fits($0.name) }) {
            let advice = TablePattern.advice(pattern, among: catalog.relations.map(\.name))
            throw CleaningError(
                .selection,
                "there is no table \(pattern) to keep",
                hint: advice ?? "write it as schema.table, or as a pattern of psql's, such as 'ref_*'"
            )
        }
        guard let schemas = options.schemas else { return }
        let there = Set(exactly: catalog.schemas)
        let missing = schemas.filter { !there.contains($0) }
        guard missing.isEmpty else {
            throw CleaningError(
                .selection,
                "there is no schema \(missing.joined(separator: ", "))",
                hint: "name one with --schema, or clean the whole database with --all; there are "
                    + catalog.schemas.filter { $0 != "information_schema" && $0 != options.stateSchema }.joined(
                        separator: ", "
                    )
            )
        }
    }

    /// Sequences of emptied tables that are not at their first value.
    private func restarted(
        _ radius: BlastRadius,
        _ layout: CleanLayout,
        _ session: borrowing Session
    ) throws -> [CleanCatalog.Sequence] {
        let doomed = Set(radius.units.map(\.oid))
        let ours = layout.catalog.sequences.filter { sequence in
            layout.unit[sequence.table].map { doomed.contains($0.oid) } == true && sequence.isOwn
        }
        let moved = try Set(
            probe.holding(
                ours.map { ($0.oid, session.quoted($0.name), "is_called OR last_value <> \($0.start)") },
                session
            )
        )
        return ours.filter { moved.contains($0.oid) }
    }
}

// The content of the plan.
extension CleanPlanner {
    private func describe(
        _ catalog: CleanCatalog,
        _ layout: CleanLayout,
        _ radius: BlastRadius,
        _ steps: CleanSteps,
        _ session: borrowing Session
    ) throws -> CleanPlan {
        let filled = steps.units.filter { steps.rows[$0.oid]?.isEmpty == false }
        let truncated = Set(steps.truncated.map(\.oid))
        let tables = filled.map { unit in
            let rows = steps.rows[unit.oid] ?? UnitRows()
            return CleanPlan.Table(
                name: unit.name.description,
                rows: rows.rows,
                isExact: rows.isExact,
                bytes: rows.bytes,
                method: truncated.contains(unit.oid) ? .truncate : .delete,
                because: radius.because[unit.oid]
            )
        }
        return CleanPlan(
            database: session.database,
            tables: tables.sorted { $0.name < $1.name },
            kept: layout.keptInScope.map {
                CleanPlan.Kept(name: $0.name.description, reason: layout.reason($0).description)
            },
            sequences: steps.sequences.map(\.name.description),
            hits: radius.hits,
            obstacles: try obstacles(filled, steps, session),
            notes: unfitting(catalog) + (try staleViews(filled, session)) + (try distribution(filled, session)),
            dataBytes: filled.reduce(0) { $0 + (steps.rows[$1.oid]?.dataBytes ?? 0) },
            undoNeedsAllowInvalid: filled.contains { $0.members.contains(where: \.hasInvalidCheck) },
            catalog: catalog,
            layout: layout,
            steps: steps
        )
    }

    private func obstacles(
        _ filled: [CleanUnit],
        _ steps: CleanSteps,
        _ session: borrowing Session
    ) throws -> [String] {
        var obstacles: [String] = []
        let others = filled.filter { unit in !unit.members.allSatisfy(\.isOwn) }.map(\.name)
        if !others.isEmpty { obstacles.append("\(session.user) does not own \(Wording.list(others))") }
        // Each table, each index and each TOAST table is locked until the end.
        let locks = steps.units.reduce(0) { $0 + $1.members.reduce(0) { $0 + 2 + $1.indexes } }
        let room = try session.lockRoom().promised
        if locks > room {
            obstacles.append("\(locks) locks in one transaction are more than the server has room for (\(room))")
        }
        return obstacles
    }

    private func distribution(_ filled: [CleanUnit], _ session: borrowing Session) throws -> [String] {
        let names = Set(filled.flatMap { unit in [unit.name] + unit.members.map(\.name) })
        let tables = try session.distributedTables().filter(names.contains)
        guard !tables.isEmpty else { return [] }
        return [
            """
            Citus distributes \(tables.map(\.spelling).listed()): the backup before cleaning does not hold how, and its rows are \
            not of one moment unless writers are stopped
            """
        ]
    }

    private func unfitting(_ catalog: CleanCatalog) -> [String] {
        [("protect", options.protect), ("reference", options.reference)].flatMap { key, patterns in
            patterns.filter { pattern in !catalog.relations.contains { TablePattern(pattern).fits($0.name) } }
                .map { "\(key): \($0) in seeds.yaml fits no table of this database" }
        }
    }

    /// Materialized views that keep showing deleted rows, which they read directly or through views.
    private func staleViews(_ filled: [CleanUnit], _ session: borrowing Session) throws -> [String] {
        guard !filled.isEmpty else { return [] }
        return try session.query(
            """
            WITH RECURSIVE readers (oid) AS (
                SELECT pg_catalog.unnest($1::pg_catalog.oid[])
                UNION
                SELECT w.ev_class
                FROM readers r
                JOIN pg_catalog.pg_depend d
                    ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.oid
                        AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN'
            )
            SELECT n.nspname, c.relname
            FROM readers r JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relkind = 'm' AND c.relispopulated
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            ORDER BY 1, 2
            """,
            ["{\(filled.flatMap(\.members).map { String($0.oid) }.joined(separator: ","))}"]
        ).map { row in
            let name = TableName(schema: row.text("nspname"), name: row.text("relname"))
            return "the materialized view \(name) keeps showing the old rows until REFRESH MATERIALIZED VIEW"
        }
    }
}

/// The tables that lose rows: the chosen ones, and those with rows that refer to deleted rows.
struct BlastRadius {
    private let layout: CleanLayout
    private(set) var units: [CleanUnit] = []
    private(set) var rows: [UInt32: UnitRows] = [:]
    /// Why a unit was included.
    private(set) var because: [UInt32: String] = [:]
    private(set) var hits: [String] = []

    init(_ layout: CleanLayout) { self.layout = layout }

    mutating func grow(with first: [CleanUnit], _ probe: RowProbe, _ session: borrowing Session) throws {
        var next = first
        while !next.isEmpty {
            units += next
            rows.merge(try probe.measure(next, session)) { $1 }
            let filled = next.filter { rows[$0.oid]?.isEmpty == false }
            next = try referring(to: filled, probe, session) + heirs(of: next)
        }
    }

    /// Foreign keys of other tables that could refer to rows of the included ones.
    func keysFromOutside(to filled: [CleanUnit]) -> [CleanCatalog.Key] {
        let (inside, targets) = (Set(units.map(\.oid)), Set(filled.map(\.oid)))
        return layout.catalog.keys.filter { key in
            guard let target = layout.unit[key.to], targets.contains(target.oid) else { return false }
            return layout.unit[key.from].map { !inside.contains($0.oid) } ?? true
        }
    }

    private mutating func referring(
        to filled: [CleanUnit],
        _ probe: RowProbe,
        _ session: borrowing Session
    ) throws -> [CleanUnit] {
        let keys = keysFromOutside(to: filled)
        let holding = Set(try probe.holding(Self.references(keys, layout, session), session))
        var found: [CleanUnit] = []
        for key in keys where holding.contains(key.oid) {
            guard let from = layout.relations[key.from], let target = layout.unit[key.to] else { continue }
            guard let unit = layout.unit[key.from] else {
                hits.append(
                    "\(from.name) is left alone (\(layout.reason(from))), and rows of it refer to \(target.name) by \(key.name)"
                )
                continue
            }
            guard because[unit.oid] == nil else { continue }
            because[unit.oid] = "its rows refer to \(target.name) by \(key.name)"
            found.append(unit)
        }
        return found
    }

    /// Tables that inherit from an emptied table, so their rows are seen in it.
    private mutating func heirs(of units: [CleanUnit]) -> [CleanUnit] {
        let parents = Set(units.map(\.oid))
        var inside = Set(self.units.map(\.oid))
        var found: [CleanUnit] = []
        for relation in layout.catalog.relations {
            guard let parent = relation.inheritsFrom.first(where: parents.contains),
                let unit = layout.unit[relation.oid], because[unit.oid] == nil, inside.insert(unit.oid).inserted
            else { continue }
            because[unit.oid] = "it inherits from \(layout.relations[parent]?.name.description ?? "")"
            found.append(unit)
        }
        return found
    }

    /// A query for rows in which no column of the foreign key is NULL. Only such rows refer to others.
    static func references(
        _ keys: [CleanCatalog.Key],
        _ layout: CleanLayout,
        _ session: borrowing Session
    ) -> [(number: UInt32, target: String, condition: String)] {
        var asked: [(number: UInt32, target: String, condition: String)] = []
        for key in keys {
            guard let from = layout.relations[key.from] else { continue }
            let target = (from.kind == .partitioned ? "" : "ONLY ") + session.quoted(from.name)
            let condition = key.columns.map { "\(session.quoted($0)) IS NOT NULL" }.joined(separator: " AND ")
            asked.append((key.oid, target, condition))
        }
        return asked
    }
}
