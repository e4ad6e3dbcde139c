internal import Archive
internal import PostgresClient

// Making room for what comes back.
extension RestoreWork {
    /// Drops or empties the schemas that come back, after a check that this takes nothing else along.
    var clearing: RestoreStep { RestoreStep(work: .once { try clear(&$0) }) }

    private func clear(_ session: inout Session) throws {
        if !selection.isWholeDatabase {
            // A part leaves the rest alone, which may hold numbers that these sequences have handed out.
            let positions = try Sequences.positions(session)
            record.update { $0.own = .before(positions) }
        }
        let schemas = try selection.doomedSchemas(manifest, options, session)
        // Of a whole database everything comes back, so nothing lies outside.
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

    /// Kinds of items that lie in no schema and are dropped one by one.
    private static let databaseWide: Set<String> = [
        "PUBLICATION", "EVENT TRIGGER", "SERVER", "FOREIGN DATA WRAPPER", "CAST", "USER MAPPING", "TRANSFORM",
        "ACCESS METHOD",
    ]

    /// A schema that the role may not make anew is emptied.
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

    /// They would act on what we do, and forbid it for all we know.
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

    /// initdb made the schema `public`, so no archive has a statement that makes it; it is made as initdb does.
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

    /// Extensions that lie in schemas of their own stay, and so would the rows that the archive brings once more.
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
