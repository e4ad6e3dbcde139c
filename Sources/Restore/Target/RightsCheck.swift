internal import Archive
internal import PostgresClient

/// What the role that restores may not make, as far as the archive and the server tell before anything is made. A superuser
/// may make everything.
struct RightsCheck {
    let manifest: Manifest
    let options: RestoreOptions
    /// What is made.
    let selection: Selection
    let isInPlace: Bool
    let findings: Preflight.Findings
    /// The owner of the database that is filled.
    let databaseOwner: String

    /// - Parameter session: to the target where the restore is in place, else to the maintenance database.
    func obstacles(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        // Rows alone make nothing, and copies under other names belong to us.
        let makesObjects = !options.dataOnly && options.rows == nil && options.tables.allSatisfy { $0.newName == nil }
        guard !findings.isSuperuser, makesObjects else { return [] }
        let roles = try rolesOfOurs(session)
        var obstacles: [Preflight.Obstacle] = []
        if !isInPlace { obstacles += database(roles) }
        if !options.noOwner {
            obstacles += owners(roles)
            obstacles += try ownersWithoutSchema(roles, session)
            obstacles += defaultPrivileges(roles) + grantors
        }
        obstacles += privilegesOnMembers
        guard try !isElevated(session) else { return obstacles }
        return try obstacles + extensions(session) + superusersObjects
    }

    private var items: [Manifest.SchemaItem] { selection.items }
    private var map: RoleMap { RoleMap(names: options.roleMap) }
    private var me: String { findings.user }

    /// The roles that we may act for, ourselves among them: members inherit their rights, and may give objects to them.
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

    /// Providers of servers let some roles make what else needs a superuser; what exactly, only they know.
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

// Who owns what.
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

    /// Each item that is given to a role, with the role.
    private var owned: [(item: Manifest.SchemaItem, owner: String)] {
        items.compactMap { item in
            guard item.ownable != nil, let owner = item.owner.map(map.role), owner != me else { return nil }
            return (item, owner)
        }
    }

    private func owners(_ roles: Set<ExactText>) -> [Preflight.Obstacle] {
        let objects = options.tables.isEmpty ? manifest.largeObjects?.objects.map { map.role($0.owner) } ?? [] : []
        let others = Set(exactly: owned.map(\.owner) + objects).subtracting(roles).map(\.text)
            .filter { $0 != me && findings.roles.contains($0) }.sorted()
        guard let first = others.first else { return [] }
        return [
            .init(
                message: "\(me) may not give objects to \(others.listed())",
                hint: "GRANT \(QuotedText.name(first)) TO \(QuotedText.name(me)), or leave owners out with --no-owner"
            )
        ]
    }

    /// Who gets an object must be allowed to create in its schema, and the schema's privileges come last.
    private func ownersWithoutSchema(
        _ roles: Set<ExactText>,
        _ session: borrowing Session
    ) throws -> [Preflight.Obstacle] {
        var schemas: [String: String] = [:]
        for item in items where item.kind == "SCHEMA" {
            schemas[item.name] = item.owner.map(map.role) ?? me
        }
        var found: Set<String> = []
        for (item, owner) in owned where roles.contains(owner) {
            guard let schema = item.schema else { continue }
            guard try !mayCreate(owner, in: schema, of: schemas[schema], session) else { continue }
            found.insert("\(owner) in \(schema)")
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

    private func mayCreate(
        _ role: String,
        in schema: String,
        of owner: String?,
        _ session: borrowing Session
    ) throws -> Bool {
        // initdb's own lets everyone create before PostgreSQL 15, and then the owner of the database.
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
        let others = Set(items.filter { $0.kind == "DEFAULT ACL" }.compactMap { $0.owner.map(map.role) })
            .filter { !roles.contains($0) && findings.roles.contains($0) }.sorted()
        guard !others.isEmpty else { return [] }
        return [
            .init(
                message: "\(me) may not set default privileges for \(others.listed())",
                hint: "--no-owner leaves them out",
                isLeavable: true
            )
        ]
    }

    private var grantors: [Preflight.Obstacle] {
        let items = items.filter { $0.kind == "ACL" && $0.sql.contains("SET SESSION AUTHORIZATION ") }
        guard !items.isEmpty else { return [] }
        return [
            .init(
                message: "only a superuser may grant in the name of others, as for \(items.map(\.name).listed())",
                hint: "--no-owner leaves such grants out",
                isLeavable: true
            )
        ]
    }

    /// Members of extensions, and what PostgreSQL itself brings, belong to the superuser who made them.
    private var privilegesOnMembers: [Preflight.Obstacle] {
        let made = Set(items.map(\.id))
        let members = items.filter { item in
            item.kind == "ACL" && !item.isAboutTheDatabase && !item.isAboutLargeObjects && item.name != "SCHEMA public"
                && !item.dependsOn.contains(where: made.contains) && (!options.noOwner || item.sql.contains("REVOKE "))
        }
        guard !members.isEmpty, !isInPlace else { return [] }
        return [
            .init(
                message: "only a superuser may set the privileges of \(members.map(\.name).listed())",
                hint: "restore as a superuser",
                isLeavable: true
            )
        ]
    }
}

// What only a superuser makes.
extension RightsCheck {
    private func extensions(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        var names = items.filter { $0.kind == "EXTENSION" }.map(\.name)
        if isInPlace {
            let staying = try extensionsThatStay(session)
            names.removeAll { staying.contains($0) }
        }
        let isTrusted = session.serverVersion >= 130_000 ? "v.trusted" : "false"
        let found = try session.query(
            """
            SELECT a.name FROM pg_catalog.pg_available_extensions a
            JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
            WHERE a.name = ANY ($1::pg_catalog.text[]) AND v.superuser AND NOT \(isTrusted) ORDER BY 1
            """,
            [QuotedText.array(names)]
        ).map { $0.text("name") }
        guard !found.isEmpty else { return [] }
        return [
            .init(
                message: "only a superuser may make the extension\(found.count == 1 ? "" : "s") \(found.listed())",
                hint: "restore as a superuser",
                isLeavable: !manifest.haveRows(extensions: found)
            )
        ]
    }

    /// Those of the target that are in none of the schemas that are dropped.
    private func extensionsThatStay(_ session: borrowing Session) throws -> Set<ExactText> {
        let doomed = options.tables.isEmpty ? try selection.doomedSchemas(manifest, options, session) : []
        let kept = try session.schemasToKeep(among: doomed, withExtensionsOfOthers: true)
        let dropped = Set(exactly: doomed.filter { !kept.contains($0) })
        return Set(
            exactly: try session.query(
                """
                SELECT e.extname, n.nspname FROM pg_catalog.pg_extension e
                JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                """
            ).filter { !dropped.contains($0.text("nspname")) }.map { $0.text("extname") }
        )
    }

    private var superusersObjects: [Preflight.Obstacle] {
        let found = items.filter(\.needsSuperuser)
        guard !found.isEmpty else { return [] }
        return [
            .init(
                message: "only a superuser may make \(found.map(\.title).listed())",
                hint: "restore as a superuser",
                isLeavable: true
            )
        ]
    }
}

extension Manifest {
    /// Whether the archive has rows for the configuration tables of one of these extensions.
    func haveRows(extensions: [String]) -> Bool {
        tables.contains { table in !table.chunks.isEmpty && table.extensionName.map(extensions.contains) == true }
    }
}

extension Manifest.SchemaItem {
    /// Comments and privileges name their object in the name. Large objects are no items.
    var isAboutLargeObjects: Bool {
        ["ACL", "COMMENT", "SECURITY LABEL"].contains(kind) && schema == nil
            && (name.hasPrefix("LARGE OBJECT ") || name.hasPrefix("LARGE OBJECTS "))
    }

    /// Whether PostgreSQL lets nobody else make it, by its kind or by what it asks for.
    fileprivate var needsSuperuser: Bool {
        switch kind {
        case "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "ACCESS METHOD", "TEXT SEARCH TEMPLATE", "TEXT SEARCH PARSER",
            "OPERATOR CLASS", "OPERATOR FAMILY", "SHELL TYPE", "PUBLICATION TABLES IN SCHEMA":
            return true
        case "PROCEDURAL LANGUAGE": return !sql.isEmpty
        case "TYPE": return sql.contains("INPUT = ")
        case "PUBLICATION": return sql.contains(" FOR ALL TABLES")
        case "CAST": return sql.contains(" WITHOUT FUNCTION")
        case "FUNCTION", "PROCEDURE":
            // pg_dump writes these in a line of their own, before the body.
            let head = sql.prefix { $0 != "$" }
            return ["\n    LANGUAGE c", "\n    LANGUAGE internal", " LEAKPROOF"].contains { head.contains($0) }
        default: return false
        }
    }
}
