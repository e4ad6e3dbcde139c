internal import Cleaning
internal import PostgresClient

/// The line for a shell that brings back what was cleaned.
struct UndoLine {
    let text: String

    init(file: String, plan: CleanPlan, command: CleanCommand, database: ConnectedDatabase) {
        var words = ["granary", "restore", file, "--data-only", "--if-empty"]
        if plan.undoNeedsAllowInvalid { words.append("--allow-invalid") }
        // What was given on the command line is given again; what came from elsewhere comes from there.
        if command.database.local {
            words.append("--local")
        } else if command.database.databaseURL != nil {
            words += ["--database-url", database.shareableText]
        }
        if let environment = command.database.env { words += ["--env", environment] }
        if command.service.migrations != "migrations" { words += ["--migrations", command.service.migrations] }
        if command.service.state.stateSchema != "granary" {
            words += ["--state-schema", command.service.state.stateSchema]
        }
        words += ["--confirm", database.name]
        text = words.map(QuotedText.shellWord).joined(separator: " ")
    }
}
