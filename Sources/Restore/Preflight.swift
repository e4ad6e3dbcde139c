internal import Archive
internal import Glibc
internal import PostgresClient

/// What the server is asked before anything changes.
struct Preflight: Sendable {
    let manifest: Manifest
    let options: RestoreOptions
    let target: TargetDatabase

    /// What was found: what stands in the way, and what the restore needs to know.
    struct Findings: Sendable {
        var obstacles: [Obstacle] = []
        /// nil when there is no such database yet.
        var existing: DatabaseProperties?
        var existingBytes = 0
        var tablespaces: Set<String> = []
        var isSuperuser = false
        var user = ""
        var notes: [String] = []
    }

    /// A sentence and its way out.
    struct Obstacle: Sendable, Equatable {
        var message: String
        var hint: String
        /// It goes away by itself, or with `--force`.
        var isBusy = false
    }

    /// - Parameter session: to the maintenance database.
    func inspect(_ session: borrowing Session) throws -> Findings {
        var findings = Findings()
        findings.existing = try session.properties(ofDatabase: target.name)
        let me = try session.query(
            "SELECT rolname, rolsuper, rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user"
        )[0]
        findings.isSuperuser = me.bool("rolsuper")
        findings.user = me.text("rolname")
        findings.tablespaces = Set(
            try session.query("SELECT spcname FROM pg_catalog.pg_tablespace").map { $0.text("spcname") }
        )
        findings.obstacles += serverAge(session) + (try extensions(session)) + (try roles(session))
        if !options.restoresInPlace(manifest.scope) {
            if !me.bool("rolsuper"), !me.bool("rolcreatedb") {
                findings.obstacles.append(
                    Obstacle(
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
        }
        findings.notes = missingTablespaces(findings.tablespaces)
        return findings
    }

    /// The obstacles as one error: all of them, so that nobody meets them one by one.
    static func failure(_ obstacles: [Obstacle]) -> RestoreError? {
        guard !obstacles.isEmpty else { return nil }
        return RestoreError(
            obstacles.allSatisfy(\.isBusy) ? .busy : .preflight,
            "nothing was changed, because " + obstacles.map(\.message).joined(separator: "; "),
            hint: obstacles.map(\.hint).joined(separator: "; ")
        )
    }
}

// What the archive needs.
extension Preflight {
    private func serverAge(_ session: borrowing Session) -> [Obstacle] {
        let (theirs, ours) = (manifest.server.versionNumber / 10000, session.serverVersion / 10000)
        guard ours < theirs else { return [] }
        return [
            Obstacle(
                message: "the backup is of PostgreSQL \(theirs) and this server is \(ours)",
                hint: "restore into PostgreSQL \(theirs) or newer"
            )
        ]
    }

    private func extensions(_ session: borrowing Session) throws -> [Obstacle] {
        let available = Set(
            try session.query("SELECT name FROM pg_catalog.pg_available_extensions").map { $0.text("name") }
        )
        let missing = manifest.extensions.map(\.name).filter { !available.contains($0) }
        guard !missing.isEmpty else { return [] }
        return [
            Obstacle(
                message:
                    "the server lacks the extension\(missing.count == 1 ? "" : "s") \(missing.joined(separator: ", "))",
                hint: "install the packages that bring them, on the server"
            )
        ]
    }

    private func roles(_ session: borrowing Session) throws -> [Obstacle] {
        guard !options.noOwner else { return [] }
        let there = Set(try session.query("SELECT rolname FROM pg_catalog.pg_roles").map { $0.text("rolname") })
        let map = RoleMap(names: options.roleMap)
        let missing = Set(manifest.roles.map(map.role)).filter { !there.contains($0) }.sorted()
        guard !missing.isEmpty else { return [] }
        return [
            Obstacle(
                message: "the server lacks the role\(missing.count == 1 ? "" : "s") \(missing.joined(separator: ", "))",
                hint:
                    "create them (schema/roles.sql in the archive does), map them with --role-map \(missing[0])=OTHER, or leave owners out with --no-owner"
            )
        ]
    }

    private func missingTablespaces(_ there: Set<String>) -> [String] {
        let used = Set(manifest.schema.compactMap(\.tablespace)).subtracting(["", "pg_default"])
        return used.subtracting(there).sorted().map {
            "the server has no tablespace \($0): what was in it goes to the default"
        }
    }
}

// What the server and the old database are like.
extension Preflight {
    private func size(_ database: DatabaseProperties, _ session: borrowing Session) throws -> Int {
        let may = try session.query(
            "SELECT has_database_privilege($1::oid, 'CONNECT') AS may",
            [String(database.oid)]
        )[0].bool("may")
        guard may else { return 0 }
        return try session.query(
            "SELECT pg_catalog.pg_database_size($1::oid) AS bytes",
            [String(database.oid)]
        )[0].int("bytes")
    }

    /// Where the server is on this machine and lets us see its folder, its disk must take the rows once more.
    private func disk(_ session: borrowing Session) throws -> [Obstacle] {
        guard session.host.hasPrefix("/") || session.host.isEmpty else { return [] }
        let row = try session.query("SELECT current_setting('data_directory', true) AS folder").first
        guard let folder = row?["folder"] else { return [] }
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return [] }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        let needed = manifest.rawBytes
        guard free < needed else { return [] }
        return [
            Obstacle(
                message: "the server's disk has \(free >> 20) MB free and the rows alone are \(needed >> 20) MB",
                hint: "make room on the disk of \(folder)"
            )
        ]
    }

    /// Who or what keeps the old database from being renamed.
    private func occupants(_ database: DatabaseProperties, _ session: borrowing Session) throws -> [Obstacle] {
        var obstacles: [Obstacle] = []
        let isPinned = try session.query(
            """
            SELECT (SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = $1) AS prepared,
                   (SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE database = $1) AS slots,
                   (SELECT count(*) FROM pg_catalog.pg_subscription s
                    JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1) AS subscriptions,
                   coalesce(current_setting('cron.database_name', true), '') = $1 AS cron
            """,
            [database.name]
        )[0]
        if isPinned.int("prepared") > 0 {
            obstacles.append(
                Obstacle(
                    message: "\(database.name) has prepared transactions",
                    hint: "COMMIT or ROLLBACK PREPARED them"
                )
            )
        }
        if isPinned.int("slots") > 0 {
            obstacles.append(
                Obstacle(message: "\(database.name) has logical replication slots", hint: "drop them first")
            )
        }
        if isPinned.int("subscriptions") > 0 {
            obstacles.append(
                Obstacle(message: "\(database.name) has subscriptions", hint: "drop them first, or use --in-place")
            )
        }
        if isPinned.bool("cron") {
            obstacles.append(
                Obstacle(message: "\(database.name) is the home of pg_cron", hint: "restore with --in-place")
            )
        }
        return obstacles + (options.force ? [] : try sessions(database, session))
    }

    private func sessions(_ database: DatabaseProperties, _ session: borrowing Session) throws -> [Obstacle] {
        let connected = try session.query(
            """
            SELECT pid, coalesce(usename, '') AS user, coalesce(application_name, '') AS application
            FROM pg_catalog.pg_stat_activity
            WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'
            ORDER BY backend_start
            """,
            [database.name]
        )
        guard !connected.isEmpty else { return [] }
        let listed = connected.prefix(5).map { row in
            let application = row.text("application").isEmpty ? "" : " in \(row.text("application"))"
            return "\(row.text("user"))\(application) (process \(row.text("pid")))"
        }
        let more = connected.count > 5 ? " and \(connected.count - 5) more" : ""
        return [
            Obstacle(
                message: "\(database.name) is in use by \(listed.joined(separator: ", "))\(more)",
                hint: "let them disconnect, or end their sessions with --force",
                isBusy: true
            )
        ]
    }
}

extension Manifest {
    /// Bytes of COPY text in all.
    var rawBytes: Int { tables.reduce(largeObjects?.rawBytes ?? 0) { $0 + $1.rawBytes } }
    /// Rows of all tables.
    var rows: Int { tables.reduce(0) { $0 + $1.rows } }
}

extension RestoreOptions {
    /// One transaction in the database itself: asked for, or because only parts of a database come back.
    func restoresInPlace(_ scope: Manifest.Scope) -> Bool {
        inPlace || dataOnly || (into == nil && (!schemas.isEmpty || !tables.isEmpty || !scope.isWholeDatabase))
    }
}
