/// The number of additional sessions that the server, the database and the role allow.
package struct SessionRoom: Sendable, Equatable {
    /// nil if it is unknown.
    package let free: Int?
    /// The reason for the limit, such as `the server's max_connections`.
    private let limit: String

    /// An unknown limit.
    package init() { (free, limit) = (nil, "") }

    init(free: Int, limit: String) { (self.free, self.limit) = (free, limit) }

    /// Counts the session that asks as free, because it ends before others begin.
    ///
    /// - Throws: `PostgresError`.
    package init(_ session: borrowing Session) throws {
        let row = try session.query(
            """
            SELECT r.rolname AS role, d.datname AS database,
                   pg_catalog.current_setting('max_connections')::pg_catalog.int4
                   - CASE WHEN r.rolsuper THEN 0 ELSE
                       pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4
                       + coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::pg_catalog.int4 END
                   - a.everyone AS server_room,
                   CASE WHEN r.rolconnlimit >= 0 AND NOT r.rolsuper THEN r.rolconnlimit - a.role END AS role_room,
                   CASE WHEN d.datconnlimit >= 0 AND NOT r.rolsuper THEN d.datconnlimit - a.database END AS database_room
            FROM pg_catalog.pg_roles r, pg_catalog.pg_database d, (
                SELECT pg_catalog.count(*) AS everyone,
                       pg_catalog.count(*) FILTER (WHERE s.usename = session_user) AS role,
                       pg_catalog.count(*) FILTER (WHERE s.datname = pg_catalog.current_database()) AS database
                -- Of other roles' processes only these columns are shown; those without a database serve no client.
                FROM pg_catalog.pg_stat_activity s WHERE s.datid IS NOT NULL
            ) a
            WHERE r.rolname = session_user AND d.datname = pg_catalog.current_database()
            """
        )[0]
        let limits = [
            ("server_room", "the server's max_connections"),
            ("role_room", "the CONNECTION LIMIT of \(row.text("role"))"),
            ("database_room", "the CONNECTION LIMIT of the database \(row.text("database"))"),
        ]
        let rooms = limits.compactMap { column, limit in
            row[column].flatMap { Int($0) }.map { (free: $0, limit: limit) }
        }
        let least = rooms.min { $0.free < $1.free }
        free = least.map { max(0, $0.free) + 1 }
        limit = least?.limit ?? ""
    }

    /// The number of workers: `wanted`, but at most half of the free sessions, so that the application can use the
    /// others. Each worker has a session. Two more sessions lead the work and describe the schema.
    ///
    /// - Throws: `PostgresError`, busy, if there is not even room for two workers, or for the only one that is wanted.
    package func workers(_ wanted: Int) throws -> Int {
        guard let free else { return wanted }
        let count = min(wanted, max(2, free / 2))
        guard count + 2 > free else { return count }
        throw PostgresError(
            code: .connection,
            message:
                "\(counted(count + 2, "session")) are needed for --jobs \(count), which takes two more, but \(sentence)",
            hint: count > 1
                ? "lower --jobs (1 takes 3 sessions), close sessions, or raise the limit"
                : "close sessions, or raise the limit",
            server: .init(severity: "FATAL", sqlState: "53300", message: "too many connections")
        )
    }

    /// `3 are free, by the CONNECTION LIMIT of app`
    package var sentence: String { "\(free ?? 0) \(free == 1 ? "is" : "are") free, by \(limit)" }
}
