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

extension Finding {
    init(_ error: MigrationError, rule: ReplayRule) {
        let place = error.place.flatMap { $0.line == nil ? nil : $0 }
        self.init(
            rule: rule.rawValue,
            severity: .error,
            file: place?.file ?? "migrations",
            line: place?.line ?? 1,
            column: place?.column,
            message: place == nil ? "\(error)" : error.message,
            hint: error.hint
        )
    }
}
