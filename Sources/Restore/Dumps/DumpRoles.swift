internal import PostgresClient
internal import SQLText

/// The roles in statements of a dump: mapped, left out, or missing.
struct DumpRoles {
    private let options: DumpRules.Options
    private let server: DumpRules.Server?
    private let map: RoleMap

    init(_ options: DumpRules.Options, _ server: DumpRules.Server?) {
        (self.options, self.server) = (options, server)
        // Without owners, roles may be missing; otherwise a missing role prevents the restore.
        map = RoleMap(names: options.roleMap, present: options.noOwner ? server?.roles : nil)
    }

    /// The verdict on a statement about owners or privileges; nil for all others.
    func verdict(_ statement: DumpStatement) -> DumpRules.Verdict? {
        // Something that is dropped may be missing, whatever its owner.
        guard statement.first != "DROP", let kind = statement.roleKind else { return nil }
        switch kind {
        case .owner: return options.noOwner ? .skip() : owner(statement)
        case .session where options.noOwner: return .skip()
        case .session: return .run(DumpAction(text: session(statement)))
        case .schema where options.noOwner: return .run(DumpAction(text: statement.withoutAuthorization))
        case .schema: return run(statement, kind)
        case .privileges where options.noPrivileges: return .skip(note: opened(statement))
        case .privileges, .defaultPrivileges, .userMapping:
            if kind == .defaultPrivileges, options.noPrivileges { return .skip() }
            return runUnlessMissing(statement, kind)
        case .policy: return policy(statement)
        case .setting: return nil
        }
    }

    func missing(in sql: String, kind: String) -> [String] { map.missing(in: sql, kind: kind) }

    func mapped(_ sql: String, kind: String) -> String { map.apply(to: sql, kind: kind) }

    private func owner(_ statement: DumpStatement) -> DumpRules.Verdict? {
        var text = StatementText(statement.text)
        guard let token = text.significant.last, let here = token.lexeme.foldedName.flatMap({ options.roleMap[$0] })
        else {
            return nil
        }
        text.replace(token.place, by: QuotedText.name(here))
        return .run(DumpAction(text: text.bytes))
    }

    private func run(_ statement: DumpStatement, _ kind: DumpStatement.RoleKind) -> DumpRules.Verdict {
        guard !options.roleMap.isEmpty else { return .run(DumpAction()) }
        var text = StatementText(statement.text)
        text.sql = mapped(text.sql, kind: kind.items)
        return .run(DumpAction(text: text.bytes))
    }

    private func runUnlessMissing(_ statement: DumpStatement, _ kind: DumpStatement.RoleKind) -> DumpRules.Verdict {
        let sql = StatementText(statement.text).sql
        if let role = map.missing(in: sql, kind: kind.items).first {
            // A missing role has nothing that could be revoked.
            guard statement.first != "REVOKE" else { return .skip() }
            return .skip(note: "left out, because the server has no role \(role): \(statement.shown)")
        }
        guard case .run(var action) = run(statement, kind), options.noOwner, statement.first != "REVOKE" else {
            return run(statement, kind)
        }
        // No right, undefined, no grant options: left out, as in an archive that is restored without owners.
        action.mayFail = ["42704", "42501", "0LP01", "0L000"]
        action.note = "left out: \(statement.shown)"
        return .run(action)
    }

    private func policy(_ statement: DumpStatement) -> DumpRules.Verdict {
        var text = StatementText(statement.text)
        let missing = map.missing(in: text.sql, kind: "POLICY")
        guard let role = missing.first else { return run(statement, .policy) }
        guard let sql = map.policy(text.sql) else {
            return .skip(
                note: "left out, because the server has no role \(role): \(statement.title) of line \(statement.line)"
            )
        }
        text.sql = sql
        return .run(DumpAction(text: text.bytes))
    }

    /// `SET SESSION AUTHORIZATION` of the mapped role; nil if it is not mapped.
    private func session(_ statement: DumpStatement) -> [UInt8]? {
        guard let role = statement.sessionRole, let here = options.roleMap[role.name] else { return nil }
        var text = StatementText(statement.text)
        text.replace(role.place, by: QuotedText.name(here))
        return text.bytes
    }

    /// A note if `--no-privileges` leaves out a REVOKE from PUBLIC.
    private func opened(_ statement: DumpStatement) -> String? {
        guard statement.first == "REVOKE", statement.words.last == "PUBLIC" else { return nil }
        return
            "left out with --no-privileges, so that everyone has these rights: \(statement.shown)"
    }
}

extension DumpStatement {
    /// The ways in which statements name roles.
    enum RoleKind: Equatable {
        case owner, session, schema, privileges, defaultPrivileges, policy, userMapping
        /// `ALTER ROLE … IN DATABASE`
        case setting

        /// The kind of archived item that names roles in the same way.
        var items: String {
            switch self {
            case .policy: "POLICY"
            case .userMapping: "USER MAPPING"
            case .defaultPrivileges: "DEFAULT ACL"
            default: "ACL"
            }
        }
    }

    /// nil for statements that name no role.
    var roleKind: RoleKind? {
        switch (first, second) {
        case ("GRANT", _), ("REVOKE", _): .privileges
        case ("ALTER", "DEFAULT"): .defaultPrivileges
        case ("CREATE", "POLICY"), ("ALTER", "POLICY"): .policy
        case ("CREATE", "USER"), ("ALTER", "USER"), ("DROP", "USER"): .userMapping
        case ("SET", _) where SessionRole.isSet(by: text): .session
        case ("RESET", "SESSION"): .session
        case ("CREATE", "SCHEMA") where words.contains("AUTHORIZATION"): .schema
        case ("ALTER", _) where givesAway: .owner
        default: nil
        }
    }

    /// See `SessionRole.named(in:)`.
    var sessionRole: (name: String, place: Int)? { SessionRole.named(in: text) }

    var settingKind: RoleKind? { first == "ALTER" && ["ROLE", "USER"].contains(second) ? .setting : nil }

    /// Whether it is `ALTER … OWNER TO role`, as pg_dump writes it.
    private var givesAway: Bool {
        guard text.count < 4096 else { return false }
        let all = StatementWords.all(of: text)
        return all.count > 3 && all[all.count - 3] == "OWNER" && all[all.count - 2] == "TO"
    }

    /// `CREATE SCHEMA` without an owner. A schema without a name of its own keeps the name of its owner.
    fileprivate var withoutAuthorization: [UInt8]? {
        var statement = StatementText(text)
        let tokens = statement.significant
        guard let place = tokens.firstIndex(where: { $0.lexeme.isWord("AUTHORIZATION") }), place + 1 < tokens.count
        else {
            return nil
        }
        let isNamed = !["SCHEMA", "EXISTS"].contains { tokens[place - 1].lexeme.isWord($0) }
        if isNamed { statement.replace(tokens[place + 1].place, by: "") }
        statement.replace(tokens[place].place, by: "")
        return statement.bytes
    }

    /// The statement for a note. Privileges contain only names and keywords; the options of a user mapping may contain
    /// a password.
    fileprivate var shown: String {
        guard ["GRANT", "REVOKE"].contains(first) || roleKind == .defaultPrivileges else {
            let what = roleKind == .userMapping ? "\(title) MAPPING" : title
            return "\(what) of line \(line)"
        }
        let line = StatementText(text).sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 200 ? line.prefix(200) + "…" : line
    }
}
