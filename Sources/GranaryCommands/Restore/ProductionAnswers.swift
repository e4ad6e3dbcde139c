internal import PostgresClient
internal import Project
internal import Restore

/// The confirmations that a restore over rows of production needs on the command line: the target database, and, if no
/// old database is kept, the environment of the backup.
///
/// Variables do not count, because the settings of a job are not a decision about this restore.
struct ProductionAnswers {
    let file: String
    let goal: ConnectedDatabase
    /// The target's marked environment, which is production.
    let environment: String
    /// A table with rows that the restore replaces.
    let table: TableName
    /// The environment of the backup; nil if it names none.
    let archived: String?
    /// Whether the present rows are lost, because no old database is kept.
    let losesRows: Bool
    /// `--from`, from the command line.
    let from: String?
    /// `--confirm`, from the command line.
    let confirm: String?

    private var source: String { archived ?? "unknown" }
    private var needsFrom: Bool { losesRows && archived != environment }

    /// - Throws: `CommandError` with `.refused` if a confirmation is missing and there is no terminal.
    func require(on console: Console) throws {
        if needsFrom, from == nil {
            throw CommandError(
                .refused,
                "\(origin), and would permanently replace rows of \(place), such as those of \(table)",
                hint: "nothing was changed; to replace them, add \(missing.joined(separator: " "))"
                    + Self.ignored(["from", "confirm"])
            )
        }
        guard confirm == nil, !Question.canBeAsked(console) else { return }
        throw CommandError(
            .refused,
            "not confirmed: this would replace rows of \(place), such as those of \(table)",
            hint: "nothing was changed; to restore into that database, add \(missing.joined(separator: " "))"
                + Self.ignored(["confirm"])
        )
    }

    /// The confirmations as text for a plan.
    var steps: [String] {
        missing.isEmpty
            ? []
            : [
                "this needs \(missing.joined(separator: " ")), because it replaces rows of \(place), such as those of \(table)"
            ]
    }

    private var missing: [String] {
        (needsFrom && from == nil ? ["--from \(QuotedText.shellWord(source))"] : [])
            + (confirm == nil ? ["--confirm \(QuotedText.shellWord(goal.name))"] : [])
    }

    private var place: String { "\(goal.name) at \(goal.host), which is production (\(environment))" }

    private var origin: String {
        archived.map { "\(file) is a backup of \($0)" } ?? "\(file) does not name its environment"
    }

    /// A remark that variables do not count, if some are set.
    private static func ignored(_ options: [String]) -> String {
        let variables = options.compactMap { OptionVariables.used[$0] }
        return variables.isEmpty ? "" : "; \(variables.joined(separator: " and ")) is not enough for production"
    }
}

/// `--from`, if it is given.
struct BackupOrigin {
    let file: String
    /// The environment of the backup; nil if it names none.
    let archived: String?

    /// - Throws: `CommandError` with `.refused` if the backup is not of the named environment.
    func require(_ named: String) throws {
        guard named != archived ?? "unknown" else { return }
        throw CommandError(
            .refused,
            archived.map { "--from names \(named), but \(file) is a backup of \($0)" }
                ?? "--from names \(named), and \(file) does not name its environment",
            hint: "nothing was changed; check that this is the right backup"
                + (archived == nil ? ", or give --from unknown" : "")
        )
    }
}
