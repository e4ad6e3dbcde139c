package import Logging
package import PostgresClient

/// An old database that a swap has kept.
///
/// Its comment says so, in front of the comment that it had. A name such as `shop_before_20261123T071500Z` proves
/// nothing, because anybody may choose it. The mark holds the database's oid, which no copy and no restore has, and the
/// name under which it was kept: a database that was renamed, such as back to its old name, is in use again.
package struct KeptDatabase: Sendable, Equatable {
    package var name: String
    /// The name that it had before the swap.
    package var target: String
    /// The time of the swap, such as `20261123T071500Z`.
    package var time: String
    /// nil if the role may not see it.
    package var bytes: Int?
    private var oid: UInt32

    /// The databases that swaps of `target` have kept, the oldest first.
    ///
    /// - Parameter session: On any database of the server.
    package static func all(of target: String, _ session: borrowing Session) throws -> [KeptDatabase] {
        try all(session).filter { $0.target == target }
    }

    /// The databases that swaps of any target have kept, the oldest first.
    static func all(_ session: borrowing Session) throws -> [KeptDatabase] {
        try session.query(
            """
            SELECT d.datname, d.oid, pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
                CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
                    THEN pg_catalog.pg_database_size(d.oid) END AS bytes
            FROM pg_catalog.pg_database d
            WHERE pg_catalog.shobj_description(d.oid, 'pg_database') LIKE '%, kept by granary as %'
            """
        ).compactMap { row in
            let (name, oid) = (row.text("datname"), row.oid("oid"))
            guard let mark = KeptMark(row.text("comment")), mark.oid == oid, mark.name == name
            else { return nil }
            return KeptDatabase(
                name: name,
                target: mark.target,
                time: mark.time,
                bytes: row["bytes"].flatMap { Int($0) },
                oid: oid
            )
        }.sorted { ($0.time, $0.name) < ($1.time, $1.name) }
    }

    /// Drops it, if it is still the same database under the same name.
    ///
    /// - Parameters:
    ///   - force: Ends the sessions that are connected to it, and drops its subscriptions.
    ///   - server: Another database of the server.
    /// - Throws: `DatabaseError.inUse` or `.changed`, `PostgresError`, `CancellationError`.
    package func drop(force: Bool, _ server: ServerAddress, logger: Logger) async throws {
        try await withSession(server, logger: logger) { session in
            try session.pin()
            guard try Self.all(of: target, session).contains(where: { $0.oid == oid && $0.name == name }) else {
                throw DatabaseError(
                    .changed,
                    "\(name) was renamed or replaced in the meantime, so it was not dropped",
                    hint: "`granary restore --kept` lists the databases that restores have kept"
                )
            }
            guard !force else { return }
            do {
                try session.execute("DROP DATABASE \(session.quoted(name))")
            } catch let error as PostgresError where error.sqlState == "55006" {
                throw DatabaseError(
                    .inUse,
                    "\(name) was not dropped: \(error)",
                    hint: "let the sessions disconnect, or end them and drop its subscriptions with --force"
                )
            }
        }
        if force { try await NewDatabase.dropUnused(name, server, logger: logger) }
    }

    /// The statement that marks a database as kept, under its name since the swap.
    static func marking(
        _ properties: DatabaseProperties,
        as name: String,
        of target: String,
        time: String,
        _ session: borrowing Session
    ) -> String {
        let mark = KeptMark(target: target, time: time, name: name, oid: properties.oid)
        let text = mark.text(before: properties.comment.flatMap(KeptMark.original))
        return "COMMENT ON DATABASE \(session.quoted(name)) IS \(session.literal(text))"
    }

    /// Marks a database that a swap keeps, in the transaction of the swap. Without the mark it is kept all the same, so a
    /// refused comment must not undo the swap.
    static func mark(_ name: String, of target: String, time: String, _ session: borrowing Session) throws {
        guard let properties = try session.properties(ofDatabase: name) else { return }
        try session.execute("SAVEPOINT granary_mark")
        do {
            try session.execute(marking(properties, as: name, of: target, time: time, session))
        } catch let error as PostgresError where error.isOfStatement {
            session.logger.debug("\(name) is not marked as kept: \(error)")
            try session.execute("ROLLBACK TO SAVEPOINT granary_mark")
        }
        try session.execute("RELEASE SAVEPOINT granary_mark")
    }
}
