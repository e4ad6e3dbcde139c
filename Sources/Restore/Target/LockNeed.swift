internal import Archive
internal import PostgresClient

/// The number of locks that a restore in place needs: one for every object, until the transaction ends.
struct LockNeed {
    let manifest: Manifest
    let selection: Selection
    let options: RestoreOptions

    /// - Parameter session: A session with the target.
    func obstacle(_ session: borrowing Session) throws -> Preflight.Obstacle? {
        let objects = options.dataOnly ? selection.tables.count : selection.items.count
        let largeObjects = try lockedLargeObjects(session)
        let needed = try objects + droppedRelations(session) + largeObjects
        let room = try session.lockRoom().total
        guard needed > room else { return nil }
        let among = largeObjects > 0 ? " (\(largeObjects) for large objects)" : ""
        return Preflight.Obstacle(
            message: "one transaction would need \(needed) locks or more\(among), and the server has room for \(room)",
            hint: "raise max_locks_per_transaction, or restore into a new database without --in-place"
        )
    }

    /// Tables, indexes and sequences of the schemas to restore.
    private func droppedRelations(_ session: borrowing Session) throws -> Int {
        guard !options.dataOnly, options.tables.isEmpty else { return 0 }
        var condition = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg!_%' ESCAPE '!'"
        if !selection.isWholeDatabase {
            let schemas = options.schemas.isEmpty ? manifest.scope.schemas : options.schemas
            guard !schemas.isEmpty else { return 0 }
            condition = "n.nspname IN (\(schemas.map { session.literal($0) }.joined(separator: ", ")))"
        }
        return try session.query(
            """
            SELECT pg_catalog.count(*) AS there FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE \(condition)
            """
        )[0].int("there")
    }

    /// Existing large objects are unlinked; those of the archive are locked when they get their owner or comment.
    private func lockedLargeObjects(_ session: borrowing Session) throws -> Int {
        guard selection.isWholeDatabase else { return 0 }
        var oids = Set(
            try session.query("SELECT oid::bigint AS oid FROM pg_catalog.pg_largeobject_metadata").map { $0.int("oid") }
        )
        for object in selection.largeObjects?.objects ?? [] where !options.noOwner || object.comment != nil {
            oids.insert(Int(object.oid))
        }
        return oids.count
    }
}
