internal import Databases
internal import PostgresClient
internal import SQLText

/// The roles, extensions and rights that a dump needs, and the database that it creates.
struct DumpNeeds: Sendable {
    /// Roles that own something or get privileges, by their names on the server.
    private(set) var roles: Set<String> = []
    private(set) var extensions: Set<String> = []
    private var dumpRights = DumpRights()
    /// What PostgreSQL does not permit every role.
    var rights: NeededRights { dumpRights.needed }
    /// The content of `CREATE DATABASE`.
    var database: DumpedDatabase?

    mutating func note(_ statement: DumpStatement, _ options: DumpRules.Options) {
        if statement.words.starts(with: ["CREATE", "EXTENSION"]) { noteExtension(statement) }
        noteRoles(statement, options)
        dumpRights.note(statement, options)
    }

    private mutating func noteExtension(_ statement: DumpStatement) {
        var rest = StatementText(statement.text).significant.dropFirst(2)
        while let next = rest.first?.lexeme, ["IF", "NOT", "EXISTS"].contains(where: next.isWord) {
            rest = rest.dropFirst()
        }
        if let name = rest.first?.lexeme.foldedName { extensions.insert(name) }
    }

    /// Without owners a role may be missing; its privileges are then left out.
    private mutating func noteRoles(_ statement: DumpStatement, _ options: DumpRules.Options) {
        guard !options.noOwner, let kind = statement.roleKind ?? statement.settingKind else { return }
        if options.noPrivileges, kind == .privileges || kind == .defaultPrivileges { return }
        let map = RoleMap(names: options.roleMap)
        // An older server may lack some of PostgreSQL's own roles. They cannot be created.
        roles.formUnion(named(statement, kind).map(map.role).filter { !$0.hasPrefix("pg_") })
    }

    private func named(_ statement: DumpStatement, _ kind: DumpStatement.RoleKind) -> [String] {
        let text = StatementText(statement.text)
        switch kind {
        case .owner:
            let role = text.significant.last?.lexeme.foldedName
            return role.map { ["CURRENT_USER", "SESSION_USER", "CURRENT_ROLE"].contains($0.uppercased()) ? [] : [$0] }
                ?? []
        case .setting: return text.significant.dropFirst(2).first?.lexeme.foldedName.map { [$0] } ?? []
        case .session: return statement.sessionRole.map { [$0.name] } ?? []
        default: return RoleMap.roles(in: text.sql, kind: kind.items)
        }
    }
}

/// What a dump says about its database as a whole.
struct DumpedDatabase: Sendable, Equatable {
    /// The options of `CREATE DATABASE`, such as `ENCODING`.
    private var values: [String: String] = [:]
    private var settings: [DatabaseProperties.Setting] = []
    private var owner: String?
    private var comment: String?
    private var connectionLimit = -1

    init(_ statement: DumpStatement) {
        let tokens = StatementText(statement.text).significant.map(\.lexeme)
        for place in tokens.indices.dropLast(2) where tokens[place].kind == .word && tokens[place + 1].text == "=" {
            let value = tokens[place + 2]
            if let text = value.stringValue ?? value.foldedName { values[tokens[place].text.uppercased()] = text }
        }
    }

    var settingNames: [String] { settings.map(\.name) }

    /// Records an `ALTER DATABASE`, an `ALTER ROLE … IN DATABASE` or a comment.
    mutating func note(_ statement: DumpStatement, _ kind: DumpStatement.Database.Kind) {
        let tokens = StatementText(statement.text).significant.map(\.lexeme)
        switch kind {
        case .owner: owner = tokens.last?.foldedName
        case .comment: comment = tokens.last?.stringValue
        default:
            if let limit = tokens.firstIndex(where: { $0.isWord("LIMIT") }) {
                let number = tokens[(limit + 1)...].drop { $0.text == "=" }.first?.text
                connectionLimit = number.flatMap(Int.init) ?? connectionLimit
            } else {
                noteSetting(tokens)
            }
        }
    }

    private mutating func noteSetting(_ tokens: [Lexeme]) {
        guard let set = tokens.firstIndex(where: { $0.isWord("SET") }),
            let mark = tokens[set...].firstIndex(where: { $0.isWord("TO") || $0.text == "=" })
        else { return }
        let name = tokens[(set + 1)..<mark].compactMap { $0.foldedName ?? $0.text }.joined()
        let elements = tokens[(mark + 1)...].filter { $0.text != "," }.map { $0.stringValue ?? $0.name ?? $0.text }
        let role = tokens[1].isWord("DATABASE") ? nil : tokens[2].foldedName
        let value = SettingValue.stored(name, elements)
        settings.append(DatabaseProperties.Setting(role: role, name: name, value: value))
    }

    /// The properties of a database that is created for the dump.
    ///
    /// - Parameter usual: Properties that the dump does not set.
    func properties(_ usual: DatabaseProperties, _ options: DumpRules.Options) -> DatabaseProperties {
        var properties = usual
        if let encoding = values["ENCODING"] { properties.encoding = encoding }
        if let locale = values["LOCALE"] { (properties.collate, properties.ctype) = (locale, locale) }
        if let collate = values["LC_COLLATE"] { properties.collate = collate }
        if let ctype = values["LC_CTYPE"] { properties.ctype = ctype }
        if values.keys.contains(where: { $0.hasPrefix("LOCALE") || $0 == "LC_COLLATE" }) {
            properties.localeProvider = values["LOCALE_PROVIDER"] ?? "libc"
            properties.locale = values["ICU_LOCALE"] ?? values["BUILTIN_LOCALE"] ?? values["LOCALE"]
            properties.icuRules = values["ICU_RULES"]
        }
        let map = RoleMap(names: options.roleMap)
        if let owner, !options.noOwner { properties.owner = map.role(owner) }
        properties.settings = settings.map {
            DatabaseProperties.Setting(role: $0.role.map(map.role), name: $0.name, value: $0.value)
        }
        properties.comment = comment
        properties.connectionLimit = connectionLimit
        return properties
    }
}
