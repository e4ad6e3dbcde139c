/// What a backup would run, or leave behind to be run later: code that somebody wrote, where tables and rows are none.
package struct CodeInventory: Sendable, Equatable {
    /// Roles that would be created with power beyond their own databases.
    package var roles: Set<String> = []
    /// Functions and procedures by the language they are written in.
    package var functions: [String: Int] = [:]
    /// Those of them that run with the rights of their owner, whoever calls them.
    package var securityDefiners = 0
    package var triggers = 0
    package var eventTriggers = 0
    package var rules = 0
    package var extensions: Set<String> = []
    package var languages: Set<String> = []
    /// Functions that defaults, checks, indexes, policies and views call, beyond those that only compute.
    package var calls: Set<String> = []
    /// Statements of other kinds, by the name of their command: `DO`, `CREATE OPERATOR`.
    package var others: [String: Int] = [:]
    /// Statements that our parser is too old for, or that are no SQL.
    package var unread = 0
    /// Settings of the database that load libraries or run code when somebody connects.
    package var settings: Set<String> = []
    /// Migrations whose way back comes with the ledger; `migrate down` would run it.
    package var downScripts = 0

    /// Roles that something would belong to, and roles that would be granted something. They run nothing.
    package var owners: Set<String> = []
    package var grantees: Set<String> = []
    /// Only the beginning of the file was read.
    package var isPartial = false

    package init() {}

    /// Nothing of it is code: tables, rows, keys, indexes and checks are not.
    package var isHarmless: Bool {
        roles.isEmpty && functions.isEmpty && triggers == 0 && eventTriggers == 0 && rules == 0 && extensions.isEmpty
            && languages.isEmpty && calls.isEmpty && others.isEmpty && unread == 0 && settings.isEmpty
            && downScripts == 0
    }

    /// Each a line for a person.
    package var lines: [String] {
        var lines = Self.list(roles, "the role", "the roles")
        if !functions.isEmpty {
            let definers = securityDefiners == 0 ? "" : ", \(securityDefiners) of them SECURITY DEFINER"
            let total = functions.values.reduce(0, +)
            let names = functions.keys.sorted().map { functions.count == 1 ? $0 : "\($0) \(functions[$0] ?? 0)" }
            lines.append(
                "\(counted(total, "function", isGrouped: false)) in \(names.joined(separator: ", "))\(definers)"
            )
        }
        if triggers > 0 { lines.append(counted(triggers, "trigger", isGrouped: false)) }
        if eventTriggers > 0 { lines.append(counted(eventTriggers, "event trigger", isGrouped: false)) }
        if rules > 0 { lines.append(counted(rules, "rule", isGrouped: false)) }
        lines += Self.list(extensions, "the extension", "the extensions")
        lines += Self.list(languages, "the language", "the languages")
        lines += Self.list(calls, "calls of", "calls of")
        lines += others.keys.sorted().map { counted(others[$0] ?? 0, "statement", isGrouped: false) + " \($0)" }
        if unread > 0 { lines.append("\(counted(unread, "statement", isGrouped: false)) that cannot be read") }
        lines += Self.list(settings, "the setting", "the settings")
        if downScripts > 0 { lines.append("\(counted(downScripts, "down migration", isGrouped: false)) in the ledger") }
        return lines
    }

    /// Whom things would belong to.
    package var roleLines: [String] {
        Self.list(owners, "objects of", "objects of") + Self.list(grantees, "privileges for", "privileges for")
    }

    private static func list(_ names: Set<String>, _ one: String, _ many: String) -> [String] {
        guard !names.isEmpty else { return [] }
        let shown = names.sorted().prefix(12)
        let rest = names.count - shown.count
        return [
            "\(names.count == 1 ? one : many) \(shown.joined(separator: ", "))" + (rest > 0 ? " and \(rest) more" : "")
        ]
    }
}
