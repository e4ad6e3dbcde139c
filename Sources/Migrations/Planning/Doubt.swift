internal import Bookkeeping
internal import PostgresClient
internal import SQLText

/// Describes the statement at which a run was interrupted.
enum Doubt {
    /// nil if the run was not interrupted, or if the file has changed since.
    static func text(_ standing: MigrationStanding, _ session: borrowing Session) throws -> String? {
        guard let run = standing.unfinished, run.hasBrokenOff, !run.hasFailed,
            let file = run.direction == .up ? standing.migration?.up : standing.migration?.down,
            file.matches(run.sha256), let script = try? MigrationScript(file.text, path: file.path)
        else { return nil }
        let statements = script.statements
        guard run.statementsDone < statements.count else {
            return "all its statements are done, but the ledger does not record it yet"
        }
        let statement = statements[run.statementsDone]
        let place = "statement \(run.statementsDone + 1), line \(statement.line), \(statement.summary)"
        if statement.fitsTransaction || statement.control == .begin {
            return "\(place), was next and has not taken effect"
        }
        guard let index = statement.concurrentIndex, index.index != nil else {
            return "\(place), may have taken effect"
        }
        guard let standing = try index.standing(session) else { return "\(place): the index is not there" }
        let state =
            standing.isValid ? "is there" : standing.isBeingBuilt ? "is being built" : "is there and INVALID"
        return "\(place): the index \(standing.name) \(state)"
    }
}
