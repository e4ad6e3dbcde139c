internal import Archive
internal import Logging
internal import PostgresClient

/// Sends items of the schema to the server, with their settings and owners, as pg_restore would.
struct SchemaStatements {
    let roles: RoleMap
    let withOwners: Bool
    /// Tablespaces that the server has; objects of others go to the default.
    let tablespaces: Set<String>
    /// What this value has set in its session; nil while it has set nothing and cannot know what another has.
    private var tablespace: String?
    private var accessMethod: String?

    init(roles: RoleMap, withOwners: Bool, tablespaces: Set<String>) {
        self.roles = roles
        self.withOwners = withOwners
        self.tablespaces = tablespaces
    }

    /// Settings that every session needs that makes objects.
    static let settings: [(name: String, value: String)] = [
        ("check_function_bodies", "off"), ("row_security", "off"), ("synchronous_commit", "off"),
        ("default_tablespace", ""), ("default_table_access_method", "heap"), ("lock_timeout", "60s"),
    ]

    /// - Throws: `RestoreError.statement` naming the object.
    mutating func make(_ item: Manifest.SchemaItem, _ session: inout Session) throws {
        do {
            try useStorage(of: item, session)
            try run(item, session)
            if withOwners, let owner = item.owner, let ownable = item.ownable {
                try session.execute("ALTER \(ownable) OWNER TO \(session.quoted(roles.role(owner)))")
            }
        } catch let error as PostgresError where error.code == .server {
            throw SchemaStatements.failure(of: item, error)
        }
    }

    static func failure(of item: Manifest.SchemaItem, _ error: PostgresError) -> RestoreError {
        RestoreError(.statement, "\(item.title) could not be made: \(error)", hint: error.hint)
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

    private func run(_ item: Manifest.SchemaItem, _ session: borrowing Session) throws {
        guard !item.sql.isEmpty else { return }
        let sql = roles.apply(to: item.sql, kind: item.kind, session)
        guard !withOwners, item.kind == "ACL" || item.kind == "DEFAULT ACL" else { return try session.execute(sql) }
        // Without owners the archive's roles may be missing, and with them what they were allowed to do.
        let inTransaction = session.isInTransaction
        if inTransaction { try session.execute("SAVEPOINT granary_privileges") }
        do {
            try session.execute(sql)
        } catch let error as PostgresError where error.sqlState == "42704" {
            if inTransaction { try session.execute("ROLLBACK TO SAVEPOINT granary_privileges") }
            session.logger.warning("left out the privileges of \(item.name): \(error.message)")
        }
    }
}

extension Manifest.SchemaItem {
    /// What a person calls it: `table public.orders`.
    var title: String {
        let place = schema.map { "\($0)." } ?? ""
        return "\(kind.lowercased()) \(place)\(name)"
    }
}
