internal import Archive
internal import PostgresClient

/// Compares what a restore needs with what its role may do. A superuser may do everything.
struct RightsCheck {
    let needed: NeededRights
    /// `--no-owner`
    let noOwner: Bool
    let isInPlace: Bool
    let findings: Preflight.Findings
    /// The owner of the database that is filled.
    let databaseOwner: String

    /// - Parameter session: In place a session with the target, otherwise one with the maintenance database.
    func obstacles(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        guard !findings.isSuperuser else { return sessionRoles }
        let roles = try rolesOfOurs(session)
        var obstacles: [Preflight.Obstacle] = []
        if !isInPlace { obstacles += database(roles) }
        if !noOwner {
            obstacles += owners(roles)
            obstacles += try ownersWithoutSchema(roles, session)
            obstacles += defaultPrivileges(roles) + sessionRoles
        }
        obstacles += try privilegesOfMembers + triggersOfKeys(session)
        guard try !isElevated(session) else { return obstacles }
        return try obstacles + extensions(session) + superusersObjects
    }

    private var me: String { findings.user }

    /// The role that restores, and the roles whose rights it inherits and that it may give objects to.
    private func rolesOfOurs(_ session: borrowing Session) throws -> Set<ExactText> {
        let word = session.serverVersion >= 160_000 ? "SET" : "MEMBER"
        return Set(
            exactly: try session.query(
                """
                SELECT rolname FROM pg_catalog.pg_roles
                WHERE pg_catalog.pg_has_role(oid, 'USAGE') AND pg_catalog.pg_has_role(oid, '\(word)')
                """
            ).map { $0.text("rolname") }
        )
    }

    /// Whether a hosting provider may have extended the role's rights. Their servers permit some roles what otherwise needs
    /// a superuser, and nothing tells exactly what.
    private func isElevated(_ session: borrowing Session) throws -> Bool {
        try session.query(
            """
            SELECT EXISTS (SELECT FROM pg_catalog.pg_roles
                           WHERE rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'neon_superuser', 'alloydbsuperuser')
                               AND pg_catalog.pg_has_role(oid, 'MEMBER'))
                OR EXISTS (SELECT FROM pg_catalog.pg_settings
                           WHERE name IN ('supautils.privileged_extensions', 'extwlist.extensions', 'rds.extensions', 'azure.extensions'))
                AS elevated
            """
        )[0].bool("elevated")
    }
}

// Owners.
extension RightsCheck {
    private func database(_ roles: Set<ExactText>) -> [Preflight.Obstacle] {
        guard !roles.contains(databaseOwner), findings.roles.contains(databaseOwner) else { return [] }
        if let existing = findings.existing {
            return [
                .init(
                    message: "\(existing.name) belongs to \(databaseOwner), and \(me) may not replace it",
                    hint: "restore as \(databaseOwner), or into another database with --into"
                )
            ]
        }
        return [
            .init(
                message: "\(me) may not make a database for \(databaseOwner)",
                hint:
                    "GRANT \(QuotedText.name(databaseOwner)) TO \(QuotedText.name(me)), or leave owners out with --no-owner"
            )
        ]
    }

    private func owners(_ roles: Set<ExactText>) -> [Preflight.Obstacle] {
        let others = Set(needed.gifts.map(\.owner)).subtracting(roles).map(\.text)
            .filter { $0 != me && findings.roles.contains($0) }.sorted()
        guard let first = others.first else { return [] }
        return [
            .init(
                message: "\(me) may not give objects to \(others.listed())",
                hint: "GRANT \(QuotedText.name(first)) TO \(QuotedText.name(me)), or leave owners out with --no-owner"
            )
        ]
    }

    /// The new owner of an object needs the right to create in its schema. In an archive, the privileges on the schema
    /// come too late, after everything else.
    private func ownersWithoutSchema(
        _ roles: Set<ExactText>,
        _ session: borrowing Session
    ) throws -> [Preflight.Obstacle] {
        var found: Set<String> = []
        for gift in needed.gifts where roles.contains(gift.owner) && gift.owner.text != me {
            guard let schema = gift.schema else { continue }
            let owner = needed.schemas[schema].map { $0?.text ?? me }
            guard try !mayCreate(gift.owner.text, in: schema.text, of: owner, session) else { continue }
            found.insert("\(gift.owner.text) in \(schema.text)")
        }
        guard !found.isEmpty else { return [] }
        return [
            .init(
                message:
                    "these roles may not own objects of schemas in which they may not create: \(Array(found).sorted().listed())",
                hint: "leave owners out with --no-owner, or restore as a superuser"
            )
        ]
    }

    /// - Parameter owner: The owner of the schema; nil if the restore does not create it.
    private func mayCreate(
        _ role: String,
        in schema: String,
        of owner: String?,
        _ session: borrowing Session
    ) throws -> Bool {
        // Before PostgreSQL 15 everyone may create in the schema public of a new database, since then its owner.
        if schema == "public", owner == nil || owner == "pg_database_owner" {
            if session.serverVersion < 150_000 { return true }
            return try isMember(role, of: databaseOwner, session)
        }
        guard let owner else {
            guard isInPlace else { return true }
            return try session.query(
                "SELECT pg_catalog.has_schema_privilege($1, oid, 'CREATE') AS may FROM pg_catalog.pg_namespace WHERE nspname = $2",
                [role, schema]
            ).first?.bool("may") ?? true
        }
        return try isMember(role, of: owner, session)
    }

    private func isMember(_ role: String, of other: String, _ session: borrowing Session) throws -> Bool {
        guard role != other else { return true }
        guard findings.roles.contains(role), findings.roles.contains(other) else { return true }
        return try session.query("SELECT pg_catalog.pg_has_role($1, $2, 'USAGE') AS is_member", [role, other])[0]
            .bool("is_member")
    }
}

// Privileges.
extension RightsCheck {
    private func defaultPrivileges(_ roles: Set<ExactText>) -> [Preflight.Obstacle] {
        let others = needed.defaultPrivileges.subtracting(roles).map(\.text).filter(findings.roles.contains).sorted()
        guard !others.isEmpty else { return [] }
        return [
            .init(
                message: "\(me) may not set default privileges for \(others.listed())",
                hint: "--no-owner leaves them out",
                isLeavable: true
            )
        ]
    }

    /// The server asks for the role of the login, also if `ALTER ROLE … SET role` makes the session act as another.
    private var sessionRoles: [Preflight.Obstacle] {
        guard !noOwner, !findings.isLoginSuperuser else { return [] }
        let others = needed.sessionRoles.subtracting([ExactText(findings.login)]).map(\.text).sorted()
        guard !others.isEmpty else { return [] }
        return [
            .init(
                message: "only a superuser may act as \(others.listed()) (SET SESSION AUTHORIZATION)",
                hint: "--no-owner leaves out what is done in their name",
                isLeavable: needed.actsOnlyToGrant
            )
        ]
    }

    /// Triggers of foreign keys are the server's own. In a new database the dump makes the keys after it has loaded rows.
    private func triggersOfKeys(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        guard isInPlace, !needed.tablesWithoutTriggers.isEmpty else { return [] }
        let tables = try session.query(
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgisinternal)
            ORDER BY 1, 2
            """
        ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
            .filter(needed.tablesWithoutTriggers.contains)
        guard !tables.isEmpty else { return [] }
        return [
            .init(
                message:
                    "only a superuser may disable the triggers of foreign keys, as of \(tables.map(\.spelling).listed())",
                hint: "restore as a superuser, or make the dump without --disable-triggers"
            )
        ]
    }

    private var privilegesOfMembers: [Preflight.Obstacle] {
        guard !needed.privilegesOfMembers.isEmpty, !isInPlace else { return [] }
        return [
            .init(
                message: "only a superuser may set the privileges of \(needed.privilegesOfMembers.listed())",
                hint: "restore as a superuser",
                isLeavable: true
            )
        ]
    }
}

// What only a superuser may create.
extension RightsCheck {
    private func extensions(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        let isTrusted = session.serverVersion >= 130_000 ? "v.trusted" : "false"
        let found = try session.query(
            """
            SELECT a.name FROM pg_catalog.pg_available_extensions a
            JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
            WHERE a.name = ANY ($1::pg_catalog.text[]) AND v.superuser AND NOT \(isTrusted) ORDER BY 1
            """,
            [QuotedText.array(needed.extensions)]
        ).map { $0.text("name") }
        guard !found.isEmpty else { return [] }
        return [
            .init(
                message: "only a superuser may make the extension\(found.count == 1 ? "" : "s") \(found.listed())",
                hint: "restore as a superuser",
                isLeavable: needed.extensionsWithRows.isDisjoint(with: Set(exactly: found))
            )
        ]
    }

    private var superusersObjects: [Preflight.Obstacle] {
        guard !needed.superusersObjects.isEmpty else { return [] }
        return [
            .init(
                message: "only a superuser may make \(needed.superusersObjects.listed())",
                hint: "restore as a superuser",
                isLeavable: true
            )
        ]
    }
}
