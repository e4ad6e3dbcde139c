internal import Bookkeeping
import PostgresClient
internal import Project

/// One run, in one session and one transaction.
struct SeedRun {
    let options: SeedOptions
    let set: SeedSet
    let progress: @Sendable (SeedProgress) -> Void
    var catalog = SeedCatalog([])
    var tables: [BoundTable] = []
    var order: SeedOrder?
    var record: SeedRecord
    var references = ReferenceResolver()
    var report: SeedReport
    /// The result for each table.
    var outcomes: [TableName: SeedReport.Outcome] = [:]
    /// Columns with explicit values, whose sequences must be moved past these values.
    var explicitColumns: [TableName: Set<String>] = [:]
    var postponed: [PostponedCells] = []
    var seededKeys: [TableName: SeededKeys] = [:]
    /// Tables that hold all of their listed rows, with the digests by which the next run recognizes this.
    var states: [TableName: TableState] = [:]
    var generated: [TableName: GeneratedRows] = [:]
    /// The temporary tables with the listed rows.
    var merges: [TableName: TableMerge] = [:]
    /// Listed rows that are missing from their tables.
    var missing: [TableName: [Int]] = [:]
    /// Tables that did not accept all of their generated rows.
    var incomplete: Set<TableName> = []
    /// Tables that `--generate` could not fill.
    var skipped: Set<TableName> = []
    /// Tables that an earlier attempt of this run could not fill.
    private var leftOut: [SeedReport.Skipped] = []
    /// Tables with fewer rows than requested: their number, and the number of candidates if a search for more has given
    /// up.
    var fewer: [TableName: (rows: Int, drawn: Int?)] = [:]
    /// The constraints that the server was asked about for generated rows.
    var askedConstraints: [TableName: Set<AskedConstraint>] = [:]
    var asOf = 0
    /// The number of keys that a plan has invented for each table.
    var planNumbers: [TableName: Int] = [:]

    init(_ options: SeedOptions, _ set: SeedSet, _ progress: @escaping @Sendable (SeedProgress) -> Void) {
        self.options = options
        self.set = set
        self.progress = progress
        record = SeedRecord(
            service: options.service,
            environment: options.environment,
            StateSchema(options.stateSchema)
        )
        report = SeedReport(environment: options.environment)
    }

    /// Thrown at the end of a plan, to roll everything back.
    private struct PlanIsDone: Error {}

    mutating func run(_ session: inout Session) throws -> SeedReport {
        do {
            try session.decisiveTransaction { session in
                try workStartingOver(&session)
                if options.planOnly { throw PlanIsDone() }
            }
        } catch is PlanIsDone {}
        return report
    }

    /// Repeats the work until all tables that are not left out could be filled.
    private mutating func workStartingOver(_ session: inout Session) throws {
        guard maySkip else { return try work(&session) }
        let fresh = self
        while true {
            do {
                return try session.savepoint { session in try work(&session) }
            } catch let start as StartOver {
                let known = leftOut + start.without
                self = fresh
                leftOut = known
            }
        }
    }

    private mutating func work(_ session: inout Session) throws {
        report.skipped = leftOut
        skipped = Set(leftOut.map(\.table))
        try queue(session)
        try allowMemory(&session)
        catalog = try SeedCatalog.read(session, stateSchema: options.stateSchema)
        if catalog.tables.values.contains(where: \.isDistributed) {
            // After reading a table on several connections, Citus refuses to change one that a foreign key connects.
            try session.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
        }
        try record.read(session)
        try settleAsOf(session)
        try bind()
        let order = try SeedOrder(
            tables.map(\.name),
            numbers: numbers,
            wishes: wishes,
            mayMakeDeferrable: options.generate != nil,
            catalog
        )
        self.order = order
        try setDeferrable(true, session)
        try deferChecks(&session)
        let scripts = ScriptPlan(set.scripts, options, record)
        try useServicePath(session)
        var next = 0
        for name in order.tables {
            while next < scripts.steps.count, scripts.steps[next].number < (order.numbers[name] ?? 0) {
                try runScript(scripts.steps[next], &session)
                next += 1
            }
            guard let index = tables.firstIndex(where: { $0.name == name }), isMeant(name) else { continue }
            if maySkip { try fill(index, &session) } else { try seed(index, &session) }
        }
        for step in scripts.steps[next...] { try runScript(step, &session) }
        try fillPostponed(&session)
        try prune(order.tables.reversed(), &session)
        try checkDeferred(&session)
        try setDeferrable(false, session)
        try session.execute(Session.emptySearchPath)
        if !options.planOnly {
            try moveSequences(session)
            try writeRecord(session)
        }
        report.tables = order.tables.compactMap { outcomes[$0] }
        report.generators = generated.filter { !skipped.contains($0.key) }
        for (name, (rows, drawn)) in fewer.sorted(by: { $0.key < $1.key }) where !skipped.contains(name) {
            let verb = drawn == nil ? (rows == 1 ? "is" : "are") : (rows == 1 ? "was" : "were")
            let rest = drawn.map { "found among \(grouped($0)) candidates" } ?? "possible"
            report.notes.append("\(name): only \(counted(rows, "row")) \(verb) \(rest)")
        }
    }

    /// Sets the search path that the service itself uses, because defaults, triggers and !sql expressions expect it.
    /// Granary's own statements name the schemas of functions and operators.
    func useServicePath(_ session: borrowing Session) throws {
        var schemas = options.schemas
        // Triggers of other schemas' tables expect their own schema.
        if options.generate != nil { schemas += Set(tables.map(\.name.schema)).subtracting(schemas).sorted() }
        let path = (schemas + ["public"]).map { session.quoted($0) }.joined(separator: ", ")
        try session.query("SELECT pg_catalog.set_config('search_path', $1, false)", [path])
    }

    /// Allows the server to keep the temporary tables in memory, and to compare them there, until the end of the
    /// transaction. It takes only what it needs.
    private func allowMemory(_ session: inout Session) throws {
        for name in ["work_mem", "temp_buffers"] {
            do {
                try session.savepoint { session in
                    _ = try session.query(
                        """
                        SELECT pg_catalog.set_config($1, '64MB', true)
                        WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting($1)) < 67108864
                        """,
                        [name]
                    )
                }
            } catch let error as PostgresError where SeedingError.isAboutRows(error) {
                // Behind a pooler, the server's session may have used temporary tables before.
            }
        }
    }

    /// Waits for other runs of the same service. Two runs at the same time would insert the same missing rows.
    private func queue(_ session: borrowing Session) throws {
        for attempt in 0... {
            if try record.tryToLock(session) { return }
            guard attempt < 300 else {
                throw SeedingError(.busy, "another seeding run is active", hint: "try again when it is done")
            }
            try session.rest(for: .milliseconds(200))
        }
    }

    private mutating func settleAsOf(_ session: borrowing Session) throws {
        let text = set.options.asOf ?? record.entries["as_of"]?.digest
        guard let text else {
            // Whole seconds, so that the record contains exactly this time.
            asOf = options.now
            let written = try session.query(
                "SELECT pg_catalog.to_char(pg_catalog.to_timestamp($1::pg_catalog.float8) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS t",
                ["\(options.now)"]
            )[0].text("t")
            newAsOf = written
            return
        }
        do {
            asOf = try session.query(
                "SELECT pg_catalog.floor(extract(epoch FROM $1::pg_catalog.timestamptz))::bigint AS t",
                [text]
            )[0].int(
                "t"
            )
        } catch let error as PostgresError where error.code == .server {
            throw SeedingError(
                .file,
                "\(set.options.path): as_of is not a time that PostgreSQL can read",
                hint: "such as 2026-01-01"
            )
        }
    }

    private var newAsOf: String?

    private mutating func bind() throws {
        if let generate = options.generate {
            tables = try GeneratedTables.matching(generate.patterns, rows: generate.rows, set, catalog, options)
                .filter { !skipped.contains($0.name) }
            return
        }
        let bound = BoundSeeds(set, catalog, schemas: options.schemas)
        let files = Set(set.tables.filter { isMeant($0.name) }.flatMap(\.files).map(\.file.path))
        try bound.requireFit(files: files)
        tables = bound.tables
        for pattern in options.only {
            let isKnown =
                set.tables.contains { TablePattern(pattern).fits($0.name) }
                || set.scripts.contains { NamePattern(pattern).fits($0.file.table) }
            guard isKnown else {
                throw SeedingError(
                    .usage,
                    "--only names \(pattern), for which there are no seeds",
                    hint: "give names of tables or of .sql files"
                )
            }
        }
        references.note(tables, meant: Set(tables.map(\.name).filter { isMeant($0) }), in: catalog)
    }

    var numbers: [TableName: Int] {
        tables.reduce(into: [:]) { numbers, table in numbers[table.name] = table.number }
    }

    var wishes: [TableName: Set<TableName>] {
        tables.reduce(into: [:]) { wishes, table in
            for reference in table.rows.references { wishes[table.name, default: []].insert(reference.parent) }
        }
    }

    /// The name under which a table's rows are recorded. Rows generated without files are recorded separately, so that
    /// neither kind of run deletes the record of the other.
    func source(of table: TableName) -> String { "\(options.generate == nil ? "table" : "generated") \(table)" }

    func isMeant(_ name: TableName) -> Bool { options.isMeant(name) }
}

extension SeedRun {
    private func moveSequences(_ session: borrowing Session) throws {
        for (name, columns) in explicitColumns.sorted(by: { $0.key < $1.key }) {
            guard let table = catalog[name] else { continue }
            for column in columns.sorted() {
                guard let sequence = table.column(column)?.sequence else { continue }
                // Two statements, because Citus joins the tables of other nodes with few of these.
                let most = try session.query(
                    "SELECT pg_catalog.max(\(session.quoted(column)))::bigint AS value FROM \(session.quoted(name))"
                )[0]["value"]
                guard let most else { continue }
                try session.query(
                    """
                    SELECT pg_catalog.setval($1::pg_catalog.regclass, m.value) FROM \(sequence) s,
                        (SELECT $2::bigint AS value) m, pg_catalog.pg_sequence q
                    WHERE q.seqrelid = $1::pg_catalog.regclass AND q.seqincrement > 0 AND m.value BETWEEN q.seqmin AND q.seqmax
                        AND (m.value > s.last_value OR m.value = s.last_value AND NOT s.is_called)
                    """,
                    [sequence, most]
                )
            }
        }
    }

    private mutating func writeRecord(_ session: borrowing Session) throws {
        if let newAsOf { try record.write("as_of", SeedRecord.Entry(layer: "", digest: newAsOf), session) }
        for table in tables where isMeant(table.name) && outcomes[table.name] != nil {
            let missing = self.missing[table.name] ?? []
            for file in table.files {
                try record.write(
                    file.file.name,
                    SeedRecord.Entry(
                        layer: file.file.layer,
                        digest: file.digest,
                        rows: file.rows.count - missing.count { table.rows[$0].file == file.file.path }
                    ),
                    session
                )
            }
            let rows = generated[table.name]
            let listed = table.rows.count - missing.count
            try record.write(
                source(of: table.name),
                SeedRecord.Entry(
                    layer: "",
                    digest: table.digest,
                    rows: listed + (rows?.present ?? 0),
                    details: SeededKeys.details(
                        recordedKeys(of: table),
                        rows,
                        asked: askedConstraints[table.name],
                        state: states[table.name],
                        before: record.entries[source(of: table.name)]?.details
                    )
                ),
                session
            )
        }
    }
}
