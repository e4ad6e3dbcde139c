internal import Archive
internal import PostgresClient

// Drops or empties what will be restored.
extension RestoreWork {
    /// Drops or empties the schemas that will be restored, after a check that nothing else is dropped with them.
    var clearing: RestoreStep { RestoreStep(work: .once { try clear(&$0) }) }

    private func clear(_ session: inout Session) throws {
        if !selection.isWholeDatabase {
            // The rest of the database stays, and may contain numbers that these sequences have produced.
            let positions = try Sequences.positions(session)
            record.update { $0.own = .before(positions) }
        }
        let schemas = try selection.doomedSchemas(manifest, options, session)
        // The whole database is restored, so no object is outside the schemas.
        let kept = try session.schemasToKeep(among: schemas, withExtensionsOfOthers: true)
        if !selection.isWholeDatabase {
            try Dependents(of: schemas, kept: kept, selection, session).requireNoLoss()
        }
        progress(.phase("dropping what comes back"))
        if selection.isWholeDatabase { try dropEventTriggers(session) }
        try drop(schemas, kept, &session)
        try makePublicSchema(session)
        guard selection.isWholeDatabase else { return }
        try unlinkLargeObjects(session)
        for item in selection.items.reversed() where Self.databaseWide.contains(item.kind) {
            if let drop = item.dropSQL { try session.execute(Self.ifExists(drop)) }
        }
        try deleteExtensionRows(session)
    }

    func unlinkLargeObjects(_ session: borrowing Session) throws {
        try session.query("SELECT pg_catalog.count(pg_catalog.lo_unlink(oid)) FROM pg_catalog.pg_largeobject_metadata")
    }

    /// Kinds of items that are in no schema, so that they are dropped one by one.
    private static let databaseWide: Set<String> = [
        "PUBLICATION", "EVENT TRIGGER", "SERVER", "FOREIGN DATA WRAPPER", "CAST", "USER MAPPING", "TRANSFORM",
        "ACCESS METHOD",
    ]

    /// A schema that the role may not create again is emptied instead of dropped.
    private func drop(_ schemas: [String], _ kept: Set<String>, _ session: inout Session) throws {
        for schema in schemas {
            do {
                if kept.contains(schema) {
                    try session.empty(schema: schema)
                } else {
                    try session.execute("DROP SCHEMA \(session.quoted(schema)) CASCADE")
                }
            } catch let error as PostgresError where error.sqlState == "42501" {
                throw RestoreError(
                    .preflight,
                    "nothing was changed, because \(session.user) may not replace the schema \(schema): \(error.message)",
                    hint: "--schema NAME restores only a schema that is yours; or restore as the owner of \(schema)"
                )
            }
        }
    }

    private static func ifExists(_ drop: String) -> String {
        for word in databaseWide where drop.hasPrefix("DROP \(word) ") {
            return "DROP \(word) IF EXISTS" + drop.dropFirst("DROP \(word)".count)
        }
        return drop
    }

    /// Event triggers would react to the restore, and could even prevent it.
    private func dropEventTriggers(_ session: borrowing Session) throws {
        let triggers = try session.query(
            """
            SELECT evtname FROM pg_catalog.pg_event_trigger t
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                              WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')
            """
        )
        for trigger in triggers {
            try session.execute("DROP EVENT TRIGGER \(session.quoted(trigger.text("evtname"))) CASCADE")
        }
    }

    /// initdb created the schema `public`, so no archive has a statement for it. It is created as initdb does.
    private func makePublicSchema(_ session: borrowing Session) throws {
        let isWanted =
            selection.isWholeDatabase ? manifest.schemas.contains("public") : options.schemas.contains("public")
        guard isWanted || manifest.scope.schemas.contains("public"),
            try session.query("SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public'").isEmpty
        else { return }
        let owner = session.serverVersion >= 150_000 ? " AUTHORIZATION pg_database_owner" : ""
        let create = session.serverVersion >= 150_000 ? "" : "GRANT CREATE ON SCHEMA public TO PUBLIC;"
        try session.execute(
            """
            CREATE SCHEMA public\(owner); GRANT USAGE ON SCHEMA public TO PUBLIC; \(create)
            COMMENT ON SCHEMA public IS 'standard public schema'
            """
        )
    }

    /// Extensions in other schemas stay, and keep their rows, which the archive also contains.
    private func deleteExtensionRows(_ session: borrowing Session) throws {
        let kept = try session.query(
            """
            SELECT n.nspname, c.relname, coalesce(u.condition, '') AS condition
            FROM pg_catalog.pg_extension e, ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) AS u (config, condition)
            JOIN pg_catalog.pg_class c ON c.oid = u.config AND c.relkind IN ('r', 'p')
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            """
        )
        let wanted = Set(selection.tablesWithRows.filter { $0.extensionName != nil }.map(\.tableName))
        for row in kept {
            let table = TableName(schema: row.text("nspname"), name: row.text("relname"))
            guard wanted.contains(table) else { continue }
            try session.execute("DELETE FROM ONLY \(session.quoted(table)) \(row.text("condition"))")
        }
    }
}
