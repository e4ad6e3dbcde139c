internal import Archive
internal import PostgresClient

// Single tables are restored next to existing ones.
extension RestoreWork {
    var copying: [RestoreStep] { [RestoreStep(work: .once { try makeCopies(&$0) }), comparison] }

    var adding: [RestoreStep] { [RestoreStep(work: .once { try addMissing(&$0) })] }

    /// Creates tables under other names, with columns and rows but without keys and defaults: to look at, or to copy
    /// from.
    private func makeCopies(_ session: inout Session) throws {
        var copied: [Manifest.Table] = []
        var load = load(allowInvalid: false)
        for wanted in options.tables {
            let table = try Selection.match(wanted.table, in: manifest.tables)
            guard table.kind == .ordinary else {
                throw RestoreError(
                    .selection,
                    "\(table.tableName) is partitioned: its rows are in its partitions",
                    hint: "name the partitions"
                )
            }
            let name = wanted.name(of: table)
            let columns = table.columns.map { "\(session.quoted($0.name)) \($0.type)" }
            try session.execute("CREATE TABLE \(session.quoted(name)) (\(columns.joined(separator: ", ")))")
            for chunk in table.chunks { try load.copy(chunk, into: table, as: name, frozen: false, &session) }
            copied.append(table)
        }
        let added = archive.tellsRows ? copied.reduce(0) { $0 + $1.rows } : record.loadedRows(of: copied)
        record.update {
            $0.addedRows = added
            $0.notes.append("the new tables have the columns and the rows, but no keys, indexes and defaults")
        }
    }

    /// Adds the rows whose primary key is missing; existing rows stay unchanged.
    private func addMissing(_ session: inout Session) throws {
        var added = 0
        for table in selection.tablesWithRows {
            var load = load(allowInvalid: false)
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
            // Generated columns and CHECK constraints are evaluated here.
            try session.set(record.now.userCode.own)
            let inserted = try session.query(
                """
                WITH added AS (
                    INSERT INTO \(name) (\(columns)) OVERRIDING SYSTEM VALUE SELECT \(columns) FROM pg_temp.granary_rows
                    ON CONFLICT (\(session.quoted(table.primaryKey))) DO NOTHING RETURNING 1
                ) SELECT pg_catalog.count(*) AS rows FROM added
                """
            )
            if table.schema != options.stateSchema { added += inserted[0].int("rows") }
            try session.execute("DROP TABLE pg_temp.granary_rows")
        }
        try Sequences(selection.sequences, feeding: selection.tablesWithRows.map(\.tableName), own: .current)
            .follow(&session)
        record.update { $0.addedRows = added }
    }
}
