internal import Migrations

/// How the trial of one migration went.
struct StepOutcome: Sendable {
    /// Whether more than to apply it was tried.
    var isProof: Bool
    var upMilliseconds = 0
    var downMilliseconds: Int?
    /// Whether the down brought everything back; nil where there was none to run.
    var undoes: Bool?
    var upFailed = false
    /// The up failed where tables had rows: it is to be tried without.
    var wantsEmptyTables = false
    /// The database is not what the next migration may expect.
    var isSpoilt = false
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
