internal import Archive
internal import PostgresClient

/// Existing objects in the target of a restore in place; empty for a new database.
struct Ground: Sendable {
    /// Existing extensions, schemas and languages, as `KIND name`. They stay unchanged.
    private var existing: Set<ExactText> = []
    /// Schemas that were emptied and still belong to another role, which decides about their comment and privileges.
    private var others: Set<ExactText> = []
    private(set) var defaults: DefaultPrivileges?

    init() {}

    init(_ session: borrowing Session, isWholeDatabase: Bool) throws {
        defaults = try DefaultPrivileges(session, ofEveryRole: isWholeDatabase)
        let objects = try session.query(
            """
            SELECT 'EXTENSION ' || extname AS name FROM pg_catalog.pg_extension
            UNION ALL SELECT 'SCHEMA ' || nspname FROM pg_catalog.pg_namespace
            UNION ALL SELECT 'PROCEDURAL LANGUAGE ' || lanname FROM pg_catalog.pg_language
            """
        )
        existing = Set(exactly: objects.map { $0.text("name") })
        let schemas = try session.query(
            "SELECT nspname FROM pg_catalog.pg_namespace WHERE NOT pg_catalog.pg_has_role(nspowner, 'USAGE')"
        )
        others = Set(exactly: schemas.map { $0.text("nspname") })
    }

    func has(schema: String) -> Bool { existing.contains("SCHEMA \(schema)") }

    /// Whether the item will be created.
    func lacks(_ item: Manifest.SchemaItem) -> Bool {
        !item.isAbout(others) && (!existing.contains("\(item.kind) \(item.name)") || item.isPublicSchema)
    }

    /// Whether the item is not about a schema that belongs to another role.
    func isOurs(_ item: Manifest.SchemaItem) -> Bool { !item.isAbout(others) }
}

extension RestoreWork {
    /// Creates what must exist before the rows.
    var schema: RestoreStep {
        RestoreStep(events: [.phase("making the schema")], work: .once { try makeSchema(&$0) })
    }

    private func makeSchema(_ session: inout Session) throws {
        let ground = try isInPlace ? Ground(session, isWholeDatabase: selection.isWholeDatabase) : Ground()
        record.update { $0.ground = ground }
        try ground.defaults?.reset(session)
        if !isInPlace, selection.isWholeDatabase, !manifest.schemas.contains("public") {
            try session.execute("DROP SCHEMA public")
        }
        for schema in selection.placesWithoutItem where !ground.has(schema: schema) {
            try session.execute("CREATE SCHEMA IF NOT EXISTS \(session.quoted(schema))")
        }
        try makePreData(plan.preData.filter(ground.lacks), &session)
        if let objects = selection.largeObjects { try LargeObjectLoad.create(objects.objects, session) }
    }

    /// In a new database, in transactions of some hundred items, because each item takes locks and the lock table is
    /// limited.
    private func makePreData(_ items: [Manifest.SchemaItem], _ session: inout Session) throws {
        var statements = statements
        for start in stride(from: 0, to: items.count, by: 200) {
            let end = min(start + 200, items.count)
            if !isInPlace { try session.execute("BEGIN") }
            for item in items[start..<end] { try statements.make(item, &session) }
            if !isInPlace {
                try session.execute("COMMIT")
                progress(.made(object: "schema", number: end, of: items.count))
            }
        }
    }
}

extension Manifest.SchemaItem {
    /// Sets the owner of a schema that initdb created. The item has no statement that creates it.
    fileprivate var isPublicSchema: Bool { kind == "SCHEMA" && name == "public" && !sql.contains("CREATE SCHEMA") }
}
