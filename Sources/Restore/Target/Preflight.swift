internal import Archive
internal import Databases
internal import PostgresClient

/// The checks on the server before anything changes.
struct Preflight: Sendable {
    let manifest: Manifest
    let options: RestoreOptions
    let target: TargetDatabase

    /// The results: obstacles, and facts that the restore needs.
    struct Findings: Sendable {
        var obstacles: [Obstacle] = []
        /// nil if the target does not exist.
        var existing: DatabaseProperties?
        var existingBytes = 0
        /// Tablespaces that the role may use.
        var tablespaces: Set<String> = []
        /// All roles of the server.
        var roles: Set<String> = []
        /// The roles that the restore will create.
        var created: MissingRoles?
        var isSuperuser = false
        var user = ""
        /// The role of the login; `ALTER ROLE … SET role` makes its sessions act as `user`.
        var login = ""
        var isLoginSuperuser = false
        var notes: [String] = []
    }

    /// A sentence and its remedy.
    struct Obstacle: Sendable, Equatable {
        var message: String
        var hint: String
        /// Whether it may disappear by itself, or with `--force`.
        var isBusy = false
        /// Whether `--keep-going` leaves out what it names.
        var isLeavable = false
    }

    /// - Parameter session: A session with the maintenance database.
    func inspect(_ session: borrowing Session) throws -> Findings {
        var findings = try TargetCheck(
            target: target,
            force: options.force,
            replaces: !options.restoresInPlace(manifest.scope),
            neededBytes: manifest.rawBytes
        ).inspect(session)
        let created = MissingRoles(manifest, options, present: findings.roles)
        findings.roles.formUnion(created.names)
        findings.created = created
        findings.obstacles =
            serverAge(session) + (try extensions(session)) + (try created.obstacles(session))
            + missingRoles(findings.roles) + findings.obstacles
        findings.notes += missingTablespaces(findings.tablespaces) + distribution
        return findings
    }

    /// With `--keep-going`, objects that cannot be created are left out; without it, the hint names that option. In
    /// place nothing is left out, because the existing object would be lost.
    static func settle(_ findings: inout Findings, keepGoing: Bool, isInPlace: Bool) {
        guard !isInPlace else { return }
        let leavable = findings.obstacles.filter(\.isLeavable)
        guard keepGoing else {
            for index in findings.obstacles.indices where findings.obstacles[index].isLeavable {
                findings.obstacles[index].hint += ", or leave out with --keep-going what cannot be made"
            }
            return
        }
        findings.obstacles.removeAll(where: \.isLeavable)
        findings.notes += leavable.map { "what cannot be made is left out: \($0.message)" }
    }

    /// All obstacles in one error, so that they are not met one by one.
    static func failure(_ obstacles: [Obstacle]) -> RestoreError? {
        guard !obstacles.isEmpty else { return nil }
        return RestoreError(
            obstacles.allSatisfy(\.isBusy) ? .busy : .preflight,
            "nothing was changed, because " + obstacles.map(\.message).joined(separator: "; "),
            hint: obstacles.map(\.hint).joined(separator: "; ")
        )
    }
}

// Requirements of the archive.
extension Preflight {
    private var distribution: [String] {
        let selected = Set((try? Selection(manifest, options))?.tables.map(\.tableName) ?? [])
        let tables = (manifest.distributed ?? []).map(TableName.init).filter(selected.contains)
        guard !tables.isEmpty, !options.dataOnly else { return [] }
        if let distribution = manifest.distribution {
            let place =
                options.restoresInPlace(manifest.scope)
                ? "they are distributed over the nodes of the target"
                : "a new database has no workers, so all shards are on this server"
            return ["Citus distributed \(tables.map(\.spelling).listed()) (\(distribution.summary)): \(place)"]
        }
        return [
            """
            Citus distributed \(tables.map(\.spelling).listed()): they come back as ordinary tables, with rows that are not of one \
            moment; distribute them again afterwards
            """
        ]
    }

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
        try Self.missing(extensions: manifest.extensions.map(\.name), session).map { obstacle in
            var obstacle = obstacle
            // Rows of an extension's tables cannot be loaded without the extension.
            obstacle.isLeavable = !manifest.haveRows(extensions: manifest.extensions.map(\.name))
            return obstacle
        }
    }

    /// The extensions among these that the server cannot create.
    static func missing(extensions: [String], _ session: borrowing Session) throws -> [Obstacle] {
        guard !extensions.isEmpty else { return [] }
        let available = Set(
            try session.query("SELECT name FROM pg_catalog.pg_available_extensions").map { $0.text("name") }
        )
        let missing = extensions.filter { !available.contains($0) }
        guard !missing.isEmpty else { return [] }
        return [
            Obstacle(
                message:
                    "the server lacks the extension\(missing.count == 1 ? "" : "s") \(missing.joined(separator: ", "))",
                hint: "install the packages that bring them, on the server",
                isLeavable: true
            )
        ]
    }

    private func missingRoles(_ there: Set<String>) -> [Obstacle] {
        guard !options.noOwner else { return [] }
        let map = RoleMap(names: options.roleMap)
        let missing = Set(manifest.roles.map(map.role)).filter { !there.contains($0) }.sorted()
        return Self.missing(roles: missing, source: " (--roles does, or schema/roles.sql in the archive)")
    }

    /// - Parameters:
    ///   - roles: Roles that the server does not have.
    ///   - source: Names ways to create them.
    static func missing(roles: [String], source: String = "") -> [Obstacle] {
        guard let first = roles.first else { return [] }
        return [
            Obstacle(
                message: "the server lacks the role\(roles.count == 1 ? "" : "s") \(roles.joined(separator: ", "))",
                hint:
                    "create them\(source), map them with --role-map \(first)=OTHER, or leave owners out with --no-owner"
            )
        ]
    }

    /// Notes about what a restore without owners leaves out. The restore itself lists each statement.
    func grantsWithoutRole(_ there: Set<String>) -> [String] {
        guard options.noOwner, !options.noPrivileges else { return [] }
        let map = RoleMap(names: options.roleMap, present: there)
        let missing = manifest.schema.flatMap { map.missing(in: $0.sql, kind: $0.kind) }
        return Set(missing).sorted().map { "the server has no role \($0): what it may do is left out" }
    }

    private func missingTablespaces(_ there: Set<String>) -> [String] {
        guard !options.noTablespaces else { return [] }
        let used = Set(manifest.schema.compactMap(\.tablespace)).subtracting(["", "pg_default"])
        return used.subtracting(there).sorted().map {
            "the server has no tablespace \($0) that the role may use: what was in it goes to the default"
        }
    }
}

extension RestoreOptions {
    /// Without owners, roles of the archive may be missing.
    func roles(_ findings: Preflight.Findings) -> RoleMap {
        RoleMap(names: roleMap, present: noOwner ? findings.roles : nil)
    }
}

extension Manifest {
    /// Rows of all tables.
    var rows: Int { tables.reduce(0) { $0 + $1.rows } }
}
