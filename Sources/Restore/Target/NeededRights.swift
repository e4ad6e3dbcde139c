internal import Archive
internal import PostgresClient
internal import SQLText

/// What a restore does that PostgreSQL does not permit every role, as far as the file tells before anything is created.
struct NeededRights: Sendable {
    /// An object that is given to a role.
    struct Gift: Sendable, Hashable {
        var owner: ExactText
        /// The schema of the object; nil for objects that are in none.
        var schema: ExactText?
    }

    var gifts: Set<Gift> = []
    /// Schemas that the restore creates, with their owners; nil for the role that restores.
    var schemas: [ExactText: ExactText?] = [:]
    /// Roles whose default privileges are set.
    var defaultPrivileges: Set<ExactText> = []
    /// Roles that the restore acts as (`SET SESSION AUTHORIZATION`), by their names on the server: those that have granted
    /// privileges on objects of others, and all that a plain dump names.
    var sessionRoles: Set<ExactText> = []
    /// Whether it acts as them only to grant. `--keep-going` can leave these grants out.
    var actsOnlyToGrant = false
    /// Objects that the restore does not create, but whose privileges it sets: members of extensions, and what PostgreSQL
    /// itself brings.
    var privilegesOfMembers: [String] = []
    var extensions: [String] = []
    /// Extensions into whose tables rows are loaded, so that they cannot be left out.
    var extensionsWithRows: Set<ExactText> = []
    /// Tables whose triggers are all disabled, also those of foreign keys (`pg_dump --disable-triggers`).
    var tablesWithoutTriggers: Set<TableName> = []
    /// Objects that only a superuser may create, as people call them.
    var superusersObjects: [String] = []
}

extension NeededRights {
    /// - Parameter selection: What is restored of the archive.
    /// - Returns: nil if nothing is created: rows alone, and copies of tables under other names.
    init?(_ manifest: Manifest, _ options: RestoreOptions, _ selection: Selection) {
        guard !options.dataOnly, options.rows == nil, options.tables.allSatisfy({ $0.newName == nil }) else {
            return nil
        }
        let map = RoleMap(names: options.roleMap)
        func role(_ name: String) -> ExactText { ExactText(map.role(name)) }
        let items = selection.items.filter { !$0.isAboutTheDatabase }
        for item in items {
            if item.ownable != nil, let owner = item.owner {
                gifts.insert(Gift(owner: role(owner), schema: item.schema.map { ExactText($0) }))
            }
            if item.kind == "SCHEMA" { schemas[ExactText(item.name)] = .some(item.owner.map(role)) }
            if item.kind == "DEFAULT ACL", let owner = item.owner { defaultPrivileges.insert(role(owner)) }
        }
        if options.tables.isEmpty {
            for object in manifest.largeObjects?.objects ?? [] { gifts.insert(Gift(owner: role(object.owner))) }
        }
        sessionRoles = Set(items.filter { $0.kind == "ACL" }.flatMap(\.grantors).map(role))
        actsOnlyToGrant = true
        let created = Set(items.map(\.id))
        privilegesOfMembers = items.filter { item in
            item.kind == "ACL" && !item.isAboutLargeObjects && item.name != "SCHEMA public"
                && !item.dependsOn.contains(where: created.contains)
                && (!options.noOwner || item.sql.contains("REVOKE "))
        }.map(\.name)
        extensions = items.filter { $0.kind == "EXTENSION" }.map(\.name)
        extensionsWithRows = Set(exactly: manifest.tables.filter { !$0.chunks.isEmpty }.compactMap(\.extensionName))
        superusersObjects = items.filter(\.needsSuperuser).map(\.title)
    }
}

extension Selection {
    /// Extensions of the target that a restore in place does not drop, because they are in none of the schemas that it drops.
    func extensionsThatStay(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ session: borrowing Session
    ) throws -> Set<ExactText> {
        let doomed = options.tables.isEmpty ? try doomedSchemas(manifest, options, session) : []
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
}

extension Manifest {
    /// Whether the archive has rows for the configuration tables of one of these extensions.
    func haveRows(extensions: [String]) -> Bool {
        tables.contains { table in !table.chunks.isEmpty && table.extensionName.map(extensions.contains) == true }
    }
}

// Functions.
extension NeededRights {
    /// Whether only a superuser may create the function. Its options may be in any order, also behind the body.
    ///
    /// - Parameter words: The first words of its statement; each string is one word.
    static func isForSuperusers(function words: [String]) -> Bool {
        var depth = 0
        // Without parameters, and without a body that is no string.
        let options = words.prefix { $0 != "BEGIN" && $0 != "RETURN" }.filter { word in
            if word == "(" { depth += 1 }
            defer { if word == ")" { depth -= 1 } }
            return depth == 0
        }
        let languages = zip(options, options.dropFirst()).filter { $0.0 == "LANGUAGE" }.map { _, name in
            name.filter { $0 != "'" && $0 != "\"" }.lowercased()
        }
        let isLeakproof = options.contains("LEAKPROOF") && !options.contains(["NOT", "LEAKPROOF"])
        return isLeakproof || languages.contains("c") || languages.contains("internal")
    }
}

extension Manifest.SchemaItem {
    /// Whether it is about a large object: comments and privileges have the object in their name.
    var isAboutLargeObjects: Bool {
        ["ACL", "COMMENT", "SECURITY LABEL"].contains(kind) && schema == nil
            && (name.hasPrefix("LARGE OBJECT ") || name.hasPrefix("LARGE OBJECTS "))
    }

    /// The roles in whose name the item grants privileges, apart from the owner.
    fileprivate var grantors: [String] {
        guard sql.contains("SET SESSION AUTHORIZATION ") else { return [] }
        return PrivilegeStatements.statements(sql).compactMap { SessionRole.named(in: Array($0.utf8))?.name }
    }

    /// Whether only a superuser may create it, because of its kind or its options.
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
            return NeededRights.isForSuperusers(function: StatementWords.first(200, of: Array(sql.utf8)))
        default: return false
        }
    }
}
