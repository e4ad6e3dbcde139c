internal import PostgresClient
internal import Project
internal import Restore

/// What a restore over the rows of production must be told on the command line: that this database is meant, and, where
/// no old database stays, of which environment the backup is.
///
/// Neither answer is taken from a variable: a job's settings are not a decision about this restore.
struct ProductionAnswers {
    let file: String
    let goal: ConnectedDatabase
    /// The environment that the goal is marked as, which is production.
    let environment: String
    /// A table that the restore goes over.
    let table: TableName
    /// The environment that the backup is of; nil if it does not say.
    let archived: String?
    /// Whether the rows that are there now are lost, instead of kept in the old database.
    let losesRows: Bool
    /// `--from`, from the command line.
    let from: String?
    /// `--confirm`, from the command line.
    let confirm: String?

    private var source: String { archived ?? "unknown" }
    private var needsFrom: Bool { losesRows && archived != environment }

    /// - Throws: `CommandError` with `.refused` if an answer is missing and there is no terminal to ask on.
    func require(on console: Console) throws {
        if needsFrom, from == nil {
            throw CommandError(
                .refused,
                "\(origin), and would replace for good rows of \(place), such as those of \(table)",
                hint: "nothing was changed; if they are to be replaced, add \(missing.joined(separator: " "))"
                    + Self.ignored(["from", "confirm"])
            )
        }
        guard confirm == nil, !Question.canBeAsked(console) else { return }
        throw CommandError(
            .refused,
            "not confirmed: this would restore over rows of \(place), such as those of \(table)",
            hint: "nothing was changed; if that database is meant, add \(missing.joined(separator: " "))"
                + Self.ignored(["confirm"])
        )
    }

    /// For a plan.
    var steps: [String] {
        missing.isEmpty
            ? []
            : [
                "this needs \(missing.joined(separator: " ")), because it goes over rows of \(place), such as those of \(table)"
            ]
    }

    private var missing: [String] {
        (needsFrom && from == nil ? ["--from \(QuotedText.shellWord(source))"] : [])
            + (confirm == nil ? ["--confirm \(QuotedText.shellWord(goal.name))"] : [])
    }

    private var place: String { "\(goal.name) at \(goal.host), which is production (\(environment))" }

    private var origin: String {
        archived.map { "\(file) is a backup of \($0)" } ?? "\(file) does not say which environment it is of"
    }

    /// Says that variables do not count, if some are set.
    private static func ignored(_ options: [String]) -> String {
        let variables = options.compactMap { OptionVariables.used[$0] }
        return variables.isEmpty ? "" : "; \(variables.joined(separator: " and ")) does not count for production"
    }
}

/// `--from`, wherever it is given.
struct BackupOrigin {
    let file: String
    /// The environment that the backup is of; nil if it does not say.
    let archived: String?

    /// - Throws: `CommandError` with `.refused` if the backup is of another environment than the named one.
    func require(_ named: String) throws {
        guard named != archived ?? "unknown" else { return }
        throw CommandError(
            .refused,
            archived.map { "--from names \(named), and \(file) is a backup of \($0)" }
                ?? "--from names \(named), and \(file) does not say which environment it is of",
            hint: "nothing was changed; look again which backup is meant"
                + (archived == nil ? ", or give --from unknown" : "")
        )
    }
}
