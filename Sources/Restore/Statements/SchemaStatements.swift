internal import Archive
internal import Logging
internal import PostgresClient

/// Executes items of the schema with their settings and owners, as pg_restore would.
struct SchemaStatements {
    let roles: RoleMap
    let withOwners: Bool
    /// Tablespaces of the server. Objects in other tablespaces go to the default.
    let tablespaces: Set<String>
    let userCode: UserCodeSettings
    /// The list of what is left out.
    let leftOut: LeftOutList
    let absence: Absence
    /// The tablespace that this value has set in its session; nil before the first one.
    private var tablespace: String?
    private var accessMethod: String?

    /// The items that may be left out.
    struct Absence: Sendable {
        /// `--keep-going`: all items without rows.
        var ofAll = false
        /// `--allow-invalid`: the data of materialized views.
        var ofViewRows = false
        /// The items of the archive. Privileges on any other object are on a member of an extension, which may not
        /// exist in the server's version of the extension.
        var archived: Set<Int> = []
        /// In the target itself, an extension may belong to another role and then keeps its privileges.
        var isInPlace = false

        func isAllowed(_ item: Manifest.SchemaItem) -> Bool {
            ofAll && !item.carriesRows || ofViewRows && item.kind == "MATERIALIZED VIEW DATA"
        }

        /// Whether the item is about an object that the archive does not create.
        func isAboutMember(_ item: Manifest.SchemaItem) -> Bool {
            item.kind == "ACL" && !item.isAboutLargeObjects && !item.dependsOn.contains(where: archived.contains)
                || item.kind == "COMMENT" && item.name.hasPrefix("EXTENSION ")
        }

        /// Whether the error says that the object does not exist, or in place that it belongs to another role.
        func isWithoutMember(_ item: Manifest.SchemaItem, _ error: PostgresError) -> Bool {
            // Only the owner of an extension may comment on it.
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

    /// Settings of every session that creates objects.
    static let settings: [(name: String, value: String)] = [
        ("check_function_bodies", "off"), ("row_security", "off"), ("synchronous_commit", "off"),
        ("default_tablespace", ""), ("default_table_access_method", "heap"), ("lock_timeout", "60s"),
    ]

    /// Pins a session that creates objects or loads rows. Time-outs, an empty `search_path` and `settings` are
    /// granary's; settings that user code reads are the database's.
    ///
    /// - Parameter userCode: Empty as long as the new database has no settings.
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

    /// Resets a setting of the database or the role that would leave foreign keys unchecked.
    static func fireTriggers(_ session: borrowing Session) throws {
        try session.query(
            """
            SELECT pg_catalog.set_config(name, 'origin', false) FROM pg_catalog.pg_settings
            WHERE name = 'session_replication_role' AND setting <> 'origin'
            """
        )
    }

    /// Fills a materialized view. Its functions see the database's own settings.
    static func refresh(
        _ refresh: String,
        _ userCode: UserCodeSettings,
        _ session: borrowing Session
    ) throws {
        try session.set(userCode.own)
        let outcome = Result { try session.execute(refresh) }
        // A failed transaction resets the settings by itself.
        if (try? outcome.get()) != nil || !session.isInTransaction { try session.set(userCode.whileMaking) }
        try outcome.get()
    }

    /// Creates the item, or adds it to `leftOut` if that fails and the item may be left out.
    ///
    /// - Returns: Whether it was created.
    /// - Throws: `RestoreError.statement` naming the object; `PostgresError` if the statement is not the cause.
    @discardableResult
    mutating func make(_ item: Manifest.SchemaItem, _ session: inout Session) throws -> Bool {
        // The index of a constraint may have been left out already.
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
            throw error.isOfStatement ? SchemaStatements.failure(of: item, error) : error.at(item.title)
        }
        return false
    }

    /// Runs `body`. If the item may be left out, an open transaction survives a failure.
    private mutating func attempt(
        _ item: Manifest.SchemaItem,
        _ session: inout Session,
        _ body: (inout SchemaStatements, inout Session) throws -> Void
    ) throws {
        guard absence.isAllowed(item) || absence.isAboutMember(item) else { return try body(&self, &session) }
        try session.attempt { try body(&self, &$0) }
    }

    /// Sets the owner of the item. Under another owner, a function or view would run with other rights.
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

    /// Executes items that name roles which may be missing; returns false for other items.
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
