internal import Archive
internal import PostgresClient

/// Single tables: made anew where they are gone, beside the old one under another name, or only their rows.
struct TableRestore {
    private let restore: InPlaceRestore
    private let selection: Selection
    private let findings: Preflight.Findings
    private let userCode: UserCodeSettings

    init(
        _ restore: InPlaceRestore,
        _ selection: Selection,
        _ findings: Preflight.Findings,
        _ userCode: UserCodeSettings
    ) {
        self.userCode = userCode
        self.restore = restore
        self.selection = selection
        self.findings = findings
    }

    func run(_ session: inout Session) throws -> RestoreReport {
        let obstacles = try TableRestore.obstacles(restore.archive.manifest, restore.options, session)
        if let failure = Preflight.failure(obstacles) { throw failure }
        guard restore.options.tables.allSatisfy({ $0.newName == nil }) else { return try copies(&session) }
        let there = try TableRestore.existing(selection.tables.map(\.tableName), session)
        switch (there.isEmpty, restore.options.rows) {
        case (true, _), (false, nil): return try restore.make(selection, findings, userCode, .current, &session)
        case (false, .replace):
            return try DataOnlyRestore(restore, selection, userCode, restore.options.roles(findings)).run(&session)
        case (false, .missing): return try addMissing(&session)
        }
    }

    /// Tables that are there, where they must not be.
    static func obstacles(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ session: borrowing Session
    ) throws -> [Preflight.Obstacle] {
        guard options.rows == nil, !options.dataOnly else { return [] }
        let copies = try options.tables.filter { $0.newName != nil }.map { wanted in
            newName(wanted, try Selection.match(wanted.table, in: manifest.tables))
        }
        if !copies.isEmpty {
            return try existing(copies, session).map { name in
                Preflight.Obstacle(message: "\(name) exists", hint: "take another name")
            }
        }
        return try existing(Selection(manifest, options).tables.map(\.tableName), session).map { name in
            Preflight.Obstacle(
                message: "\(name) exists",
                hint: "--rows missing adds the rows whose key is gone, --rows replace empties the table first, "
                    + "--table \(name.name)=OTHER restores beside it"
            )
        }
    }

    private static func existing(_ names: [TableName], _ session: borrowing Session) throws -> [TableName] {
        try names.filter { try session.exists($0) }
    }
}

// Rows beside what is there.
extension TableRestore {
    /// Tables under other names, with the columns and rows but without keys and defaults: to look at, or to copy from.
    private func copies(_ session: inout Session) throws -> RestoreReport {
        var rows = 0
        let tally = LoadTally()
        var load = tableLoad(tally)
        for wanted in restore.options.tables {
            let table = try Selection.match(wanted.table, in: restore.archive.manifest.tables)
            guard table.kind == .ordinary else {
                throw RestoreError(
                    .selection,
                    "\(table.tableName) is partitioned: its rows are in its partitions",
                    hint: "name the partitions"
                )
            }
            let name = TableRestore.newName(wanted, table)
            let columns = table.columns.map { "\(session.quoted($0.name)) \($0.type)" }
            try session.execute("CREATE TABLE \(session.quoted(name)) (\(columns.joined(separator: ", ")))")
            for chunk in table.chunks { try load.copy(chunk, into: table, as: name, frozen: false, &session) }
            rows += table.rows
        }
        try tally.requireAll(of: selection.tablesWithRows)
        var report = restore.report(selection)
        report.rows = rows
        report.notes.append("the new tables have the columns and the rows, but no keys, indexes and defaults")
        return report
    }

    /// In the schema of the original, unless it names one.
    private static func newName(_ wanted: RestoreOptions.TableSelection, _ table: Manifest.Table) -> TableName {
        let name = wanted.newName ?? table.name
        guard let dot = name.firstIndex(of: ".") else { return TableName(schema: table.schema, name: name) }
        return TableName(schema: String(name[..<dot]), name: String(name[name.index(after: dot)...]))
    }

    /// Adds the rows whose primary key is not there; the others stay as they are.
    private func addMissing(_ session: inout Session) throws -> RestoreReport {
        let tally = LoadTally()
        var added = 0
        for table in selection.tablesWithRows {
            var load = tableLoad(tally)
            guard !table.primaryKey.isEmpty else {
                throw RestoreError(
                    .preflight,
                    "nothing was changed, because \(table.tableName) has no primary key to tell rows by",
                    hint: "use --rows replace, or restore it beside with --table \(table.name)=OTHER"
                )
            }
            let name = session.quoted(table.tableName)
            let columns = session.quoted(table.columns.map(\.name))
            try session.execute(
                "CREATE TEMPORARY TABLE granary_rows ON COMMIT DROP AS SELECT \(columns) FROM \(name) WITH NO DATA"
            )
            let scratch = TableName(schema: "pg_temp", name: "granary_rows")
            for chunk in table.chunks { try load.copy(chunk, into: table, as: scratch, frozen: false, &session) }
            // Generated columns and CHECKs are computed here.
            try session.set(userCode.own)
            let inserted = try session.query(
                """
                WITH added AS (
                    INSERT INTO \(name) (\(columns)) OVERRIDING SYSTEM VALUE SELECT \(columns) FROM pg_temp.granary_rows
                    ON CONFLICT (\(session.quoted(table.primaryKey))) DO NOTHING RETURNING 1
                ) SELECT pg_catalog.count(*) AS rows FROM added
                """
            )
            added += inserted[0].int("rows")
            try session.execute("DROP TABLE pg_temp.granary_rows")
        }
        try Sequences(
            selection.sequences,
            feeding: selection.tablesWithRows.map(\.tableName),
            own: .current
        ).follow(&session)
        var report = restore.report(selection)
        report.rows = added
        return report
    }

    private func tableLoad(_ tally: LoadTally) -> TableLoad {
        TableLoad(
            restore.archive,
            encoding: restore.archive.manifest.database.encoding,
            userCode: userCode,
            tally: tally,
            allowInvalid: false,
            progress: restore.progress
        )
    }
}
