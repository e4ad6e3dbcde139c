internal import SQLText

/// A statement of a plain dump, and its kind, if a restore treats that kind specially.
struct DumpStatement {
    enum Kind: Equatable {
        case schemaPublic
        /// DROP, or ALTER TABLE … DROP.
        case drop
        /// DROP of an object that initdb creates in every database.
        case dropOfInitdb
        /// A comment on an extension, the language plpgsql, or the schema public.
        case commentOfInitdb
        case languageOfInitdb
        /// The owner of the language plpgsql.
        case ownerOfInitdb
        /// Planner statistics, which pg_dump writes since PostgreSQL 18.
        case statistics
        /// `SET default_tablespace`
        case tablespace
        case other
    }

    /// A reference to a database as a whole.
    struct Database {
        enum Kind: Equatable {
            case create, drop, owner, setting, template, comment, privileges, other
        }

        var kind: Kind
        /// Such as `ALTER DATABASE`.
        var what: String
        var name: String
        /// The position of the token with the name.
        var place: Int
    }

    let text: [UInt8]
    let line: Int
    /// The first twelve words, in upper case.
    let words: [String]
    let setting: String?

    init(_ text: [UInt8], _ line: Int) {
        (self.text, self.line) = (text, line)
        words = StatementWords.first(12, of: text)
        setting = StatementWords.setting(changedBy: text)
    }

    var first: String { words.first ?? "" }
    var second: String { words.dropFirst().first ?? "" }
    /// SET, or the function call that pg_dump writes instead.
    var isSetting: Bool {
        first == "SET" || first == "RESET" || words.starts(with: ["SELECT", "PG_CATALOG", ".", "SET_CONFIG"])
    }

    /// Such as `COMMENT ON EXTENSION`.
    var title: String { words.prefix(first == "COMMENT" ? 3 : 2).joined(separator: " ") }

    var kind: Kind {
        switch first {
        case "CREATE":
            if second == "SCHEMA", isPublic(words.dropFirst(2).first) { return .schemaPublic }
            return isPlpgsql(after: "CREATE") ? .languageOfInitdb : .other
        case "DROP": return dropsWhatInitdbMade ? .dropOfInitdb : .drop
        case "ALTER":
            if isPlpgsql(after: "ALTER") { return .ownerOfInitdb }
            if words.starts(with: ["ALTER", "SCHEMA"]), isPublic(words.dropFirst(2).first),
                words.last == "PG_DATABASE_OWNER"
            {
                return .ownerOfInitdb
            }
            return second == "TABLE" && dropsPart ? .drop : .other
        case "COMMENT":
            let object = words.dropFirst(2).first
            let isOfInitdb =
                object == "EXTENSION" || object == "SCHEMA" && isPublic(words.dropFirst(3).first)
                || words.contains("LANGUAGE") && words.contains("PLPGSQL")
            return isOfInitdb ? .commentOfInitdb : .other
        case "SELECT":
            if words.contains("LO_UNLINK") { return .drop }
            let names = ["PG_RESTORE_RELATION_STATS", "PG_RESTORE_ATTRIBUTE_STATS", "PG_RESTORE_EXTENDED_STATS"]
            return names.contains(where: words.contains) ? .statistics : .other
        case "SET": return setting == "default_tablespace" ? .tablespace : .other
        default: return .other
        }
    }

    private func isPublic(_ word: String?) -> Bool { word == "PUBLIC" || word == "\"public\"" }

    /// Whether it creates or alters plpgsql, which every database has: `CREATE OR REPLACE TRUSTED PROCEDURAL LANGUAGE
    /// plpgsql` or a shorter form.
    private func isPlpgsql(after verb: String) -> Bool {
        var rest = words.dropFirst()
        while let word = rest.first, ["OR", "REPLACE", "TRUSTED", "PROCEDURAL"].contains(word) {
            rest = rest.dropFirst()
        }
        return rest.first == "LANGUAGE" && ["PLPGSQL", "\"plpgsql\""].contains(rest.dropFirst().first)
    }

    private var dropsWhatInitdbMade: Bool {
        let object = words.dropFirst().drop { $0 == "PROCEDURAL" }.first
        let name = words.dropFirst().first {
            !["SCHEMA", "EXTENSION", "LANGUAGE", "PROCEDURAL", "IF", "EXISTS"].contains($0)
        }
        switch object {
        case "SCHEMA": return isPublic(name)
        case "EXTENSION", "LANGUAGE": return name == "PLPGSQL" || name == "\"plpgsql\""
        default: return false
        }
    }

    /// Whether it drops a constraint or a default, as pg_dump --clean does.
    private var dropsPart: Bool {
        guard text.count < 4096 else { return false }
        let all = StatementWords.all(of: text)
        return all.indices.contains { all[$0] == "DROP" && $0 > 0 && all[$0 - 1] != "." }
    }

    /// `CREATE SCHEMA IF NOT EXISTS`
    var ifNotExists: [UInt8]? {
        guard let name = StatementText(text).significant.dropFirst(2).first else { return nil }
        var statement = StatementText(text)
        statement.replace(name.place, by: "IF NOT EXISTS \(name.lexeme.text)")
        return statement.bytes
    }
}

// Statements about the whole server.
extension DumpStatement {
    /// What it would do to the whole server, such as `CREATE ROLE`; nil for a statement about this database.
    var beyond: String? {
        switch first {
        case "CREATE", "ALTER", "DROP":
            let isOutside = ["ROLE", "GROUP", "TABLESPACE", "SYSTEM", "OWNED"].contains(second)
            let isUser = second == "USER" && words.dropFirst(2).first != "MAPPING"
            return isOutside || isUser ? "\(first) \(second)" : nil
        case "COMMENT":
            let object = words.dropFirst(2).first ?? ""
            return second == "ON" && ["ROLE", "TABLESPACE"].contains(object) ? "COMMENT ON \(object)" : nil
        case "GRANT", "REVOKE":
            guard let object = privilegesOn else { return "\(first) of a role" }
            switch object.kind {
            case "TABLESPACE", "PARAMETER": return "\(first) ON \(object.kind)"
            case "DATABASE" where object.isList: return "\(first) ON several databases"
            default: return nil
            }
        case "REASSIGN": return second == "OWNED" ? "REASSIGN OWNED" : nil
        case "SECURITY":
            let object = words.drop { $0 != "ON" }.dropFirst().first ?? ""
            return ["ROLE", "TABLESPACE"].contains(object) ? "SECURITY LABEL ON \(object)" : nil
        default: return nil
        }
    }

    /// The object of a GRANT or REVOKE: the keyword for its kind, empty for tables without one; nil for a membership.
    private var privilegesOn: (kind: String, isList: Bool)? {
        let words = StatementWords.all(of: text)
        guard let on = words.firstIndex(of: "ON") else { return nil }
        let object = words[(on + 1)...].prefix { $0 != "TO" && $0 != "FROM" }
        // A table may have the name `database`.
        let isName = object.count < 2 || [",", "."].contains(object[on + 2])
        return (isName ? "" : object[on + 1], object.contains(","))
    }

    /// The database that the statement is about, if it is about a database as a whole.
    var database: Database? {
        switch first {
        case "CREATE", "ALTER", "DROP":
            if second == "DATABASE" { return named(behind: "DATABASE", as: alteration, "\(first) DATABASE") }
            let isRole = first == "ALTER" && ["ROLE", "USER"].contains(second)
            guard isRole, words.dropFirst(3).prefix(2) == ["IN", "DATABASE"] else { return nil }
            return named(behind: "DATABASE", as: .setting, "ALTER ROLE IN DATABASE")
        case "COMMENT":
            guard words.starts(with: ["COMMENT", "ON", "DATABASE"]) else { return nil }
            return named(behind: "DATABASE", as: .comment, "COMMENT ON DATABASE")
        case "SECURITY":
            guard zip(words, words.dropFirst()).contains(where: { $0 == "ON" && $1 == "DATABASE" }) else { return nil }
            return named(behind: "DATABASE", as: .other, "SECURITY LABEL ON DATABASE")
        case "GRANT", "REVOKE":
            guard let object = privilegesOn, object.kind == "DATABASE", !object.isList else { return nil }
            return named(behind: "DATABASE", as: .privileges, "\(first) ON DATABASE")
        case "UPDATE":
            guard words.starts(with: ["UPDATE", "PG_CATALOG", ".", "PG_DATABASE", "SET"]),
                let literal = StatementText(text).significant.last(where: { $0.lexeme.kind == .string }),
                let name = literal.lexeme.stringValue
            else { return nil }
            return Database(kind: .template, what: "UPDATE of pg_database", name: name, place: literal.place)
        default: return nil
        }
    }

    private var alteration: Database.Kind {
        switch first {
        case "CREATE": return .create
        case "DROP": return .drop
        default: break
        }
        if words.contains("OWNER") { return .owner }
        let isForServer = ["IS_TEMPLATE", "ALLOW_CONNECTIONS", "TABLESPACE", "RENAME", "COLLATION"]
        return isForServer.contains(where: words.contains) ? .template : .setting
    }

    private func named(behind word: String, as kind: Database.Kind, _ what: String) -> Database? {
        let tokens = StatementText(text).significant
        guard let place = tokens.firstIndex(where: { $0.lexeme.isWord(word) }) else { return nil }
        var rest = tokens[(place + 1)...]
        while let next = rest.first?.lexeme, next.isWord("IF") || next.isWord("EXISTS") { rest = rest.dropFirst() }
        guard let token = rest.first, let name = token.lexeme.foldedName else { return nil }
        return Database(kind: kind, what: what, name: name, place: token.place)
    }
}
