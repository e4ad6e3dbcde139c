import SQLText

/// One thing that hurts: what it is called, why, and what to write instead.
package final class LintRule: Sendable {
    /// What a rule is about; also the name by which all of them are switched.
    package enum Category: String, Sendable, CaseIterable {
        case indexes
        case constraints
        /// Rewrites of a table, and columns that cannot be added as they are.
        case columns
        /// What is gone afterwards, for the programs that still ask for it.
        case loss
        case transactions
        case style
        /// Changes that a program in use may notice.
        case compatibility
    }

    /// A linter that has a rule of the same meaning; also the name by which all of its rules are switched.
    package enum Origin: String, Sendable, CaseIterable {
        case squawk
        case strongMigrations = "strong_migrations"
        case eugene
    }

    /// In lower case, with dashes; squawk's where it has the rule.
    package let name: String
    package let category: Category
    package let origins: Set<Origin>
    package let severity: Finding.Severity
    package let isOnByDefault: Bool
    /// One sentence.
    package let why: String
    /// What to write instead: a clause without a full stop, which findings give as their hint.
    package let safeForm: String
    /// It hurts for as long as it takes to read the table, and so not at all where the table is small.
    package let growsWithTable: Bool
    /// The server refuses the statement.
    let isRefusal: Bool
    /// Kinds of statement, or of subcommands of ALTER TABLE, as the parse tree names them, that it looks at.
    let kinds: [String]
    let check: @Sendable (LintContext) -> [LintMatch]

    init(
        _ name: String,
        _ category: Category,
        of origins: Set<Origin> = [],
        severity: Finding.Severity = .warning,
        isOnByDefault: Bool = true,
        growsWithTable: Bool = false,
        isRefusal: Bool = false,
        why: String,
        safeForm: String,
        kinds: [String],
        check: @escaping @Sendable (LintContext) -> [LintMatch]
    ) {
        self.name = name
        self.category = category
        self.origins = origins
        self.severity = severity
        self.isOnByDefault = isOnByDefault
        self.growsWithTable = growsWithTable
        self.isRefusal = isRefusal
        self.why = why
        self.safeForm = safeForm
        self.kinds = kinds
        self.check = check
    }

    /// The names by which it is switched together with others.
    package var groups: [String] { [category.rawValue] + origins.map(\.rawValue).sorted() }

    /// Whether it looks at down files too. A down is meant to take away what its up has made, in the up's style.
    package var appliesToDown: Bool {
        switch category {
        case .indexes, .constraints, .columns, .transactions: true
        case .loss, .style, .compatibility: false
        }
    }
}

/// A place where a rule fires.
struct LintMatch: Sendable {
    /// A clause without a full stop.
    var message: String
    /// The table that is concerned, whose size decides how long it takes.
    var table: RelationName?
    /// In bytes of the script; nil for the beginning of the statement.
    var offset: Int?
    /// Instead of the rule's safe form.
    var hint: String?

    init(_ message: String, on table: RelationName? = nil, at offset: Int? = nil, hint: String? = nil) {
        self.message = message
        self.table = table
        self.offset = offset
        self.hint = hint
    }
}
