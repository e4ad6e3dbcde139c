internal import Logging
package import PostgresClient

/// An old database that a swap has kept.
///
/// Its comment says so, in front of the comment that it had. A name such as `shop_before_20261123T071500Z` proves
/// nothing, because anybody may choose it. The comment holds the database's oid, which no copy and no restore has.
package struct KeptDatabase: Sendable, Equatable {
    package var name: String
    /// The name that it had before the swap.
    package var target: String
    /// The time of the swap, such as `20261123T071500Z`.
    package var time: String
    /// nil if the role may not see it.
    package var bytes: Int?

    /// The databases that swaps of `target` have kept, the oldest first.
    ///
    /// - Parameter session: On any database of the server.
    package static func all(of target: String, _ session: borrowing Session) throws -> [KeptDatabase] {
        try session.query(
            """
            SELECT d.datname, d.oid, pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
                CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
                    THEN pg_catalog.pg_database_size(d.oid) END AS bytes
            FROM pg_catalog.pg_database d
            WHERE pg_catalog.shobj_description(d.oid, 'pg_database') LIKE '%, kept by granary (database %'
            """
        ).compactMap { row in
            guard let mark = Mark(row.text("comment")), mark.oid == row.oid("oid"), mark.target == target else {
                return nil
            }
            return KeptDatabase(
                name: row.text("datname"),
                target: target,
                time: mark.time,
                bytes: row["bytes"].flatMap { Int($0) }
            )
        }.sorted { ($0.time, $0.name) < ($1.time, $1.name) }
    }

    /// - Parameters: - force: Ends the sessions that are connected to it. - session: On another database of the server.
    /// - Throws: `DatabaseError.inUse`, `PostgresError`.
    package func drop(force: Bool, _ session: borrowing Session) throws {
        guard !force else { return try NewDatabase.drop(name, session) }
        do {
            try session.execute("DROP DATABASE \(session.quoted(name))")
        } catch let error as PostgresError where error.sqlState == "55006" {
            throw DatabaseError(
                .inUse,
                "\(name) is in use, so it was not dropped",
                hint: "let the sessions disconnect, or end them with --force"
            )
        }
    }

    /// Marks a database that a swap keeps, in the transaction of the swap. Without the mark it is kept all the same, so a
    /// refused comment must not undo the swap.
    static func mark(_ name: String, of target: String, time: String, _ session: borrowing Session) throws {
        guard let properties = try session.properties(ofDatabase: name) else { return }
        let mark = Mark(target: target, time: time, oid: properties.oid)
        let text = mark.text(before: properties.comment.flatMap(original))
        try session.execute("SAVEPOINT granary_mark")
        do {
            try session.execute("COMMENT ON DATABASE \(session.quoted(name)) IS \(session.literal(text))")
        } catch let error as PostgresError where error.isOfStatement {
            session.logger.debug("\(name) is not marked as kept: \(error)")
            try session.execute("ROLLBACK TO SAVEPOINT granary_mark")
        }
        try session.execute("RELEASE SAVEPOINT granary_mark")
    }

    /// The comment without a mark; nil if nothing is left.
    static func original(_ comment: String) -> String? {
        guard let mark = Mark(comment) else { return comment }
        return mark.rest
    }

    /// `shop before the restore of 20261123T071500Z, kept by granary (database 16403)`
    private struct Mark {
        var target: String
        var time: String
        var oid: UInt32
        /// The comment that was there before.
        var rest: String?

        init(target: String, time: String, oid: UInt32) {
            (self.target, self.time, self.oid) = (target, time, oid)
        }

        init?(_ comment: String) {
            // The name of a database may contain line breaks.
            let form =
                #/(?s)(.{1,63}?) before the restore of ([0-9]{8}T[0-9]{6}Z), kept by granary \(database ([0-9]{1,10})\)(?:\n(.*))?/#
            guard let match = comment.wholeMatch(of: form), let oid = UInt32(match.3) else { return nil }
            (target, time, self.oid) = (String(match.1), String(match.2), oid)
            rest = match.4.map(String.init)
        }

        func text(before rest: String?) -> String {
            let text = "\(target) before the restore of \(time), kept by granary (database \(oid))"
            return rest.map { "\(text)\n\($0)" } ?? text
        }
    }
}
