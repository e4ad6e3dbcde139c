internal import Archive
internal import PostgresClient

/// The objects of a database that can be backed up, from the catalog, read in one transaction.
struct BackupCatalog: Sendable {
    var tables: [TableEntry]
    var sequences: [SequenceEntry]
    /// The selected part of the database; nil for the whole database.
    var part: DatabasePart?
    /// The objects that the user excluded.
    var exclusion: Exclusion?
    /// The requested schemas and tables, as the catalog names them.
    var scope: CatalogScope
    /// The same as the options named them.
    var requested: Manifest.Scope.Requested
}

extension BackupCatalog {
    /// Reads the catalog, and checks that all selected objects exist.
    ///
    /// - Throws: `BackupError.selection`, naming what does not exist.
    static func read(_ session: borrowing Session, _ scope: CatalogScope) throws -> BackupCatalog {
        let everything = try tables(session)
        let sequences = try sequences(session)
        let requested = scope.requested(everything)
        var scope = scope
        let there = try schemas(session)
        scope.schemas = try scope.schemas.flatMap { try CatalogScope.match(schema: $0, there) }.uniqued()
        let exclusion = try Exclusion.read(&scope, everything, schemas: there, session)
        let kept = everything.filter { exclusion?.keeps($0) ?? true }
        guard !scope.isWholeDatabase else {
            return BackupCatalog(
                tables: kept,
                sequences: sequences.filter { exclusion?.keeps($0) ?? true },
                exclusion: exclusion,
                scope: scope,
                requested: requested
            )
        }
        // The configuration of an extension belongs to the database, not to the schema that contains it.
        let tables = kept.filter { $0.extensionName == nil }
        let named = try scope.tables.flatMap { try CatalogScope.match($0, in: tables) }
        scope.tables = named.map(\.table.spelling).uniqued()
        scope.schemas.removeAll { exclusion?.schemas.contains($0) ?? false }
        guard !scope.isWholeDatabase else {
            throw BackupError(.selection, "every selected object is excluded", hint: "drop one of the two options")
        }
        var part = try DatabasePart.read(scope, tables: Set(named.map(\.oid)), session)
        if let exclusion { part.leaveOut(exclusion) }
        let selected = tables.filter { part.relations.contains($0.oid) }
        return BackupCatalog(
            tables: selected,
            sequences: select(scope, from: sequences, of: selected).filter { exclusion?.keeps($0) ?? true },
            part: part,
            exclusion: exclusion,
            scope: scope,
            requested: requested
        )
    }

    /// Ordinary and partitioned tables outside the system's schemas; of extensions, only configuration tables.
    private static func tables(_ session: borrowing Session) throws -> [TableEntry] {
        try session.query(
            """
            SELECT c.oid, n.nspname, c.relname, c.relkind = 'p' AS partitioned, c.relpersistence = 'u' AS unlogged,
                   am.amname = 'heap' AS heap, c.relfilenode,
                   p.schemas AS parent_schemas, p.names AS parent_names,
                   coalesce(pg_catalog.pg_relation_filenode(c.oid), 0) AS current_filenode,
                   x.extname, x.condition
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
            LEFT JOIN pg_catalog.pg_depend d
                ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
            LEFT JOIN (
                SELECT e.extname, u.config, u.condition
                FROM pg_catalog.pg_extension e, ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) AS u (config, condition)
            ) x ON x.config = c.oid
            LEFT JOIN (
                SELECT i.inhrelid, pg_catalog.array_agg(pn.nspname ORDER BY i.inhseqno) AS schemas,
                       pg_catalog.array_agg(pc.relname ORDER BY i.inhseqno) AS names
                FROM pg_catalog.pg_inherits i
                JOIN pg_catalog.pg_class pc ON pc.oid = i.inhparent
                JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
                GROUP BY i.inhrelid
            ) p ON p.inhrelid = c.oid
            WHERE c.relkind IN ('r', 'p') AND c.relpersistence IN ('p', 'u')
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND (d.objid IS NULL OR x.extname IS NOT NULL)
            ORDER BY n.nspname, c.relname
            """
        ).map { row in
            TableEntry(
                oid: row.oid("oid"),
                table: TableName(schema: row.text("nspname"), name: row.text("relname")),
                isPartitioned: row.bool("partitioned"),
                isUnlogged: row.bool("unlogged"),
                parents: zip(row.texts("parent_schemas"), row.texts("parent_names")).map(TableName.init),
                isHeap: row.bool("heap"),
                fileNode: row.oid("relfilenode"),
                currentFileNode: row.oid("current_filenode"),
                extensionName: row["extname"],
                condition: row["condition"].flatMap { $0.isEmpty ? nil : $0 }
            )
        }
    }

    private static func sequences(_ session: borrowing Session) throws -> [SequenceEntry] {
        try session.query(
            """
            SELECT c.oid, n.nspname, c.relname, coalesce(o.refobjid, 0) AS owner,
                c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery() AS closed
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_depend d
                ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
            LEFT JOIN pg_catalog.pg_depend o
                ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = c.oid AND o.deptype IN ('a', 'i')
                AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refobjsubid > 0
            WHERE c.relkind = 'S' AND c.relpersistence IN ('p', 'u')
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND (d.objid IS NULL
                     OR EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE c.oid = ANY (e.extconfig)))
            ORDER BY n.nspname, c.relname
            """
        ).map {
            SequenceEntry(
                oid: $0.oid("oid"),
                name: TableName(schema: $0.text("nspname"), name: $0.text("relname")),
                ownerTable: $0.oid("owner"),
                isClosed: $0.bool("closed")
            )
        }
    }
}

// The selected tables.
extension BackupCatalog {
    /// The tables that `selections` name, with their partitions.
    static func oids(
        of selections: [String],
        in tables: [TableEntry],
        _ session: borrowing Session
    ) throws -> Set<UInt32> {
        var oids: Set<UInt32> = []
        for found in try selections.flatMap({ try CatalogScope.match($0, in: tables) }) {
            oids.insert(found.oid)
            if found.isPartitioned { oids.formUnion(try partitions(of: found, session)) }
        }
        return oids
    }

    private static func select(
        _ scope: CatalogScope,
        from sequences: [SequenceEntry],
        of tables: [TableEntry]
    ) -> [SequenceEntry] {
        let owners = Set(tables.map(\.oid))
        let schemas = Set(exactly: scope.schemas)
        return sequences.filter { schemas.contains($0.name.schema) || owners.contains($0.ownerTable) }
    }

    private static func schemas(_ session: borrowing Session) throws -> [String] {
        try session.query(
            "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' ORDER BY nspname"
        ).map { $0.text("nspname") }
    }

    private static func partitions(of parent: TableEntry, _ session: borrowing Session) throws -> [UInt32] {
        try session.query(
            "SELECT relid::pg_catalog.oid AS oid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass)",
            [String(parent.oid)]
        )
        .map { $0.oid("oid") }
    }
}

extension [String] {
    /// The distinct elements, compared byte by byte, in the order of their first occurrence.
    func uniqued() -> [String] {
        var seen: Set<ExactText> = []
        return filter { seen.insert(ExactText($0)).inserted }
    }
}
