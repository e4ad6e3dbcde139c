internal import Archive
internal import Databases
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
        /// Tablespaces that the role may use.
        var tablespaces: Set<String> = []
        /// All roles of the server.
        var roles: Set<String> = []
        /// Those of them that the restore creates.
        var created: MissingRoles?
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
        /// With `--keep-going` what it names is left out.
        var isLeavable = false
    }

    /// - Parameter session: to the maintenance database.
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

    /// With `--keep-going` an object that cannot be made is left out; without it the hint names that way.
    /// In place nothing is left out, because what is there now would be gone.
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
    private var distribution: [String] {
        let selected = Set((try? Selection(manifest, options))?.tables.map(\.tableName) ?? [])
        let tables = (manifest.distributed ?? []).map { TableName(schema: $0.schema, name: $0.name) }
            .filter(selected.contains)
        guard !tables.isEmpty, !options.dataOnly else { return [] }
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
            // Rows of an extension's tables have nowhere else to go.
            obstacle.isLeavable = !manifest.haveRows(extensions: manifest.extensions.map(\.name))
            return obstacle
        }
    }

    /// Those of the extensions that the server cannot make.
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
    ///   - roles: Those that the server does not have.
    ///   - source: Says what could create them.
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

    /// What a restore without owners leaves out; the restore itself lists each statement.
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
    /// Bytes of COPY text in all.
    var rawBytes: Int { (tables.map(\.rawBytes) + [largeObjects?.rawBytes ?? 0]).saturatedSum }
    /// Rows of all tables.
    var rows: Int { tables.reduce(0) { $0 + $1.rows } }
}
