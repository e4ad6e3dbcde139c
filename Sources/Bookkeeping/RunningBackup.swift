package import PostgresClient

/// A backup of the current database that runs now: of granary, which holds a lock of `BackupLock`, or of pg_dump.
package struct RunningBackup: Sendable, Equatable {
    /// The server process of its first session.
    package var process: Int
    /// When the session began, such as `2026-11-23T07:15:00Z`; nil if the role may not see it.
    package var since: String?
    /// `process 4711 (granary of alice from 10.0.0.7)`
    package var who: String
    /// The tables that it reads, and that were asked for.
    package var tables: [TableName] = []
    /// The second half of the key of its lock; nil for pg_dump.
    let place: UInt32?

    /// All backups that other sessions make, the oldest first. Every role sees them.
    ///
    /// - Throws: `PostgresError`.
    package static func all(_ session: borrowing Session) throws -> [RunningBackup] {
        try session.query(
            """
            SELECT a.pid, held.place, \(SessionDescription.origin) AS who,
                pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
            FROM pg_catalog.pg_stat_activity a
            JOIN (SELECT l.pid, l.objid AS place FROM pg_catalog.pg_locks l
                  WHERE \(AdvisoryKey.isHeld(group: "$1")) AND \(AdvisoryKey.isHere)
                  UNION ALL
                  SELECT d.pid, NULL FROM pg_catalog.pg_stat_activity d
                  WHERE d.datname = pg_catalog.current_database() AND d.application_name = 'pg_dump') AS held ON held.pid = a.pid
            WHERE a.pid <> pg_catalog.pg_backend_pid()
            ORDER BY a.backend_start, a.pid
            """,
            [String(AdvisoryKey.backups)]
        ).map { row in
            RunningBackup(
                process: row.int("pid"),
                since: row["since"],
                who: row.text("who"),
                place: row["place"].flatMap { UInt32($0) }
            )
        }
    }

    /// The same, each with those of the tables that it has locked for reading. It needs no rights: what the role may not
    /// see is left out. A file of migrations may become another role, which may use other schemas.
    ///
    /// - Parameter names: The tables, in SQL syntax, under the search path that psql would have.
    /// - Throws: `PostgresError`.
    package static func all(reading names: [String], _ session: borrowing Session) throws -> [RunningBackup] {
        guard let running = try ifAllowed({ try all(session) }) else { return [] }
        guard !running.isEmpty, !names.isEmpty,
            let relations = try ifAllowed({ try session.relations(named: names) })
        else { return running }
        let held = try session.query(
            """
            SELECT DISTINCT l.pid, n.nspname, c.relname
            FROM pg_catalog.pg_locks l
            JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE l.locktype = 'relation' AND l.granted AND \(AdvisoryKey.isHere) AND c.relkind IN ('r', 'p', 'm')
                AND l.pid = ANY ($1::pg_catalog.int4[]) AND l.relation = ANY ($2::pg_catalog.oid[])
            ORDER BY n.nspname, c.relname
            """,
            [QuotedText.array(running.map { String($0.process) }), QuotedText.array(relations.map { String($0) })]
        )
        return running.map { backup in
            var backup = backup
            backup.tables = held.filter { $0.int("pid") == backup.process }
                .map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
            return backup
        }
    }

    /// - Returns: nil if the role lacks a right.
    private static func ifAllowed<R>(_ body: () throws -> R) throws -> R? {
        do {
            return try body()
        } catch let error as PostgresError where error.sqlState == "42501" {
            return nil
        }
    }
}
