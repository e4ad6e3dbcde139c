package import PostgresClient

/// A database of a server, and whether people work in it.
package struct ListedDatabase: Sendable, Equatable {
    package var name: String
    /// Why a backup of all databases leaves it out; nil if it does not.
    package var reason: String?

    package init(name: String, reason: String? = nil) { (self.name, self.reason) = (name, reason) }

    /// All databases of the server, by name. Every role may see them.
    ///
    /// - Throws: `PostgresError`.
    package static func all(_ session: borrowing Session) throws -> [ListedDatabase] {
        let kept = try KeptDatabase.all(session)
        return try session.query(
            """
            SELECT d.datname, d.datistemplate, d.datallowconn, d.datconnlimit = -2 AS is_broken,
                pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
            FROM pg_catalog.pg_database d ORDER BY d.datname
            """
        ).map { row in
            let name = row.text("datname")
            let target = kept.first { $0.name == name }?.target
            return ListedDatabase(name: name, reason: reason(row) ?? reason(name, keptFor: target, row["comment"]))
        }
    }

    /// For a database that cannot be backed up.
    private static func reason(_ row: Rows.Row) -> String? {
        if row.bool("is_broken") { return "an interrupted DROP DATABASE left it" }
        if row.bool("datistemplate") { return "a template" }
        return row.bool("datallowconn") ? nil : "it accepts no connections"
    }

    /// For a database that granary made for itself.
    private static func reason(_ name: String, keptFor target: String?, _ comment: String?) -> String? {
        if let target { return "an old state of \(target), kept by a restore" }
        if SessionMark.replacement.isIn(name) { return "an unfinished restore" }
        if SessionMark.scratch.isIn(name) { return "a scratch database of granary" }
        if SessionMark.drill.isIn(name) { return "a drill of granary" }
        // The name alone proves nothing, because anybody may choose it.
        let isOfSnapshot = name.contains(/_snapshot_[0-9a-f]+$/) && comment.map(isOfGranary) == true
        return isOfSnapshot ? "a snapshot of granary" : nil
    }

    /// Whether a comment is a JSON object of granary.
    private static func isOfGranary(_ comment: String) -> Bool {
        comment.hasPrefix("{") && comment.hasSuffix("}") && comment.contains("\"granary\"")
    }
}
