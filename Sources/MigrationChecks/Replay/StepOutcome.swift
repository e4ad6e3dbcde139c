internal import Migrations

/// The result of testing one migration.
struct StepOutcome: Sendable {
    /// Whether the migration was tested, rather than only applied.
    var isProof: Bool
    var upMilliseconds = 0
    var downMilliseconds: Int?
    /// Whether the down file restored everything; nil if there was none to run.
    var undoes: Bool?
    var upFailed = false
    /// The up file failed because tables had rows: it must be tested again without rows.
    var wantsEmptyTables = false
    /// The database is not in the state that the next migration expects.
    var isSpoilt = false
    /// Whether files were run again without being rolled back, so that rows may have changed.
    var ranForGood = false
    var findings: [Finding] = []

    mutating func add(
        _ rule: ReplayRule,
        _ severity: Finding.Severity,
        _ script: MigrationScript,
        _ message: String,
        hint: String
    ) {
        findings.append(
            Finding(rule: rule.rawValue, severity: severity, file: script.path, message: message, hint: hint)
        )
    }

    mutating func add(
        _ failure: StatementFailure,
        _ rule: ReplayRule,
        of script: MigrationScript,
        _ words: String,
        severity: Finding.Severity = .error,
        hint: String? = nil
    ) {
        findings.append(
            Finding(
                rule: rule.rawValue,
                severity: severity,
                file: script.path,
                line: failure.place.line ?? 1,
                column: failure.place.column,
                message: words + failure.sentence,
                hint: hint ?? failure.hint
            )
        )
    }
}
