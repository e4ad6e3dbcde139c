internal import Archive
internal import Logging
internal import PostgresClient

/// Sends items of the schema to the server, with their settings and owners, as pg_restore would.
struct SchemaStatements {
    let roles: RoleMap
    let withOwners: Bool
    /// Tablespaces that the server has; objects of others go to the default.
    let tablespaces: Set<String>
    let userCode: UserCodeSettings
    /// What was left out for want of a role, each a sentence.
    private(set) var leftOut: [String] = []
    /// The items that were left out.
    private var leftOutItems: Set<Int> = []
    /// What this value has set in its session; nil while it has set nothing and cannot know what another has.
    private var tablespace: String?
    private var accessMethod: String?

    init(roles: RoleMap, withOwners: Bool, tablespaces: Set<String>, userCode: UserCodeSettings) {
        self.roles = roles
        self.withOwners = withOwners
        self.tablespaces = tablespaces
        self.userCode = userCode
    }

    /// Settings that every session needs that makes objects.
    static let settings: [(name: String, value: String)] = [
        ("check_function_bodies", "off"), ("row_security", "off"), ("synchronous_commit", "off"),
        ("default_tablespace", ""), ("default_table_access_method", "heap"), ("lock_timeout", "60s"),
    ]

    /// Pins a session that makes objects or loads rows: time-outs, an empty `search_path` and `settings` are ours, what
    /// user code reads is the database's.
    ///
    /// - Parameter userCode: nothing while the database is too new to say it.
    static func pin(
        _ session: borrowing Session,
        _ userCode: UserCodeSettings,
        _ others: [(name: String, value: String)] = []
    ) throws {
        let usual = settings.filter { setting in !others.contains { $0.name == setting.name } }
        try session.pin(
            usual + others,
            values: userCode.whileMaking + [("search_path", "")]
        )
        try fireTriggers(session)
    }

    /// Takes back what the database or a role has set that would leave foreign keys unchecked.
    static func fireTriggers(_ session: borrowing Session) throws {
        try session.query(
            """
            SELECT pg_catalog.set_config(name, 'origin', false) FROM pg_catalog.pg_settings
            WHERE name = 'session_replication_role' AND setting <> 'origin'
            """
        )
    }

    /// Fills a materialized view, whose functions see the database's own settings.
    static func refresh(
        _ refresh: String,
        _ userCode: UserCodeSettings,
        _ session: borrowing Session
    ) throws {
        try session.set(userCode.own)
        try session.execute(refresh)
        try session.set(userCode.whileMaking)
    }

    /// - Throws: `RestoreError.statement` naming the object.
    mutating func make(_ item: Manifest.SchemaItem, _ session: inout Session) throws {
        do {
            try useStorage(of: item, session)
            try run(item, &session)
            if withOwners, let owner = item.owner, let ownable = item.ownable {
                try session.execute("ALTER \(ownable) OWNER TO \(session.quoted(roles.role(owner)))")
            }
        } catch let error as PostgresError where error.code == .server {
            throw SchemaStatements.failure(of: item, error)
        }
    }

    static func failure(of item: Manifest.SchemaItem, _ error: PostgresError) -> RestoreError {
        RestoreError(.statement, "\(item.title) could not be made: \(error)", hint: error.restoreHint)
    }

    private mutating func useStorage(of item: Manifest.SchemaItem, _ session: borrowing Session) throws {
        let wanted = item.tablespace.flatMap { tablespaces.contains($0) ? $0 : nil } ?? ""
        if item.tablespace != nil, wanted != tablespace {
            try session.execute("SET default_tablespace = \(session.literal(wanted))")
            tablespace = wanted
        }
        if let method = item.accessMethod, !method.isEmpty, method != accessMethod {
            try session.execute("SET default_table_access_method = \(session.quoted(method))")
            accessMethod = method
        }
    }

    private mutating func run(_ item: Manifest.SchemaItem, _ session: inout Session) throws {
        guard !item.sql.isEmpty else { return }
        if !withOwners, try runWithoutRoles(item, &session) { return }
        let sql = roles.apply(to: item.sql, kind: item.kind)
        if item.kind == "MATERIALIZED VIEW DATA" { return try Self.refresh(sql, userCode, session) }
        try session.execute(sql)
    }

    /// Without owners the archive's roles may be missing; returns false for items that name none.
    private mutating func runWithoutRoles(_ item: Manifest.SchemaItem, _ session: inout Session) throws -> Bool {
        switch item.kind {
        case "ACL", "DEFAULT ACL":
            var privileges = PrivilegeStatements(item, roles)
            try privileges.run(&session)
            leftOut += privileges.leftOut
        case "POLICY", "USER MAPPING":
            let missing = roles.missing(in: item.sql, kind: item.kind)
            guard let role = missing.first else { return false }
            guard item.kind == "POLICY", let sql = roles.policy(item.sql) else {
                leftOut.append("left out, because the server has no role \(role): \(item.title)")
                leftOutItems.insert(item.id)
                break
            }
            try session.execute(sql)
            leftOut.append(
                "\(item.title) is not for \(missing.joined(separator: ", ")), which the server does not have"
            )
        case "COMMENT", "SECURITY LABEL": return item.dependsOn.contains(where: leftOutItems.contains)
        default: return false
        }
        return true
    }
}

extension Manifest.SchemaItem {
    /// What a person calls it: `table public.orders`.
    var title: String {
        let place = schema.map { "\($0)." } ?? ""
        return "\(kind.lowercased()) \(place)\(name)"
    }
}
