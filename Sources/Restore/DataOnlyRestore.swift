internal import Archive
internal import PostgresClient

/// Rows into a schema that is there: foreign keys off, triggers off, tables emptied, rows in, all of it back on.
///
/// An owner may do this; no superuser is needed. `TRUNCATE` is refused while any foreign key points at a table, even
/// from an empty one, so the keys are dropped and added again, which checks them.
struct DataOnlyRestore {
    private let restore: InPlaceRestore
    private let selection: Selection
    private let userCode: UserCodeSettings
    private let roles: RoleMap

    init(
        _ restore: InPlaceRestore,
        _ selection: Selection,
        _ userCode: UserCodeSettings,
        _ roles: RoleMap
    ) {
        self.roles = roles
        self.restore = restore
        self.selection = selection
        self.userCode = userCode
    }

    func run(_ session: inout Session) throws -> RestoreReport {
        let tables = selection.tablesWithRows.filter { $0.extensionName == nil }
        try requireTables(tables, session)
        let order = try restore.options.ifEmpty ? emptyTables(tables, session) : nil
        let keys = try order.map { try foreignKeys($0.unorderable, session) } ?? foreignKeys(of: tables, session)
        let triggers = try userTriggers(of: tables, session)
        restore.progress(.phase(order == nil ? "emptying the tables" : "switching triggers off"))
        for key in keys {
            try session.execute("ALTER TABLE \(key.table) DROP CONSTRAINT IF EXISTS \(session.quoted(key.name))")
        }
        for trigger in triggers {
            try session.execute("ALTER TABLE \(trigger.table) DISABLE TRIGGER \(session.quoted(trigger.name))")
        }
        if !tables.isEmpty, order == nil {
            try session.execute(
                "TRUNCATE TABLE \(tables.map { "ONLY " + session.quoted($0.tableName) }.joined(separator: ", "))"
            )
        }
        if selection.isWholeDatabase {
            try session.query(
                "SELECT pg_catalog.count(pg_catalog.lo_unlink(oid)) FROM pg_catalog.pg_largeobject_metadata"
            )
        }
        let tally = try restore.load(selection.leavingOutExtensions, userCode, inOrderOf: order?.tables, &session)
        let waived = try InvalidChecks.restore(tally.waived, &session)
        var leftOut: [String] = []
        if let objects = selection.largeObjects {
            leftOut = try LargeObjectLoad.own(
                objects.objects,
                roles: roles,
                withOwners: !restore.options.noOwner,
                &session
            )
        }
        let invalid = try addKeys(keys, &session)
        for trigger in triggers {
            try session.execute("ALTER TABLE \(trigger.table) \(trigger.enable) \(session.quoted(trigger.name))")
        }
        try Sequences(selection.sequences, feeding: tables.map(\.tableName), own: .current).follow(&session)
        try refreshViews(&session)
        try restore.analyze(selection.leavingOutExtensions, session)
        try tally.requireAll(of: tables)
        var report = restore.report(selection.leavingOutExtensions, invalid: waived + invalid)
        report.notes = leftOut
        return report
    }

    /// Locks the tables against writing, and sees that there is nothing in them.
    ///
    /// - Throws: `RestoreError` with `.refused` naming those that hold rows.
    private func emptyTables(_ tables: [Manifest.Table], _ session: borrowing Session) throws -> LoadOrder {
        // Checks that were put off would be pending when triggers are switched on again, which forbids that.
        try session.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if !tables.isEmpty {
            let names = tables.map { "ONLY " + session.quoted($0.tableName) }.joined(separator: ", ")
            try session.execute("LOCK TABLE \(names) IN SHARE ROW EXCLUSIVE MODE")
        }
        if let obstacle = try Self.obstacle(tables, session) {
            throw RestoreError(.refused, "nothing was changed, because \(obstacle.message)", hint: obstacle.hint)
        }
        return try LoadOrder.read(tables, session)
    }

    /// What `--if-empty` says of tables that hold rows; those that are not there are not asked.
    static func obstacle(
        _ tables: [Manifest.Table],
        _ session: borrowing Session
    ) throws -> Preflight.Obstacle? {
        let filled = try tables.map(\.tableName).filter { table in
            try session.query("SELECT EXISTS (SELECT FROM ONLY \(session.quoted(table))) AS filled")[0].bool("filled")
        }
        guard !filled.isEmpty else { return nil }
        return Preflight.Obstacle(
            message: "rows were written since into \(filled.map(\.description).joined(separator: ", "))",
            hint: "empty these tables first, or load beside them with --table T=OTHER and copy what is missing"
        )
    }

    private func requireTables(_ tables: [Manifest.Table], _ session: borrowing Session) throws {
        let there = Set(try Self.there(tables, session).map(\.tableName))
        let missing = tables.map(\.tableName).filter { !there.contains($0) }
        guard missing.isEmpty else {
            throw RestoreError(
                .preflight,
                "nothing was changed, because the database lacks \(missing.map(\.description).joined(separator: ", "))",
                hint: "run the migrations first, or restore without --data-only"
            )
        }
    }

    /// Those of the tables that the database has.
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

// What is taken off and put on again.
extension DataOnlyRestore {
    private struct ForeignKey {
        var table: String
        var name: String
        var definition: String
        var comment: String?
    }

    private struct Trigger {
        var table: String
        var name: String
        /// `ENABLE TRIGGER`, `ENABLE REPLICA TRIGGER` or `ENABLE ALWAYS TRIGGER`.
        var enable: String
    }

    /// Keys of these tables and keys that point at them, those of partitions left to their parents.
    private func foreignKeys(of tables: [Manifest.Table], _ session: borrowing Session) throws -> [ForeignKey] {
        try session.query(
            """
            SELECT DISTINCT n.nspname, c.relname, k.conname, k.oid, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
                pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
            FROM pg_catalog.pg_constraint k
            JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE k.contype = 'f' AND k.conparentid = 0
                AND (k.conrelid = ANY ($1::pg_catalog.regclass[]::pg_catalog.oid[]) OR k.confrelid = ANY ($1::pg_catalog.regclass[]::pg_catalog.oid[])
                     OR EXISTS (SELECT FROM pg_catalog.pg_constraint p
                                WHERE p.conparentid = k.oid
                                    AND (p.conrelid = ANY ($1::pg_catalog.regclass[]::pg_catalog.oid[]) OR p.confrelid = ANY ($1::pg_catalog.regclass[]::pg_catalog.oid[]))))
            ORDER BY k.oid
            """,
            [regclasses(tables, session)]
        ).map { foreignKey($0, session) }
    }

    /// Keys by their oids, those of partitions' parents.
    private func foreignKeys(_ oids: [UInt32], _ session: borrowing Session) throws -> [ForeignKey] {
        try session.query(
            """
            SELECT n.nspname, c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
                pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
            FROM pg_catalog.pg_constraint k
            JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE k.oid = ANY ($1::pg_catalog.oid[]) ORDER BY k.oid
            """,
            ["{\(oids.map(String.init).joined(separator: ","))}"]
        ).map { foreignKey($0, session) }
    }

    private func foreignKey(_ row: Rows.Row, _ session: borrowing Session) -> ForeignKey {
        ForeignKey(
            table: session.quoted(TableName(schema: row.text("nspname"), name: row.text("relname"))),
            name: row.text("conname"),
            definition: row.text("definition"),
            comment: row["comment"]
        )
    }

    private func userTriggers(of tables: [Manifest.Table], _ session: borrowing Session) throws -> [Trigger] {
        try session.query(
            """
            SELECT n.nspname, c.relname, t.tgname, t.tgenabled
            FROM pg_catalog.pg_trigger t
            JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgrelid = ANY ($1::pg_catalog.regclass[]::pg_catalog.oid[])
            """,
            [regclasses(tables, session)]
        ).map { row in
            let mode = ["R": "REPLICA ", "A": "ALWAYS "][row.text("tgenabled")] ?? ""
            return Trigger(
                table: session.quoted(TableName(schema: row.text("nspname"), name: row.text("relname"))),
                name: row.text("tgname"),
                enable: "ENABLE \(mode)TRIGGER"
            )
        }
    }

    /// Adding a key checks it, unless it was NOT VALID before.
    private func addKeys(_ keys: [ForeignKey], _ session: inout Session) throws -> [String] {
        restore.progress(.phase("adding foreign keys"))
        return try keys.compactMap { key in
            let invalid = try add(key, &session)
            if let comment = key.comment {
                try session.execute(
                    "COMMENT ON CONSTRAINT \(session.quoted(key.name)) ON \(key.table) IS \(session.literal(comment))"
                )
            }
            return invalid
        }
    }

    /// Returns the key's name when it was left NOT VALID.
    private func add(_ key: ForeignKey, _ session: inout Session) throws -> String? {
        let addition = "ALTER TABLE \(key.table) ADD CONSTRAINT \(session.quoted(key.name)) \(key.definition)"
        try session.execute("SAVEPOINT granary_key")
        do {
            try session.execute(addition)
            return nil
        } catch let error as PostgresError where error.sqlState == "23503" {
            guard restore.options.allowInvalid else {
                throw RestoreError(
                    .statement,
                    "foreign key \(key.name) of \(key.table) does not hold: \(error)",
                    hint: "restore the table it points to as well, or use --allow-invalid"
                )
            }
            try session.execute("ROLLBACK TO SAVEPOINT granary_key")
            try session.execute(addition + " NOT VALID")
            return "\(key.table) \(key.name)"
        }
    }

    private func refreshViews(_ session: inout Session) throws {
        for item in selection.items where item.kind == "MATERIALIZED VIEW DATA" {
            guard let schema = item.schema else { continue }
            let view = TableName(schema: schema, name: item.name)
            guard try session.exists(view) else { continue }
            do {
                try SchemaStatements.refresh("REFRESH MATERIALIZED VIEW \(session.quoted(view))", userCode, session)
            } catch let error as PostgresError where error.code == .server {
                throw SchemaStatements.failure(of: item, error)
            }
        }
    }

    private func regclasses(_ tables: [Manifest.Table], _ session: borrowing Session) -> String {
        QuotedText.array(tables.map { session.quoted($0.tableName) })
    }
}
