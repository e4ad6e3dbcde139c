/// Something that `validate` has to say of a file.
package struct Finding: Sendable, Hashable {
    package enum Severity: String, Sendable, Comparable, CaseIterable {
        case error
        case warning
        case info

        /// The gravest first.
        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
        private var rank: Int { self == .error ? 0 : self == .warning ? 1 : 2 }
    }

    /// Its short name, such as `missing-down` or `non-concurrent-index`: what a comment silences, and where
    /// `docs/rules.md` explains it.
    package var rule: String
    package var severity: Severity
    /// As it was given: relative where the folder was.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1; nil where the line alone says it.
    package var column: Int?
    /// One sentence, without a row's value in it.
    package var message: String
    package var hint: String?

    package init(
        rule: String,
        severity: Severity,
        file: String,
        line: Int = 1,
        column: Int? = nil,
        message: String,
        hint: String? = nil
    ) {
        self.rule = rule
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
    }
}
