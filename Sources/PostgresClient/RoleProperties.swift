/// The properties that `CREATE ROLE`, `ALTER ROLE` and `GRANT role` set, without the objects and privileges of the
/// role.
///
/// Source: `pg_authid`, `pg_auth_members`, `pg_db_role_setting`, `pg_shdescription`.
package struct RoleProperties: Sendable, Equatable {
    package var name: String
    /// Keywords of `CREATE ROLE`, such as `LOGIN`.
    package var attributes: [String] = []
    /// -1 for none.
    package var connectionLimit = -1
    package var validUntil: String?
    /// Settings for all databases, each with its name and its stored text.
    package var settings: [Setting] = []
    package var comment: String?
    /// A SCRAM verifier.
    package var password: String?
    package var memberOf: [Membership] = []

    package struct Setting: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(name: String, value: String) { (self.name, self.value) = (name, value) }
    }

    package struct Membership: Sendable, Equatable {
        package var role: String
        package var admin: Bool
        /// nil before PostgreSQL 16.
        package var inherit: Bool?
        package var set: Bool?

        package init(role: String, admin: Bool, inherit: Bool? = nil, set: Bool? = nil) {
            (self.role, self.admin, self.inherit, self.set) = (role, admin, inherit, set)
        }
    }

    package init(name: String) { self.name = name }
}

// As SQL.
extension RoleProperties {
    /// The `CREATE ROLE`.
    package func creation(_ session: borrowing Session) -> String {
        var words = ["CREATE ROLE \(session.quoted(name))"] + attributes
        if connectionLimit != -1 { words.append("CONNECTION LIMIT \(connectionLimit)") }
        if let validUntil { words.append("VALID UNTIL \(session.literal(validUntil))") }
        if let password { words.append("PASSWORD \(session.literal(password))") }
        return words.joined(separator: " ")
    }

    /// The statements that follow it: settings and the comment.
    package func alterations(_ session: borrowing Session) -> [String] {
        let role = session.quoted(name)
        let settings = settings.map {
            "ALTER ROLE \(role) SET \(session.quoted($0.name)) TO \(SettingValue($0.name, $0.value).sql(session))"
        }
        return settings + (comment.map { ["COMMENT ON ROLE \(role) IS \(session.literal($0))"] } ?? [])
    }

    /// A `GRANT` of another role to this one.
    package func grant(_ membership: Membership, _ session: borrowing Session) -> String {
        let grant = "GRANT \(session.quoted(membership.role)) TO \(session.quoted(name))"
        guard session.serverVersion >= 160_000, let inherit = membership.inherit, let set = membership.set else {
            return grant + (membership.admin ? " WITH ADMIN OPTION" : "")
        }
        return "\(grant) WITH ADMIN \(membership.admin), INHERIT \(inherit), SET \(set)"
    }
}

extension [RoleProperties] {
    /// The roles in an order in which each role follows those that it is a member of. Memberships have no cycles.
    package var membersLast: [RoleProperties] {
        var (rest, ordered): ([RoleProperties], [RoleProperties]) = (self, [])
        while !rest.isEmpty {
            let open = Set(exactly: rest.map(\.name))
            let ready = rest.filter { role in !role.memberOf.contains { open.contains($0.role) && $0.role != role.name }
            }
            guard !ready.isEmpty else { return ordered + rest }
            ordered += ready
            let done = Set(exactly: ready.map(\.name))
            rest.removeAll { done.contains($0.name) }
        }
        return ordered
    }
}
