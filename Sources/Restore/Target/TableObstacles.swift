internal import Archive
internal import PostgresClient

/// Tables that must not exist but do, and tables that must be empty but are not.
enum TableObstacles {
    /// Existing tables that must not exist.
    static func tables(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ session: borrowing Session
    ) throws -> [Preflight.Obstacle] {
        guard options.rows == nil, !options.dataOnly else { return [] }
        let copies = try options.tables.filter { $0.newName != nil }.map { wanted in
            wanted.name(of: try Selection.match(wanted.table, in: manifest.tables))
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

    static func existing(_ names: [TableName], _ session: borrowing Session) throws -> [TableName] {
        try names.filter { try session.exists($0) }
    }

    /// For `--if-empty`: tables that hold rows; missing tables are skipped.
    static func rows(
        in tables: [Manifest.Table],
        _ session: borrowing Session
    ) throws -> Preflight.Obstacle? {
        let filled = try tables.map(\.tableName).filter { table in
            try session.query("SELECT EXISTS (SELECT 1 FROM ONLY \(session.quoted(table))) AS filled")[0].bool("filled")
        }
        guard !filled.isEmpty else { return nil }
        return Preflight.Obstacle(
            message: "rows were written since into \(filled.map(\.description).joined(separator: ", "))",
            hint: "empty these tables first, or load beside them with --table T=OTHER and copy what is missing"
        )
    }

    /// The tables that the database has.
    static func there(_ tables: [Manifest.Table], _ session: borrowing Session) throws -> [Manifest.Table] {
        let there = Set(
            try session.query(
                """
                SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'
                """
            ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
        )
        return tables.filter { there.contains($0.tableName) }
    }
}

extension RestoreOptions.TableSelection {
    /// In the schema of the original, unless the new name has another schema.
    func name(of table: Manifest.Table) -> TableName {
        let name = newName ?? table.name
        guard let dot = name.firstIndex(of: ".") else { return TableName(schema: table.schema, name: name) }
        return TableName(schema: String(name[..<dot]), name: String(name[name.index(after: dot)...]))
    }
}
