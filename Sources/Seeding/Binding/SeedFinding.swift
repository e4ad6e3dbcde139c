/// Something that does not fit between files and tables.
package struct SeedFinding: Sendable, Equatable {
    /// `unknown-table`, `unknown-column`, `missing-column`, `wrong-type`, `unknown-label`, `key`, `reference`, `policy`.
    package var rule: String
    package var file: String
    package var line: Int
    package var message: String
    package var hint: String?
    /// A run cannot go on with it; of the others the server has the last word.
    package var stopsRun = true

    package init(rule: String, file: String, line: Int, message: String, hint: String? = nil, stopsRun: Bool = true) {
        self.rule = rule
        self.file = file
        self.line = line
        self.message = message
        self.hint = hint
        self.stopsRun = stopsRun
    }
}

extension SeedFinding {
    /// Of an error whose message begins with its place.
    init(_ error: SeedingError, rule: String) {
        if let match = error.message.prefixMatch(of: #/([^:\s]+):(\d+)(?::\d+)?: /#) {
            self.init(
                rule: rule,
                file: String(match.1),
                line: Int(match.2) ?? 1,
                message: String(error.message[match.range.upperBound...]),
                hint: error.hint
            )
        } else {
            self.init(rule: rule, file: "seeds", line: 1, message: error.message, hint: error.hint)
        }
    }
}
