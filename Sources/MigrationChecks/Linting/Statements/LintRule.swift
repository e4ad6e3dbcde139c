import SQLText

/// A lint rule: its name, the reason for it, and the safe form of the statement.
package final class LintRule: Sendable {
    /// The subject of a rule. It is also the name of a group that can be enabled or disabled.
    package enum Category: String, Sendable, CaseIterable {
        case indexes
        case constraints
        /// Rewrites of a table, and columns that cannot be added to existing rows.
        case columns
        /// Objects, names or rows that running programs still use and that are lost.
        case loss
        case transactions
        case style
        /// Changes that running programs may notice.
        case compatibility
        /// Statements that Citus refuses or runs differently. The rules are on where a database has Citus.
        case citus
    }

    /// Another linter that has a rule with the same meaning. It is also the name of a group.
    package enum Origin: String, Sendable, CaseIterable {
        case squawk
        case strongMigrations = "strong_migrations"
        case eugene
    }

    /// In lower case with dashes. Rules that squawk also has carry squawk's name.
    package let name: String
    package let category: Category
    package let origins: Set<Origin>
    package let severity: Finding.Severity
    package let isOnByDefault: Bool
    /// The reason, in one sentence.
    package let why: String
    /// The statement to write instead, as a clause without a full stop. Findings use it as their hint.
    package let safeForm: String
    /// Whether the lock or rewrite lasts as long as it takes to read the table, so that it is short for a small table.
    package let growsWithTable: Bool
    /// Whether the server refuses the statement.
    let isRefusal: Bool
    /// The kinds of statements and of subcommands of ALTER TABLE that the rule checks, named as in the parse tree.
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

    /// The names of the groups that contain the rule.
    package var groups: [String] { [category.rawValue] + origins.map(\.rawValue).sorted() }

    /// Whether the rule also checks down files. They are meant to drop what the up file created, in the style of the up
    /// file.
    package var appliesToDown: Bool {
        switch category {
        case .indexes, .constraints, .columns, .transactions, .citus: true
        case .loss, .style, .compatibility: false
        }
    }
}

/// A place where a rule applies.
struct LintMatch: Sendable {
    /// A clause without a full stop.
    var message: String
    /// The table whose size decides how long the statement takes.
    var table: RelationName?
    /// The position in bytes of the script; nil for the beginning of the statement.
    var offset: Int?
    /// The hint, if it differs from the safe form of the rule.
    var hint: String?

    init(_ message: String, on table: RelationName? = nil, at offset: Int? = nil, hint: String? = nil) {
        self.message = message
        self.table = table
        self.offset = offset
        self.hint = hint
    }
}
