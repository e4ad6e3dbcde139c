internal import Archive
internal import PostgresClient

/// Obstacles to a restore in place: objects that the role may not drop, empty or fill.
struct InPlaceRights {
    let manifest: Manifest
    let options: RestoreOptions
    let selection: Selection
    let findings: Preflight.Findings

    /// - Parameter session: A session with the target.
    func obstacles(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        if options.dataOnly || options.rows != nil { return try ofRows(session) }
        guard options.tables.isEmpty, !findings.isSuperuser else { return [] }
        let doomed = try selection.doomedSchemas(manifest, options, session)
        let kept = try session.schemasToKeep(among: doomed, withExtensionsOfOthers: true)
        var others = try objects(ofOthersIn: Array(kept), session)
        if selection.isWholeDatabase { others += try databaseWide(session) }
        return ofOthers(others) + (try schemas(besides: doomed, kept, session))
    }

    private func ofOthers(_ objects: [String]) -> [Preflight.Obstacle] {
        guard !objects.isEmpty else { return [] }
        return [
            .init(
                message: "\(findings.user) may not drop \(objects.listed())",
                hint: "restore as their owner, or restore a schema that is yours with --schema"
            )
        ]
    }

    /// A role that does not own a schema can drop only its own objects in it.
    private func objects(ofOthersIn schemas: [String], _ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            SELECT i.identity FROM pg_catalog.pg_namespace n
            CROSS JOIN LATERAL (
                SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, oid, relowner AS owner FROM pg_catalog.pg_class
                WHERE relnamespace = n.oid AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proowner FROM pg_catalog.pg_proc WHERE pronamespace = n.oid
                UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typowner FROM pg_catalog.pg_type
                WHERE typnamespace = n.oid AND typtype IN ('d', 'e', 'r')) o
            CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.class, o.oid, 0) i
            WHERE n.nspname = ANY ($1::pg_catalog.text[]) AND NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE')
                AND NOT pg_catalog.pg_has_role(o.owner, 'USAGE')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
            ORDER BY 1
            """,
            [QuotedText.array(schemas)]
        ).map { $0.text("identity") }
    }

    private func databaseWide(_ session: borrowing Session) throws -> [String] {
        let items = selection.items
        func names(_ kind: String) -> String { QuotedText.array(items.filter { $0.kind == kind }.map(\.name)) }
        return try session.query(
            """
            SELECT 'event trigger ' || evtname AS title FROM pg_catalog.pg_event_trigger t
            WHERE NOT pg_catalog.pg_has_role(evtowner, 'USAGE')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')
            UNION ALL SELECT 'publication ' || pubname FROM pg_catalog.pg_publication
            WHERE pubname = ANY ($1::pg_catalog.text[]) AND NOT pg_catalog.pg_has_role(pubowner, 'USAGE')
            UNION ALL SELECT 'server ' || srvname FROM pg_catalog.pg_foreign_server
            WHERE srvname = ANY ($2::pg_catalog.text[]) AND NOT pg_catalog.pg_has_role(srvowner, 'USAGE')
            UNION ALL SELECT 'large object ' || oid FROM pg_catalog.pg_largeobject_metadata
            WHERE NOT pg_catalog.pg_has_role(lomowner, 'USAGE')
            ORDER BY 1
            """,
            [names("PUBLICATION"), names("SERVER")]
        ).map { $0.text("title") }
    }

    private func schemas(
        besides doomed: [String],
        _ kept: Set<String>,
        _ session: borrowing Session
    ) throws -> [Preflight.Obstacle] {
        let made = selection.items.filter { $0.kind == "SCHEMA" && !$0.sql.isEmpty }.map(\.name)
        let rights = try session.query(
            """
            SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS database,
                ARRAY(SELECT nspname::pg_catalog.text FROM pg_catalog.pg_namespace
                      WHERE nspname = ANY ($1::pg_catalog.text[]) AND NOT pg_catalog.has_schema_privilege(oid, 'CREATE')) AS closed
            """,
            [QuotedText.array(Array(kept))]
        )[0]
        var obstacles: [Preflight.Obstacle] = []
        let missing = Set(exactly: made).subtracting(Set(exactly: doomed)).map(\.text).sorted()
        if !missing.isEmpty, !rights.bool("database") {
            obstacles.append(
                .init(
                    message:
                        "\(findings.user) may not create the schema\(missing.count == 1 ? "" : "s") \(missing.listed())",
                    hint: "GRANT CREATE ON DATABASE to \(findings.user), or restore other schemas with --schema"
                )
            )
        }
        let closed = rights.texts("closed").filter { schema in selection.items.contains { $0.schema == schema } }
        if !closed.isEmpty {
            obstacles.append(
                .init(
                    message: "\(findings.user) may not create in \(closed.listed())",
                    hint: "restore as the owner, or restore other schemas with --schema"
                )
            )
        }
        return obstacles
    }
}

// Only rows are loaded, into existing tables.
extension InPlaceRights {
    private func ofRows(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        let tables = selection.leavingOutExtensions.tablesWithRows
        let there = Set(try TableObstacles.there(tables, session).map(\.tableName))
        let missing = tables.map(\.tableName).filter { !there.contains($0) }
        var obstacles: [Preflight.Obstacle] = []
        if !missing.isEmpty, options.dataOnly || missing.count < tables.count {
            obstacles.append(
                .init(
                    message: "the database lacks \(missing.map(\.description).listed())",
                    hint: "run the migrations first, or restore without --data-only"
                )
            )
        }
        for table in tables where there.contains(table.tableName) {
            obstacles += try ofTable(table, session)
        }
        return obstacles
    }

    private func ofTable(_ table: Manifest.Table, _ session: borrowing Session) throws -> [Preflight.Obstacle] {
        let row = try session.query(
            """
            SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_ours,
                ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2
            """,
            [table.schema, table.name]
        )[0]
        var obstacles: [Preflight.Obstacle] = []
        let columns = Set(exactly: row.texts("columns"))
        let missing = table.columns.map(\.name).filter { !columns.contains($0) }
        if !missing.isEmpty {
            obstacles.append(
                .init(
                    message: "\(table.tableName) has no column\(missing.count == 1 ? "" : "s") \(missing.listed())",
                    hint: "migrate the target to the version of the backup first, or restore the tables with their rows"
                )
            )
        }
        if options.rows == .missing, table.primaryKey.isEmpty {
            obstacles.append(
                .init(
                    message: "\(table.tableName) has no primary key to tell rows by",
                    hint: "use --rows replace, or restore it beside with --table \(table.name)=OTHER"
                )
            )
        }
        if options.rows != .missing, !row.bool("is_ours") {
            obstacles.append(
                .init(
                    message: "\(table.tableName) is another role's, and \(findings.user) may not empty it",
                    hint: "restore as its owner"
                )
            )
        }
        return obstacles
    }
}
