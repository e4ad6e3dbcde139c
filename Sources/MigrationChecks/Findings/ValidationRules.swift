@_exported public import Basics

/// The rules of `validate` other than the lint rules.
package enum ValidationRule: String, Sendable, CaseIterable {
    // The tree.
    case fileName = "file-name"
    case unknownFolder = "unknown-folder"
    case unreadableFile = "unreadable-file"
    case missingUp = "missing-up"
    case missingDown = "missing-down"
    case duplicateNumber = "duplicate-number"
    case collidingNumber = "colliding-number"
    case duplicateContent = "duplicate-content"
    case environmentsDiffer = "environments-differ"
    // The two JSON files.
    case jsonSyntax = "json-syntax"
    case wrongType = "wrong-type"
    case unknownField = "unknown-field"
    case misplacedRule = "misplaced-rule"
    case deniedProduction = "denied-production"
    case duplicateEntry = "duplicate-entry"
    case missingEntry = "missing-entry"
    case entryWithoutFile = "entry-without-file"
    case listedFileMissing = "listed-file-missing"
    case unlistedFile = "unlisted-file"
    case unknownEnvironment = "unknown-environment"
    case unknownDependency = "unknown-dependency"
    case otherEnvironmentDependency = "other-environment-dependency"
    case dependencyCycle = "dependency-cycle"
    case affectsTables = "affects-tables"
    case riskLevel = "risk-level"
    case rollbackSafe = "rollback-safe"
    // Statements.
    case syntax
    case newerSyntax = "newer-syntax"
    case psqlCommand = "psql-command"
    case copyFromStdin = "copy-from-stdin"
    case rolledBack = "rolled-back"
    case noSchema = "no-schema"
    case foreignSchema = "foreign-schema"
    case enumValueInUse = "enum-value-in-use"
    case misplacedNoTransaction = "misplaced-no-transaction"
    case dropsLedger = "drops-ledger"
    case secret
    case examplePeople = "example-people"
    // Up and down.
    case downDropsMore = "down-drops-more"
    case downDeletesMore = "down-deletes-more"
    // Descriptions.
    case missingPurpose = "missing-purpose"
    case missingPage = "missing-page"
    // A branch.
    case numberTaken = "number-taken"
    case numberBehind = "number-behind"
    case mergedFileEdited = "merged-file-edited"
    // Seeds.
    case seedFile = "seed-file"
    case seedUnknownTable = "seed-unknown-table"
    case seedUnknownColumn = "seed-unknown-column"
    // Comments that silence.
    case unknownRule = "unknown-rule"
    case unusedSilence = "unused-silence"

    package static let names = Set(allCases.map(\.rawValue))

    /// The severity, unless a check passes another.
    package var severity: Finding.Severity {
        switch self {
        case .unknownFolder, .missingDown, .duplicateContent, .environmentsDiffer, .unknownField, .missingEntry,
            .unlistedFile, .affectsTables, .rollbackSafe, .noSchema, .misplacedNoTransaction, .dropsLedger,
            .examplePeople, .deniedProduction:
            .warning
        case .newerSyntax, .missingPurpose, .missingPage, .unknownRule, .unusedSilence: .info
        default: .error
        }
    }
}

extension Finding {
    package init(
        _ rule: ValidationRule,
        _ severity: Severity? = nil,
        file: String,
        line: Int = 1,
        column: Int? = nil,
        _ message: String,
        hint: String? = nil
    ) {
        self.init(
            rule: rule.rawValue,
            severity: severity ?? rule.severity,
            file: file,
            line: line,
            column: column,
            message: message,
            hint: hint
        )
    }

    /// Orders findings by file, then by place, then by severity, so that the same findings always have the same order.
    package static func precedes(_ a: Finding, _ b: Finding) -> Bool {
        if a.file != b.file { return a.file < b.file }
        if a.line != b.line { return a.line < b.line }
        if a.column != b.column { return a.column ?? 0 < b.column ?? 0 }
        if a.severity != b.severity { return a.severity < b.severity }
        return (a.rule, a.message) < (b.rule, b.message)
    }
}
