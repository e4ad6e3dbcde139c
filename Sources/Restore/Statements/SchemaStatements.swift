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
    /// Where what is left out is listed.
    let leftOut: LeftOutList
    let absence: Absence
    /// What this value has set in its session; nil while it has set nothing and cannot know what another has.
    private var tablespace: String?
    private var accessMethod: String?

    /// Which items may be missing afterwards.
    struct Absence: Sendable {
        /// `--keep-going`: all that carry no rows.
        var ofAll = false
        /// `--allow-invalid`: the rows of materialized views.
        var ofViewRows = false
        /// The items of the archive. Privileges on an object that is none of them are on a member of an extension, which the
        /// server's version of it may no longer have.
        var archived: Set<Int> = []
        /// In the target itself, where extensions may be another role's, and keep the privileges that they have.
        var isInPlace = false

        func isAllowed(_ item: Manifest.SchemaItem) -> Bool {
            ofAll && !item.carriesRows || ofViewRows && item.kind == "MATERIALIZED VIEW DATA"
        }

        /// Whether the item is about an object that the archive does not make.
        func isAboutMember(_ item: Manifest.SchemaItem) -> Bool {
            item.kind == "ACL" && !item.isAboutLargeObjects && !item.dependsOn.contains(where: archived.contains)
                || item.kind == "COMMENT" && item.name.hasPrefix("EXTENSION ")
        }

        /// Whether the error says that the object is not there, or in place that it is another's.
        func isWithoutMember(_ item: Manifest.SchemaItem, _ error: PostgresError) -> Bool {
            // A comment on an extension is for its owner to make.
            if item.kind == "COMMENT", item.schema == nil, item.name.hasPrefix("EXTENSION ") {
                return error.sqlState == "42501"
            }
            guard isAboutMember(item) else { return false }
            let absent = ["42883", "42P01", "42704", "42703", "3F000"]
            return (isInPlace ? absent + ["42501"] : absent).contains(error.sqlState ?? "")
        }
    }

    init(
        roles: RoleMap,
        withOwners: Bool,
        tablespaces: Set<String>,
        userCode: UserCodeSettings,
        leftOut: LeftOutList,
        absence: Absence
    ) {
        self.roles = roles
        self.withOwners = withOwners
        self.tablespaces = tablespaces
        self.userCode = userCode
        self.leftOut = leftOut
        self.absence = absence
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
        let outcome = Result { try session.execute(refresh) }
        // A transaction that failed takes the settings back by itself.
        if (try? outcome.get()) != nil || !session.isInTransaction { try session.set(userCode.whileMaking) }
        try outcome.get()
    }

    /// Makes the item, or adds it to `leftOut` if it fails and may be missing.
    ///
    /// - Returns: Whether it was made.
    /// - Throws: `RestoreError.statement` naming the object; `PostgresError` for what is not the statement's fault.
    @discardableResult
    mutating func make(_ item: Manifest.SchemaItem, _ session: inout Session) throws -> Bool {
        // The index of a constraint may be missing already.
        guard !leftOut.contains(item) else { return false }
        do {
            try useStorage(of: item, session)
            try attempt(item, &session) { try $0.run(item, &$1) }
            return try own(item, &session)
        } catch let error as PostgresError where absence.isWithoutMember(item, error) {
            leftOut.add(item, because: error.description, .fallback)
        } catch let error as PostgresError where absence.isAllowed(item) && error.isOfStatement {
            leftOut.add(item, because: error.description)
        } catch let error as PostgresError where error.code == .server {
            throw SchemaStatements.failure(of: item, error)
        }
        return false
    }

    /// Runs `body`; if the item may be missing, a transaction that is open survives a failure.
    private mutating func attempt(
        _ item: Manifest.SchemaItem,
        _ session: inout Session,
        _ body: (inout SchemaStatements, inout Session) throws -> Void
    ) throws {
        guard absence.isAllowed(item) || absence.isAboutMember(item) else { return try body(&self, &session) }
        try session.attempt { try body(&self, &$0) }
    }

    /// Gives the item to its owner. A function or a view of another owner would run with other rights.
    private mutating func own(_ item: Manifest.SchemaItem, _ session: inout Session) throws -> Bool {
        guard withOwners, let owner = item.owner, let ownable = item.ownable else { return true }
        let sql = "ALTER \(ownable) OWNER TO \(session.quoted(roles.role(owner)))"
        do {
            try absence.ofAll ? session.attempt { try $0.execute(sql) } : session.execute(sql)
        } catch let error as PostgresError where absence.ofAll && error.isOfStatement {
            leftOut.add("owner of \(item.title)", because: error.description, .unprotected)
        }
        return true
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
        if try runByRoles(item, &session) { return }
        let sql = roles.apply(to: item.sql, kind: item.kind)
        if item.kind == "MATERIALIZED VIEW DATA" { return try Self.refresh(sql, userCode, session) }
        try session.execute(sql)
    }

    /// Runs what names roles of which some may be missing or out of reach; returns false for other items.
    private mutating func runByRoles(_ item: Manifest.SchemaItem, _ session: inout Session) throws -> Bool {
        guard !withOwners || absence.ofAll else { return false }
        switch item.kind {
        case "ACL", "DEFAULT ACL":
            var privileges = PrivilegeStatements(item, roles)
            try privileges.run(&session)
            for (statement, reason) in privileges.leftOut {
                leftOut.add(statement, because: reason, withOwners ? .missing : .fallback)
            }
        case "POLICY", "USER MAPPING":
            let missing = roles.missing(in: item.sql, kind: item.kind)
            guard let role = missing.first else { return false }
            guard item.kind == "POLICY", let sql = roles.policy(item.sql) else {
                leftOut.add(item, because: "the server has no role \(role)", .fallback)
                break
            }
            try session.execute(sql)
            for role in missing {
                leftOut.add("\(item.title) for \(role)", because: "the server has no role \(role)", .fallback)
            }
        case "COMMENT", "SECURITY LABEL":
            guard leftOut.hasLeftOut(anyOf: item.dependsOn) else { return false }
            leftOut.add(item, because: "")
        default: return false
        }
        return true
    }
}
