internal import Archive
internal import Databases
internal import Logging
internal import PostgresClient
internal import Synchronization

/// The roles of an archive that the server lacks and `--roles` creates. Existing roles are not changed.
struct MissingRoles: Sendable {
    private let roles: [RoleProperties]
    private let map: RoleMap

    /// - Parameter present: All roles of the server.
    init(_ manifest: Manifest, _ options: RestoreOptions, present: Set<String>) {
        let map = RoleMap(names: options.roleMap)
        self.map = map
        // A mapped role is not created: the mapping names an existing one.
        roles =
            options.createsRoles
            ? (manifest.roleDefinitions ?? []).filter { map.names[$0.name] == nil && !present.contains($0.name) }
                .map(RoleProperties.init) : []
    }

    var names: [String] { roles.map(\.name) }

    /// Reasons why the role of the session may not create them.
    func obstacles(_ session: borrowing Session) throws -> [Preflight.Obstacle] {
        guard let first = roles.first else { return [] }
        let me = try session.query(
            "SELECT rolname, rolsuper, rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user"
        )[0]
        guard !me.bool("rolsuper") else { return [] }
        guard me.bool("rolcreaterole") else {
            return [
                Preflight.Obstacle(
                    message: "role \(me.text("rolname")) may not create roles, such as \(first.name)",
                    hint:
                        "ALTER ROLE \(me.text("rolname")) CREATEROLE, or create them as a superuser (schema/roles.sql)"
                )
            ]
        }
        guard
            let strong = roles.first(where: {
                !Set($0.attributes).isDisjoint(with: ["SUPERUSER", "REPLICATION", "BYPASSRLS"])
            })
        else { return [] }
        return [
            Preflight.Obstacle(
                message:
                    "only a superuser may create the role \(strong.name), which is \(strong.attributes.joined(separator: ", "))",
                hint: "restore as a superuser, or map it with --role-map \(strong.name)=OTHER"
            )
        ]
    }

    /// - Returns: Sentences about memberships that could not be granted.
    /// - Throws: `RestoreError.statement`, `PostgresError`.
    func create(_ session: borrowing Session) throws -> [String] {
        var notes: [String] = []
        for role in roles.membersLast {
            _ = try role.attributes.map(ArchivedWord.init)
            do {
                try session.execute(role.creation(session))
                for statement in role.alterations(session) { try session.execute(statement) }
                notes += try grant(role, session)
            } catch let error as PostgresError where error.isOfStatement {
                throw RestoreError(.statement, "role \(role.name) could not be created: \(error)", hint: error.hint)
            }
        }
        return notes + (roles.isEmpty ? [] : ["created the roles \(names.listed(atMost: 20))"])
    }

    private func grant(_ role: RoleProperties, _ session: borrowing Session) throws -> [String] {
        var notes: [String] = []
        for membership in role.memberOf {
            var membership = membership
            membership.role = map.role(membership.role)
            let isThere = try session.query(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS there",
                [membership.role]
            )[0].bool("there")
            if isThere {
                try session.execute(role.grant(membership, session))
            } else {
                notes.append("\(role.name) is not a member of \(membership.role), which the server does not have")
            }
        }
        return notes
    }

    /// Drops them after a failed restore.
    func drop(_ session: borrowing Session) throws {
        for role in roles.membersLast.reversed() {
            try session.execute("DROP ROLE IF EXISTS \(session.quoted(role.name))")
        }
    }
}

extension RoleProperties {
    init(_ role: Manifest.Role) {
        self.init(name: role.name)
        attributes = role.attributes
        connectionLimit = role.connectionLimit
        validUntil = role.validUntil
        settings = role.settings.map { Setting(name: $0.name, value: $0.value) }
        comment = role.comment
        password = role.password
        memberOf = role.memberOf.map { Membership(role: $0.role, admin: $0.admin, inherit: $0.inherit, set: $0.set) }
    }

    /// Its rights beyond its own databases, for people; nil if it has none.
    ///
    /// Every membership is listed, because the server may have a powerful role of that name.
    var powers: String? {
        let words = attributes.filter { ["SUPERUSER", "CREATEROLE", "REPLICATION", "BYPASSRLS"].contains($0) }
        let all = words + memberOf.map { "member of \($0.role)" }
        return all.isEmpty ? nil : "\(name) (\(all.joined(separator: ", ")))"
    }
}

/// The roles that a restore has created before its new database.
final class CreatedRoles: Sendable {
    private let created = Mutex<MissingRoles?>(nil)

    /// Creates all of them or none.
    func create(_ roles: MissingRoles, _ session: borrowing Session) throws -> [String] {
        guard !roles.names.isEmpty else { return [] }
        try session.execute("BEGIN")
        do {
            let notes = try roles.create(session)
            try session.execute("COMMIT")
            created.withLock { $0 = roles }
            return notes
        } catch {
            try? session.execute("ROLLBACK")  // `error` is the one that counts.
            throw error
        }
    }

    /// Drops the roles if the restore fails. By then the database that uses them has been dropped.
    func droppedOnFailure<R: Sendable>(
        _ server: ServerAddress,
        logger: Logger,
        _ body: () async throws -> R
    ) async throws -> R {
        do {
            return try await body()
        } catch let error as PostgresError where error.code == .inDoubt {
            throw error
        } catch let error as DatabaseError where error.code == .taken {
            // The restored database is kept, and uses them.
            throw error
        } catch {
            if let roles = created.withLock({ $0 }) { await drop(roles, server, logger) }
            throw error
        }
    }

    private func drop(_ roles: MissingRoles, _ server: ServerAddress, _ logger: Logger) async {
        // In a new task, because the current one may be cancelled.
        await Task {
            do {
                try await withSession(server.setting("connect_timeout", to: "3"), logger: logger) { try roles.drop($0) }
            } catch {
                logger.warning("the roles \(roles.names.listed(atMost: 20)) were created and are still there: \(error)")
            }
        }.value
    }
}
