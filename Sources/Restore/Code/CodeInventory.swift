/// The code in a backup that would run, or that would stay to be run later. Tables and rows are not code.
package struct CodeInventory: Sendable, Equatable {
    /// Roles that would be created with power beyond their own databases.
    package var roles: Set<String> = []
    /// Functions and procedures, by language.
    package var functions: [String: Int] = [:]
    /// Those among them that run with the rights of their owner.
    package var securityDefiners = 0
    package var triggers = 0
    package var eventTriggers = 0
    package var rules = 0
    package var extensions: Set<String> = []
    package var languages: Set<String> = []
    /// Functions called by defaults, checks, indexes, policies and views, except those that only compute.
    package var calls: Set<String> = []
    /// Other statements, by the name of their command: `DO`, `CREATE OPERATOR`.
    package var others: [String: Int] = [:]
    /// Statements that the parser does not know.
    package var unread = 0
    /// Settings of the database that load libraries, or run code when a client connects.
    package var settings: Set<String> = []
    /// Migrations in the ledger with a down file, which `migrate down` would run.
    package var downScripts = 0

    /// Roles that would own something, and roles that would get privileges. These run nothing.
    package var owners: Set<String> = []
    package var grantees: Set<String> = []
    /// Only the beginning of the file was read.
    package var isPartial = false

    package init() {}

    /// It contains no code: tables, rows, keys, indexes and checks are none.
    package var isHarmless: Bool {
        roles.isEmpty && functions.isEmpty && triggers == 0 && eventTriggers == 0 && rules == 0 && extensions.isEmpty
            && languages.isEmpty && calls.isEmpty && others.isEmpty && unread == 0 && settings.isEmpty
            && downScripts == 0
    }

    /// One line each, for people.
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

    /// The roles that would own something.
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
