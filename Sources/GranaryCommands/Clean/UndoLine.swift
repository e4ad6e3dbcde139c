internal import Cleaning
internal import PostgresClient

/// The line for a shell that brings back what was cleaned.
struct UndoLine {
    let text: String

    init(file: String, plan: CleanPlan, command: CleanCommand, database: ConnectedDatabase) {
        var words = ["granary", "restore", file, "--data-only", "--if-empty"]
        if plan.undoNeedsAllowInvalid { words.append("--allow-invalid") }
        words += command.database.words(for: database)
        if let environment = command.database.env { words += ["--env", environment] }
        if command.service.migrations != "migrations" { words += ["--migrations", command.service.migrations] }
        words += command.service.state.words
        words += ["--confirm", database.name]
        text = words.map(QuotedText.shellWord).joined(separator: " ")
    }
}
