internal import Databases
internal import Glibc
internal import PostgresClient

/// Checks of the server and the target that every restore needs.
struct TargetCheck: Sendable {
    let target: TargetDatabase
    /// Whether sessions of the target will be ended.
    let force: Bool
    /// Whether a new database replaces the target; otherwise the restore is a transaction in the target.
    let replaces: Bool
    /// The minimum size of the rows on the server's disk.
    let neededBytes: Int

    /// - Parameter session: A session with the maintenance database.
    func inspect(_ session: borrowing Session) throws -> Preflight.Findings {
        var findings = Preflight.Findings()
        findings.existing = try session.properties(ofDatabase: target.name)
        let me = try session.query(
            """
            SELECT r.rolname, r.rolsuper, r.rolcreatedb, l.rolname AS login, l.rolsuper AS login_super
            FROM pg_catalog.pg_roles r, pg_catalog.pg_roles l
            WHERE r.rolname = current_user AND l.rolname = session_user
            """
        )[0]
        findings.isSuperuser = me.bool("rolsuper")
        findings.user = me.text("rolname")
        (findings.login, findings.isLoginSuperuser) = (me.text("login"), me.bool("login_super"))
        findings.tablespaces = Set(
            try session.query(
                "SELECT spcname FROM pg_catalog.pg_tablespace WHERE pg_catalog.has_tablespace_privilege(oid, 'CREATE')"
            ).map { $0.text("spcname") }
        )
        if findings.login != findings.user {
            findings.notes.append("\(findings.login) acts as \(findings.user), which ALTER ROLE … SET role says")
        }
        findings.notes += try setByOthers(session)
        findings.roles = Set(
            try session.query("SELECT rolname FROM pg_catalog.pg_roles").map { $0.text("rolname") }
        )
        guard replaces else { return findings }
        if !me.bool("rolsuper"), !me.bool("rolcreatedb") {
            findings.obstacles.append(
                Preflight.Obstacle(
                    message: "role \(findings.user) may not create databases",
                    hint: "ALTER ROLE \(findings.user) CREATEDB, or restore with --in-place"
                )
            )
        }
        findings.obstacles += try disk(session)
        if let existing = findings.existing {
            findings.existingBytes = try size(existing, session)
            findings.obstacles += try occupants(existing, session)
        }
        return findings
    }

    /// Notes about settings of the target or the login that a restore overrides or keeps.
    private func setByOthers(_ session: borrowing Session) throws -> [String] {
        let row = try session.query(
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
                CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c
                WHERE (s.setdatabase = 0 OR d.datname = $1)
                    AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
                    AND CASE pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) WHEN 'default_transaction_read_only'
                        THEN pg_catalog.split_part(c, '=', 2)::pg_catalog.bool END) AS read_only
            """,
            [target.name]
        )[0]
        var notes: [String] = []
        if row.bool("read_only"), target.exists {
            notes.append(
                "\(target.name) is read-only by default (default_transaction_read_only): the restore writes to it anyway, and the setting stays"
            )
        }
        return notes
    }

    private func size(_ database: DatabaseProperties, _ session: borrowing Session) throws -> Int {
        let may = try session.query(
            "SELECT pg_catalog.has_database_privilege($1::pg_catalog.oid, 'CONNECT') AS may",
            [String(database.oid)]
        )[0].bool("may")
        guard may else { return 0 }
        return try session.query(
            "SELECT pg_catalog.pg_database_size($1::pg_catalog.oid) AS bytes",
            [String(database.oid)]
        )[0].int("bytes")
    }

    /// If the server is on this machine and shows its folder: the disk must have room for the rows.
    private func disk(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        guard session.host.hasPrefix("/") || session.host.isEmpty else { return [] }
        // Not current_setting(): it fails without the right to see the setting, while the view hides the row.
        let row = try session.query(
            "SELECT setting AS folder FROM pg_catalog.pg_settings WHERE name = 'data_directory'"
        ).first
        guard let folder = row?["folder"] else { return [] }
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return [] }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        let needed = neededBytes
        guard free < needed else { return [] }
        return [
            Preflight.Obstacle(
                message: "the server's disk has \(free >> 20) MB free and the rows alone are \(needed >> 20) MB",
                hint: "make room on the disk of \(folder)"
            )
        ]
    }

    /// What prevents the old database from being renamed.
    private func occupants(_ database: DatabaseProperties, _ session: borrowing Session) throws -> [Preflight.Obstacle]
    {
        var obstacles: [Preflight.Obstacle] = []
        let isPinned = try session.query(
            """
            SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = $1) AS prepared,
                   (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots WHERE database = $1) AS slots,
                   (SELECT pg_catalog.count(*) FROM pg_catalog.pg_subscription s
                    JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1) AS subscriptions,
                   coalesce(pg_catalog.current_setting('cron.database_name', true), '') = $1 AS cron
            """,
            [database.name]
        )[0]
        if isPinned.int("prepared") > 0 {
            obstacles.append(
                Preflight.Obstacle(
                    message: "\(database.name) has prepared transactions",
                    hint: "COMMIT or ROLLBACK PREPARED them"
                )
            )
        }
        if isPinned.int("slots") > 0 {
            obstacles.append(
                Preflight.Obstacle(message: "\(database.name) has logical replication slots", hint: "drop them first")
            )
        }
        if isPinned.int("subscriptions") > 0 {
            obstacles.append(
                Preflight.Obstacle(
                    message: "\(database.name) has subscriptions",
                    hint: "drop them first, or use --in-place"
                )
            )
        }
        if isPinned.bool("cron") {
            obstacles.append(
                Preflight.Obstacle(message: "\(database.name) is the home of pg_cron", hint: "restore with --in-place")
            )
        }
        return obstacles + (force ? [] : try sessions(database, session))
    }

    private func sessions(_ database: DatabaseProperties, _ session: borrowing Session) throws -> [Preflight.Obstacle] {
        var connected = try Occupant.others(on: [database.name], session)
        // A session that has just ended may be listed for a moment.
        for _ in 0..<5 where !connected.isEmpty {
            try session.rest(for: .milliseconds(60))
            connected = try Occupant.others(on: [database.name], session)
        }
        guard !connected.isEmpty else { return [] }
        return [
            Preflight.Obstacle(
                message: "\(database.name) is in use by \(connected.map(\.description).listed(atMost: 5))",
                hint: "let them disconnect, or end their sessions with --force",
                isBusy: true
            )
        ]
    }
}
