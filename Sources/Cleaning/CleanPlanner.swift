internal import PostgresClient
internal import Project

/// Makes the plan from the catalog and the rows.
///
///     catalog → the units to clean and the tables to keep → the rows of the units
///     tables with rows that refer to these, repeatedly → the blast radius
///     the method and the order in which each unit is emptied
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
                hint: advice ?? "write it as schema.table, or as a pattern of psql, such as 'ref_*'"
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

    /// Sequences of emptied tables that are not at their initial value.
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
            notes: unfitting(catalog) + (try staleViews(filled, session)) + distribution(filled, steps),
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
        // Each table, each index and each TOAST table stays locked until the end.
        let locks = steps.units.reduce(0) { $0 + $1.members.reduce(0) { $0 + 2 + $1.indexes } }
        let room = try session.lockRoom().promised
        if locks > room {
            obstacles.append("one transaction would need \(locks) locks, but the server has room for \(room)")
        }
        return obstacles
    }

    private func distribution(_ filled: [CleanUnit], _ steps: CleanSteps) -> [String] {
        var notes: [String] = []
        let tables = filled.filter(\.isDistributed).map(\.name.spelling)
        if !tables.isEmpty {
            notes.append(
                """
                Citus distributes \(tables.listed()): the rows of the backup before cleaning are not of one moment unless \
                writers are stopped
                """
            )
        }
        if !steps.stuck.isEmpty {
            notes.append(
                """
                \(steps.stuck.map(\.name.spelling).listed()) \(steps.stuck.count == 1 ? "keeps its number" : "keep their numbers"): \
                Citus resets a sequence only with a TRUNCATE of its table
                """
            )
        }
        return notes
    }

    private func unfitting(_ catalog: CleanCatalog) -> [String] {
        [("protect", options.protect), ("reference", options.reference)].flatMap { key, patterns in
            patterns.filter { pattern in !catalog.relations.contains { TablePattern(pattern).fits($0.name) } }
                .map { "\(key): \($0) in seeds.yaml matches no table of this database" }
        }
    }

    /// Materialized views that would still show deleted rows, because they read them directly or through views.
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
