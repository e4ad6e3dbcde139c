/// A fault in a file, or a remark about it, as shown by `granary validate`.
package struct Finding: Sendable, Hashable {
    package enum Severity: String, Sendable, Comparable, CaseIterable {
        case error
        case warning
        case info

        /// Orders by severity, the most serious first.
        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
        private var rank: Int { self == .error ? 0 : self == .warning ? 1 : 2 }
    }

    /// Its short name, such as `missing-down`: a comment silences it by this name, and `docs/rules.md` explains it.
    package var rule: String
    package var severity: Severity
    /// The path as it was given to the command.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1; nil for the whole line.
    package var column: Int?
    /// Further lines of the file with the same fault.
    package var moreLines: [Int] = []
    /// One sentence without values of rows.
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

    /// - Parameter file: The file, for an error without a place; the error's whole description then becomes the
    ///   message.
    package init(_ error: some GranaryError, rule: String, severity: Severity = .error, elsewhere file: String) {
        let place = error.place?.line == nil ? nil : error.place
        self.init(
            rule: rule,
            severity: severity,
            file: place?.file ?? file,
            line: place?.line ?? 1,
            column: place?.column,
            message: place == nil ? "\(error)" : error.message,
            hint: error.hint
        )
    }
}
