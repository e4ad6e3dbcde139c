internal import PostgresClient
internal import SQLText

/// Collects which rights the statements of a plain dump need.
struct DumpRights: Sendable {
    private(set) var needed = NeededRights()
    /// Schemas in which the dump has already let roles create objects. pg_dump writes its privileges at the end, but
    /// other scripts may write them first.
    private var openedSchemas: Set<ExactText> = []
    /// More names are not useful in a message.
    private static let namesMax = 1000

    mutating func note(_ statement: DumpStatement, _ options: DumpRules.Options) {
        guard ["CREATE", "ALTER", "GRANT", "REVOKE", "SET"].contains(statement.first), statement.database == nil else {
            return
        }
        let words = StatementWords.first(200, of: statement.text)
        switch statement.first {
        case "CREATE" where statement.kind == .other: noteCreation(words, options)
        case "ALTER": noteAlteration(statement, words, options)
        case "SET": noteSessionRole(statement, options)
        case "GRANT", "REVOKE": notePrivileges(statement, words, options)
        default: break
        }
    }
}

// CREATE and ALTER.
extension DumpRights {
    private mutating func noteCreation(_ words: [String], _ options: DumpRules.Options) {
        var made = Array(
            words.dropFirst().drop { ["OR", "REPLACE", "TRUSTED", "PROCEDURAL", "UNLOGGED"].contains($0) }
        )
        if let place = made.firstIndex(of: "IF"), made[place...].starts(with: ["IF", "NOT", "EXISTS"]) {
            made.removeSubrange(place..<(place + 3))
        }
        switch made.first {
        case "SCHEMA":
            let owner = made.firstIndex(of: "AUTHORIZATION").flatMap { $0 + 1 < made.count ? made[$0 + 1] : nil }
            guard made.count > 1, let name = made[1] == "AUTHORIZATION" ? owner : made[1] else { return }
            needed.schemas[Self.exact(name)] = .some(options.noOwner ? nil : owner.map { role($0, options) })
            if let owner, !options.noOwner { needed.gifts.insert(.init(owner: role(owner, options))) }
        case "EXTENSION": if made.count > 1 { needed.extensions.append(Self.exact(made[1]).text) }
        default: break
        }
        if let title = Self.superusersObject(made) { add(title, to: \.superusersObjects) }
    }

    /// The name for people of an object that only a superuser may create; nil for all others.
    private static func superusersObject(_ made: [String]) -> String? {
        let kinds = [
            ["EVENT", "TRIGGER"], ["FOREIGN", "DATA", "WRAPPER"], ["ACCESS", "METHOD"], ["TEXT", "SEARCH", "TEMPLATE"],
            ["TEXT", "SEARCH", "PARSER"], ["OPERATOR", "CLASS"], ["OPERATOR", "FAMILY"],
        ]
        if let kind = kinds.first(where: { made.starts(with: $0) }) { return title(made, kind.count) }
        func has(_ sequence: String...) -> Bool { made.contains(sequence) }
        switch made.first {
        // A language without a handler is created as an extension, whose rights are checked as such.
        case "LANGUAGE" where has("HANDLER"): return title(made, 1)
        // A type with functions of its own, or the declaration that pg_dump writes before it.
        case "TYPE" where has("INPUT", "=") || made.count == 2 || made.count == 4 && made[2] == ".":
            return title(made, 1)
        case "PUBLICATION" where has("FOR", "ALL", "TABLES") || has("TABLES", "IN", "SCHEMA"): return title(made, 1)
        case "CAST" where has("WITHOUT", "FUNCTION"): return "cast " + made.dropFirst().prefix { $0 != "WITHOUT" }.text
        case "FUNCTION", "PROCEDURE": return NeededRights.isForSuperusers(function: made) ? title(made, 1) : nil
        default: return nil
        }
    }

    /// `event trigger told`, `function shop.leak`
    private static func title(_ made: [String], _ kindWords: Int) -> String {
        let kind = made.prefix(kindWords).joined(separator: " ").lowercased()
        let rest = Array(made.dropFirst(kindWords))
        let isQualified = rest.count > 2 && rest[1] == "."
        return "\(kind) \(rest.prefix(isQualified ? 3 : 1).text)"
    }

    private mutating func noteAlteration(_ statement: DumpStatement, _ words: [String], _ options: DumpRules.Options) {
        if words.starts(with: ["ALTER", "PUBLICATION"]), words.contains(["TABLES", "IN", "SCHEMA"]) {
            add("publication \(words.dropFirst(2).prefix(1).text) of whole schemas", to: \.superusersObjects)
        }
        // ALTER TABLE schema.table DISABLE TRIGGER ALL
        if words.count >= 8, words[1] == "TABLE", words.suffix(3) == ["DISABLE", "TRIGGER", "ALL"],
            words[words.count - 5] == "."
        {
            let (schema, name) = (Self.exact(words[words.count - 6]), Self.exact(words[words.count - 4]))
            needed.tablesWithoutTriggers.insert(TableName(schema: schema.text, name: name.text))
        }
        guard !options.noOwner, statement.kind != .ownerOfInitdb else { return }
        if statement.roleKind == .defaultPrivileges {
            guard !options.noPrivileges else { return }
            // FOR ROLE a, b
            let roles = words.drop { $0 != "ROLE" && $0 != "USER" }.dropFirst().prefix {
                !["IN", "GRANT", "REVOKE"].contains($0)
            }
            for name in roles where name != "," { needed.defaultPrivileges.insert(role(name, options)) }
        }
        let all = StatementWords.all(of: statement.text)
        guard statement.roleKind == .owner, let owner = all.last else { return }
        guard !["CURRENT_USER", "SESSION_USER", "CURRENT_ROLE"].contains(owner) else { return }
        // The statement without ALTER and without OWNER TO role.
        let object = Array(all.dropFirst().dropLast(3))
        let schema = Self.schema(in: object).flatMap { openedSchemas.contains($0) ? nil : $0 }
        needed.gifts.insert(.init(owner: role(owner, options), schema: schema))
        if object.count == 2, object[0] == "SCHEMA" {
            needed.schemas[Self.exact(object[1])] = .some(role(owner, options))
        }
    }
}

// Privileges, and acting as another role.
extension DumpRights {
    private mutating func noteSessionRole(_ statement: DumpStatement, _ options: DumpRules.Options) {
        guard !options.noOwner, let name = statement.sessionRole?.name else { return }
        needed.sessionRoles.insert(ExactText(options.roleMap[name] ?? name))
    }

    private mutating func notePrivileges(_ statement: DumpStatement, _ words: [String], _ options: DumpRules.Options) {
        // Without owners, grants that fail are left out.
        guard !options.noPrivileges, !options.noOwner || statement.first == "REVOKE",
            let on = words.firstIndex(of: "ON")
        else { return }
        let object = Array(words[(on + 1)...].prefix { $0 != "TO" && $0 != "FROM" })
        if statement.first == "GRANT", object.first == "SCHEMA",
            words[..<on].contains(where: ["CREATE", "ALL"].contains)
        {
            openedSchemas.formUnion(object.dropFirst().filter { $0 != "," }.map(Self.exact))
        }
        // In any other schema the object may be one of the dump.
        let schema = Self.schema(in: object)?.text
        guard schema == "pg_catalog" || schema == "information_schema" else { return }
        add(object.text, to: \.privilegesOfMembers)
    }
}

// Names.
extension DumpRights {
    /// The schema of the first name that has one, before any parenthesis.
    private static func schema(in words: [String]) -> ExactText? {
        let head = words.prefix { $0 != "(" }
        return head.firstIndex(of: ".").flatMap { $0 > 0 ? exact(words[$0 - 1]) : nil }
    }

    /// The name in the catalog: without quotation marks; unquoted words are folded.
    private static func exact(_ word: String) -> ExactText {
        guard word.hasPrefix("\"") else { return ExactText(word.lowercased()) }
        return ExactText(String(word.dropFirst().dropLast()).replacing("\"\"", with: "\""))
    }

    private func role(_ word: String, _ options: DumpRules.Options) -> ExactText {
        let name = Self.exact(word).text
        return ExactText(options.roleMap[name] ?? name)
    }

    private mutating func add(_ title: String, to list: WritableKeyPath<NeededRights, [String]>) {
        guard needed[keyPath: list].count < Self.namesMax, !needed[keyPath: list].contains(title) else { return }
        needed[keyPath: list].append(title)
    }
}

extension Collection<String> {
    /// The words as SQL, in lower case.
    fileprivate var text: String {
        reduce(into: "") { text, word in
            let isGlued =
                [".", "(", ")", ","].contains(word) || text.isEmpty || text.hasSuffix(".") || text.hasSuffix("(")
            text += isGlued ? "" : " "
            text += word.hasPrefix("\"") ? word : word.lowercased()
        }
    }
}
