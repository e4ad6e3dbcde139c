internal import Archive
internal import PostgresClient

/// Objects outside some schemas that `DROP SCHEMA … CASCADE` would drop too.
struct Dependents: Sendable {
    /// The schemas that are dropped or emptied.
    let schemas: [String]
    /// Tables and sequences that the restore creates again, such as partitions in other schemas.
    var returning: [FallingObject] = []
    /// All other objects.
    var lost: [FallingObject] = []

    /// - Parameter kept: The schemas among `schemas` that are emptied, not dropped.
    init(of schemas: [String], kept: Set<String>, _ selection: Selection, _ session: borrowing Session) throws {
        self.schemas = schemas
        let made = Set(
            selection.items.filter { ["TABLE", "FOREIGN TABLE", "SEQUENCE"].contains($0.kind) }
                .map { TableName(schema: $0.schema ?? "", name: $0.name) }
        )
        for object in try session.objects(thatFallWith: schemas, extensionsStay: kept.isSuperset(of: schemas)) {
            if object.relation.map(made.contains) == true { returning.append(object) } else { lost.append(object) }
        }
    }

    /// nil if everything that would be dropped is restored.
    var obstacle: Preflight.Obstacle? {
        guard !lost.isEmpty else { return nil }
        return Preflight.Obstacle(
            message:
                "replacing \(schemas.joined(separator: ", ")) would drop objects in other schemas that depend on it: \(lost.map(\.title).listed())",
            hint: "restore those schemas together (--schema for each), or drop these objects first"
        )
    }

    /// - Throws: `RestoreError.preflight` naming what would be lost.
    func requireNoLoss() throws {
        if let failure = Preflight.failure([obstacle].compactMap(\.self)) { throw failure }
    }
}

extension Selection {
    /// The schemas of the target that are dropped or emptied.
    func doomedSchemas(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ session: borrowing Session
    ) throws -> [String] {
        let there = try session.query(
            """
            SELECT nspname FROM pg_catalog.pg_namespace n
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e')
            ORDER BY nspname
            """
        ).map { $0.text("nspname") }
        if isWholeDatabase { return there }
        let wanted = Set(exactly: options.schemas.isEmpty ? manifest.scope.schemas : options.schemas)
        guard !wanted.isEmpty else {
            throw RestoreError(
                .selection,
                "the archive holds single tables",
                hint: "name those to restore with --table"
            )
        }
        return there.filter { wanted.contains($0) }
    }
}
