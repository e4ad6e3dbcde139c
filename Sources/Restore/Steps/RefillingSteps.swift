internal import Archive
internal import PostgresClient

/// The foreign keys and triggers of existing tables, which are off while rows are loaded.
///
/// The owner of a table may switch them off; no superuser is needed. `TRUNCATE` is refused while a foreign key refers
/// to a table, even from an empty one. So the keys are dropped, and added again, which checks them.
struct SuspendedRules: Sendable {
    struct ForeignKey: Sendable {
        var table: String
        var name: String
        var definition: String
        var comment: String?
    }

    struct Trigger: Sendable {
        var table: String
        var name: String
        /// `ENABLE TRIGGER`, `ENABLE REPLICA TRIGGER` or `ENABLE ALWAYS TRIGGER`.
        var enable: String
    }

    var keys: [ForeignKey] = []
    var triggers: [Trigger] = []
    /// The tables, ordered by the keys that stay in place; nil if none does.
    var order: [Manifest.Table]?
}

// The steps.
extension RestoreWork {
    /// Checks that the tables exist, and with `ifEmpty` that they are empty. Looks up their foreign keys and triggers.
    var survey: RestoreStep {
        RestoreStep(
            work: .once { session in
                let tables = selection.tablesWithRows
                try requireTables(tables, session)
                let order = try options.ifEmpty ? emptyTables(tables, session) : nil
                let rules = SuspendedRules(
                    keys: try order.map { try foreignKeys($0.unorderable, session) }
                        ?? foreignKeys(of: tables, session),
                    triggers: try userTriggers(of: tables, session),
                    order: order?.tables
                )
                record.update { $0.suspended = rules }
            }
        )
    }

    /// Switches foreign keys and triggers off, and empties the tables.
    var suspension: RestoreStep {
        RestoreStep(
            events: [.phase(options.ifEmpty ? "switching triggers off" : "emptying the tables")],
            work: .once { try suspend(&$0) }
        )
    }

    private func suspend(_ session: inout Session) throws {
        let rules = record.now.suspended
        for key in rules.keys {
            try session.execute("ALTER TABLE \(key.table) DROP CONSTRAINT IF EXISTS \(session.quoted(key.name))")
        }
        for trigger in rules.triggers {
            try session.execute("ALTER TABLE \(trigger.table) DISABLE TRIGGER \(session.quoted(trigger.name))")
        }
        let tables = selection.tablesWithRows
        if !tables.isEmpty, !options.ifEmpty { try session.execute("TRUNCATE TABLE \(only(tables, session))") }
        if selection.isWholeDatabase { try unlinkLargeObjects(session) }
        if let objects = selection.largeObjects { try LargeObjectLoad.create(objects.objects, session) }
    }

    var waivedChecks: RestoreStep {
        RestoreStep(
            work: .once { session in
                try restoreWaivedChecks(&session)
                try ownLargeObjects(&session)
            }
        )
    }

    /// Switches foreign keys and triggers on again, and updates what depends on the rows.
    var resumption: RestoreStep {
        RestoreStep(events: [.phase("adding foreign keys")], work: .once { try resume(&$0) })
    }

    private func resume(_ session: inout Session) throws {
        let rules = record.now.suspended
        let invalid = try addKeys(rules.keys, &session)
        record.update { $0.invalid += invalid }
        for trigger in rules.triggers {
            try session.execute("ALTER TABLE \(trigger.table) \(trigger.enable) \(session.quoted(trigger.name))")
        }
        try Sequences(selection.sequences, feeding: selection.tablesWithRows.map(\.tableName), own: .current)
            .follow(&session)
        try refreshViews(&session)
    }
}

// Checks of the existing tables.
extension RestoreWork {
    private func only(_ tables: [Manifest.Table], _ session: borrowing Session) -> String {
        tables.map { "ONLY " + session.quoted($0.tableName) }.joined(separator: ", ")
    }

    /// Locks the tables against writing, and checks that they are empty.
    ///
    /// - Throws: `RestoreError` with `.refused` naming those that hold rows.
    private func emptyTables(_ tables: [Manifest.Table], _ session: borrowing Session) throws -> LoadOrder {
        // Deferred checks would be pending when triggers are switched on again, which is an error.
        try session.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if !tables.isEmpty {
            try session.execute("LOCK TABLE \(only(tables, session)) IN SHARE ROW EXCLUSIVE MODE")
        }
        if let obstacle = try TableObstacles.rows(in: tables, session) {
            throw RestoreError(.refused, "nothing was changed, because \(obstacle.message)", hint: obstacle.hint)
        }
        return try LoadOrder.read(tables, session)
    }

    private func requireTables(_ tables: [Manifest.Table], _ session: borrowing Session) throws {
        let there = Set(try TableObstacles.there(tables, session).map(\.tableName))
        let missing = tables.map(\.tableName).filter { !there.contains($0) }
        guard missing.isEmpty else {
            throw RestoreError(
                .preflight,
                "nothing was changed, because the database lacks \(missing.map(\.description).joined(separator: ", "))",
                hint: "run the migrations first, or restore without --data-only"
            )
        }
    }
}

// Foreign keys and triggers.
extension RestoreWork {
    /// Foreign keys of these tables, and keys that refer to them. Keys of partitions belong to their parents' keys.
    private func foreignKeys(
        of tables: [Manifest.Table],
        _ session: borrowing Session
    ) throws -> [SuspendedRules.ForeignKey] {
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

    /// Foreign keys by their oids: the parents' keys for partitions.
    private func foreignKeys(_ oids: [UInt32], _ session: borrowing Session) throws -> [SuspendedRules.ForeignKey] {
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

    private func foreignKey(_ row: Rows.Row, _ session: borrowing Session) -> SuspendedRules.ForeignKey {
        SuspendedRules.ForeignKey(
            table: session.quoted(TableName(schema: row.text("nspname"), name: row.text("relname"))),
            name: row.text("conname"),
            definition: row.text("definition"),
            comment: row["comment"]
        )
    }

    private func userTriggers(
        of tables: [Manifest.Table],
        _ session: borrowing Session
    ) throws -> [SuspendedRules.Trigger] {
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
            return SuspendedRules.Trigger(
                table: session.quoted(TableName(schema: row.text("nspname"), name: row.text("relname"))),
                name: row.text("tgname"),
                enable: "ENABLE \(mode)TRIGGER"
            )
        }
    }

    /// Adds the keys again. This checks them, unless they were NOT VALID before.
    private func addKeys(_ keys: [SuspendedRules.ForeignKey], _ session: inout Session) throws -> [String] {
        try keys.compactMap { key in
            let invalid = try add(key, &session)
            if let comment = key.comment {
                try session.execute(
                    "COMMENT ON CONSTRAINT \(session.quoted(key.name)) ON \(key.table) IS \(session.literal(comment))"
                )
            }
            return invalid
        }
    }

    /// Returns the name of the key if it was left NOT VALID.
    private func add(_ key: SuspendedRules.ForeignKey, _ session: inout Session) throws -> String? {
        let addition = "ALTER TABLE \(key.table) ADD CONSTRAINT \(session.quoted(key.name)) \(key.definition)"
        do {
            try session.attempt { try $0.execute(addition) }
            return nil
        } catch let error as PostgresError where error.sqlState == "23503" {
            guard options.allowsInvalid else {
                throw RestoreError(
                    .statement,
                    "foreign key \(key.name) of \(key.table) does not hold: \(error)",
                    hint: "restore the table it points to as well, or use --allow-invalid"
                )
            }
            try session.execute(addition + " NOT VALID")
            return "\(key.table) \(key.name)"
        }
    }

    private func refreshViews(_ session: inout Session) throws {
        var statements = statements
        for item in selection.items where item.kind == "MATERIALIZED VIEW DATA" {
            guard let schema = item.schema else { continue }
            let view = TableName(schema: schema, name: item.name)
            guard try session.exists(view) else { continue }
            var item = item
            item.sql = "REFRESH MATERIALIZED VIEW \(session.quoted(view))"
            try statements.make(item, &session)
        }
    }

    private func regclasses(_ tables: [Manifest.Table], _ session: borrowing Session) -> String {
        QuotedText.array(tables.map { session.quoted($0.tableName) })
    }
}
