/// A process of the server that is connected to a database: a client, a walsender or a worker of an extension.
package struct Occupant: Sendable, CustomStringConvertible {
    package var process: Int
    package var database: String
    /// Its role; empty if it has none.
    package var user: String
    package var isSuperuser: Bool
    package var application: String
    /// PostgreSQL's word, such as `client backend`; nil if the current role may not see it.
    package var kind: String?

    package var description: String {
        let owner = user.isEmpty ? "" : " of \(user)"
        guard let kind, kind != "client backend" else {
            return "\(user)\(application.isEmpty ? "" : " in \(application)") (process \(process))"
        }
        return "the \(kind)\(owner) (process \(process))"
    }

    /// All processes of any kind that are connected to the given databases, except this session. Workers of autovacuum
    /// are excluded, because the server ends them itself before it renames or drops a database.
    ///
    /// - Throws: `PostgresError`.
    package static func others(on databases: [String], _ session: borrowing Session) throws -> [Occupant] {
        try session.query(
            """
            SELECT a.pid, a.datname, coalesce(a.usename, '') AS usename, coalesce(r.rolsuper, false) AS rolsuper,
                   coalesce(a.application_name, '') AS application, a.backend_type
            FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
            WHERE a.datname = ANY ($1::pg_catalog.text[]) AND a.pid <> pg_catalog.pg_backend_pid()
                AND coalesce(a.backend_type, CASE WHEN a.usesysid IS NULL THEN 'autovacuum worker' ELSE '' END)
                    <> 'autovacuum worker'
            ORDER BY a.backend_start, a.pid
            """,
            [QuotedText.array(databases)]
        ).map { row in
            Occupant(
                process: row.int("pid"),
                database: row.text("datname"),
                user: row.text("usename"),
                isSuperuser: row.bool("rolsuper"),
                application: row.text("application"),
                kind: row["backend_type"]
            )
        }
    }
}
