internal import Archive
internal import DumpArchives
internal import PostgresClient
internal import SQLText

// Parsers for statements of pg_dump, each of which has only one form.

/// The tokens of a statement, without blanks and comments.
private struct Words {
    private let lexemes: [Lexeme]
    private(set) var position = 0

    init(_ sql: String) { lexemes = Lexeme.all(of: sql).filter { !$0.kind.isTrivia } }

    var next: Lexeme? { position < lexemes.count ? lexemes[position] : nil }
    var isAtEnd: Bool { position >= lexemes.count }

    mutating func take() -> Lexeme? {
        defer { position += 1 }
        return next
    }

    /// Skips words or signs if all of them are next.
    mutating func takes(_ words: String...) -> Bool {
        let range = position..<(position + words.count)
        guard range.upperBound <= lexemes.count,
            zip(lexemes[range], words).allSatisfy({ $0.text == $1 && $0.kind != .quotedName && $0.kind != .string })
        else { return false }
        position = range.upperBound
        return true
    }

    /// The name as written, such as `"app".orders`; nil if no name is next.
    mutating func takeQualifiedName() -> String? {
        guard let first = take(), first.name != nil else { return nil }
        guard takes(".") else { return first.text }
        guard let second = take(), second.name != nil else { return nil }
        return "\(first.text).\(second.text)"
    }

    /// The tokens between parentheses; nil if no parenthesis is next.
    mutating func takeParentheses() -> [Lexeme]? {
        guard takes("(") else { return nil }
        var depth = 1
        var inside: [Lexeme] = []
        while let lexeme = take() {
            if lexeme.kind == .sign, lexeme.text == "(" { depth += 1 }
            if lexeme.kind == .sign, lexeme.text == ")" { depth -= 1 }
            if depth == 0 { return inside }
            inside.append(lexeme)
        }
        return nil
    }
}

extension [Lexeme] {
    /// The tokens as SQL.
    fileprivate var text: String { map(\.text).joined(separator: " ") }

    /// The parts between commas, ignoring commas in parentheses.
    fileprivate var list: [[Lexeme]] {
        var depth = 0
        var parts: [[Lexeme]] = [[]]
        for lexeme in self {
            if lexeme.kind == .sign {
                if lexeme.text == "(" || lexeme.text == "[" { depth += 1 }
                if lexeme.text == ")" || lexeme.text == "]" { depth -= 1 }
                if lexeme.text == ",", depth == 0 {
                    parts.append([])
                    continue
                }
            }
            parts[parts.count - 1].append(lexeme)
        }
        return parts.filter { !$0.isEmpty }
    }
}

/// `COPY app.orders (id, customer) FROM stdin;`
struct CopyText {
    let table: TableName
    let columns: [String]

    init?(_ sql: String) {
        var words = Words(sql)
        guard words.takes("COPY"), let schema = words.take()?.name, words.takes("."), let name = words.take()?.name
        else {
            return nil
        }
        table = TableName(schema: schema, name: name)
        columns = words.takeParentheses()?.compactMap(\.name) ?? []
    }
}

/// `SELECT pg_catalog.setval('app.orders_id_seq', 42, true);`
struct SetVal {
    let value: Int64
    let isCalled: Bool

    init?(_ sql: String) {
        var words = Words(sql)
        guard words.takes("SELECT", "pg_catalog", ".", "setval"), let arguments = words.takeParentheses()?.list,
            arguments.count == 3, let value = Int64(arguments[1].map(\.text).joined())
        else { return nil }
        self.value = value
        isCalled = arguments[2].map(\.text) == ["true"]
    }
}

/// The content of `CREATE TABLE`.
struct TableDefinition {
    /// The types of the columns that the statement lists, as `format_type` spells them.
    var types: [String: String] = [:]
    var isPartitioned = false
    var isUnlogged = false
    var isOfExtension = false

    init() {}

    init(_ entry: DumpTOC.Entry) {
        var words = Words(entry.definition)
        // The dump of a view that depends on itself begins with other statements; that of a table never does.
        guard words.takes("CREATE") else { return }
        isUnlogged = words.takes("UNLOGGED")
        guard words.takes("TABLE"), words.takeQualifiedName() != nil else { return }
        if let columns = words.takeParentheses() {
            for column in columns.list where column[0].kind == .quotedName || column[0].text != "CONSTRAINT" {
                guard let name = column[0].name, let type = Self.type(column.dropFirst()) else { continue }
                types[name] = type
            }
        }
        while !words.isAtEnd, !words.takes(";") {
            if words.takes("PARTITION", "BY") { isPartitioned = true }
            _ = words.take()
        }
    }

    /// Words that end the type of a column.
    private static let followers: Set<String> = [
        "COLLATE", "DEFAULT", "GENERATED", "NOT", "CONSTRAINT", "STORAGE", "COMPRESSION", "OPTIONS", "CHECK",
    ]

    private static func type(_ column: ArraySlice<Lexeme>) -> String? {
        let type = column.prefix { $0.kind != .word || !followers.contains($0.text) }
        guard !type.isEmpty else { return nil }
        var text = ""
        for lexeme in type {
            let isGlued =
                ["(", ")", "[", "]", ",", "."].contains(lexeme.text) || text.hasSuffix(".") || text.hasSuffix("(")
                || text.hasSuffix("[") || text.hasSuffix(",")
            text += text.isEmpty || isGlued ? lexeme.text : " " + lexeme.text
        }
        return text
    }
}

/// A primary key or unique constraint: `ALTER TABLE ONLY app.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);`
struct KeyConstraint {
    let isPrimary: Bool
    let columns: [String]
    /// The constraint as two statements: the index, which can be built in parallel, and the constraint itself; nil if
    /// the index cannot be created alone.
    let index: Manifest.ConstraintIndex?

    init?(_ sql: String) {
        let statements = PrivilegeStatements.statements(sql)
        var words = Words(statements.first ?? "")
        guard words.takes("ALTER", "TABLE") else { return nil }
        _ = words.takes("ONLY")
        guard let table = words.takeQualifiedName(), words.takes("ADD", "CONSTRAINT"), let name = words.take(),
            name.name != nil
        else { return nil }
        isPrimary = words.takes("PRIMARY", "KEY")
        guard isPrimary || words.takes("UNIQUE") else { return nil }
        let nulls = words.takes("NULLS", "NOT", "DISTINCT") ? " NULLS NOT DISTINCT" : ""
        guard let key = words.takeParentheses() else { return nil }
        columns = key.list.compactMap { $0.first?.name }
        let included = words.takes("INCLUDE") ? words.takeParentheses().map { " INCLUDE (\($0.text))" } : ""
        let storage = words.takes("WITH") ? words.takeParentheses().map { " WITH (\($0.text))" } : ""
        let isDeferrable = words.takes("DEFERRABLE")
        let isDeferred = words.takes("INITIALLY", "DEFERRED")
        // WITHOUT OVERLAPS, and clauses of newer versions.
        guard let included, let storage, words.isAtEnd, key.list.allSatisfy({ $0.count == 1 }) else {
            index = nil
            return
        }
        let deferral = !isDeferrable ? "" : isDeferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE"
        let attach = """
            ALTER TABLE ONLY \(table) ADD CONSTRAINT \(name.text) \(isPrimary ? "PRIMARY KEY" : "UNIQUE") USING INDEX \(name.text)\(deferral)
            """
        index = Manifest.ConstraintIndex(
            create:
                "CREATE UNIQUE INDEX \(name.text) ON \(table) USING btree (\(key.text))\(included)\(nulls)\(storage)",
            // CLUSTER ON and REPLICA IDENTITY are statements in the entry of the constraint.
            attach: ([attach] + statements.dropFirst()).joined(separator: ";\n")
        )
    }
}

/// The properties of the database, from the entries that `pg_restore --create` executes.
struct ArchivedProperties {
    private(set) var properties: Manifest.Database

    init(_ toc: DumpTOC) {
        properties = Manifest.Database(
            name: toc.database,
            encoding: toc.encoding,
            collate: "C",
            ctype: "C",
            owner: "",
            settings: []
        )
        for entry in toc.entries {
            switch entry.kind {
            case "DATABASE":
                properties.owner = entry.owner ?? ""
                readCreation(entry.definition)
            case "DATABASE PROPERTIES": for sql in PrivilegeStatements.statements(entry.definition) { readSetting(sql) }
            case "COMMENT"
            where entry.tag == "DATABASE \(QuotedText.name(toc.database))" || entry.tag == "DATABASE \(toc.database)":
                properties.comment = Lexeme.all(of: entry.definition).last { $0.kind == .string }?.content
            default: break
            }
        }
        readPrivileges(toc)
    }

    private mutating func readPrivileges(_ toc: DumpTOC) {
        let items = toc.schemaItems().filter { $0.kind == "ACL" && $0.isAboutTheDatabase }
        guard !items.isEmpty else { return }
        var privileges = DatabasePrivileges(owner: properties.owner)
        for sql in items.flatMap({ PrivilegeStatements.statements($0.sql) }) { privileges.run(sql) }
        properties.privileges = privileges.all
    }

    /// `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';`
    private mutating func readCreation(_ sql: String) {
        var words = Words(sql)
        guard words.takes("CREATE", "DATABASE"), words.take() != nil, words.takes("WITH") else { return }
        while let key = words.take() {
            guard words.takes("="), let value = words.take() else { continue }
            let text = value.content ?? value.name ?? value.text
            switch key.text {
            case "ENCODING": properties.encoding = text
            case "LOCALE_PROVIDER": properties.localeProvider = text
            case "LOCALE": (properties.collate, properties.ctype) = (text, text)
            case "LC_COLLATE": properties.collate = text
            case "LC_CTYPE": properties.ctype = text
            case "ICU_LOCALE", "BUILTIN_LOCALE": properties.locale = text
            case "ICU_RULES": properties.icuRules = text
            case "TABLESPACE": properties.tablespace = text
            default: break
            }
        }
    }

    /// `ALTER DATABASE shop SET work_mem TO '5MB'`, the same for a role in the database, or a connection limit.
    private mutating func readSetting(_ sql: String) {
        var words = Words(sql)
        var role: String?
        if words.takes("ALTER", "ROLE") {
            role = words.take()?.name
            guard words.takes("IN", "DATABASE") else { return }
        } else {
            guard words.takes("ALTER", "DATABASE") else { return }
        }
        guard words.take() != nil else { return }
        if words.takes("CONNECTION", "LIMIT", "="), let limit = words.take().flatMap({ Int($0.text) }) {
            properties.connectionLimit = limit
        }
        guard words.takes("SET"), var name = words.take()?.name else { return }
        if words.takes("."), let rest = words.take()?.name { name += "." + rest }
        guard words.takes("TO") else { return }
        var values: [String] = []
        while let value = words.take() { if let text = value.content ?? value.name { values.append(text) } }
        let value = SettingValue.stored(name, values)
        properties.settings.append(Manifest.Setting(role: role, name: name, value: value))
    }
}

extension Lexeme {
    /// The value of a string, with or without escapes.
    fileprivate var content: String? {
        guard kind == .string else { return nil }
        let hasEscapes = text.hasPrefix("E") || text.hasPrefix("e")
        var scalars = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars.dropFirst(hasEscapes ? 2 : 1).dropLast() {
            if !isEscaped, scalar == "'" || (hasEscapes && scalar == "\\") {
                isEscaped = true
                continue
            }
            isEscaped = false
            scalars.append(scalar)
        }
        return String(scalars)
    }
}
