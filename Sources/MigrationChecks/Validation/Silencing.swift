internal import Migrations
internal import Project
internal import SQLText

/// The rules that the comments of a file silence, and the lines where they do so.
///
/// `-- granary: ignore rule, rule` above a statement, inside it, or behind it on its last line applies to that
/// statement. In the first comment block of the file, before any statement or empty line, it applies to the whole file.
package struct Silencing: Sendable {
    package struct Comment: Sendable, Equatable {
        package var rules: [String]
        package var line: Int
        /// The lines of its statement; nil for the whole file.
        package var lines: ClosedRange<Int>?
        /// Whether the comment is for squawk. Without names it applies to all rules that squawk also has.
        var isSquawks = false

        func covers(_ finding: Finding) -> Bool {
            guard lines?.contains(finding.line) ?? true else { return false }
            if isSquawks, rules.isEmpty { return LintRules.byName[finding.rule]?.origins.contains(.squawk) == true }
            return rules.contains(finding.rule)
        }
    }

    package let path: String
    package let comments: [Comment]

    package init(_ file: ParsedFile) {
        path = file.path
        let asked = file.markers.options.filter { $0.key == "ignore" }
        guard !asked.isEmpty || !file.markers.squawkIgnores.isEmpty else {
            comments = []
            return
        }
        let spans = file.script.statements.map { Self.lines(of: $0, in: file.script) }
        let head = Self.headLines(file.file.text)
        var comments: [Comment] = []
        var reasoned: Set<Int> = []
        for option in asked where !reasoned.contains(option.line) {
            let words = option.value.split { $0 == " " || $0 == "\t" }.map(String.init)
            // The names may be followed by a reason: `no-schema -- the path is set`, `no-schema (the path is set)`.
            let rules = Array(words.prefix { !$0.hasPrefix("--") && !$0.hasPrefix("(") })
            if rules.count < words.count { reasoned.insert(option.line) }
            if let last = comments.indices.last, comments[last].line == option.line {
                comments[last].rules += rules
            } else if head.contains(option.line) {
                comments.append(Comment(rules: rules, line: option.line))
            } else {
                let lines = Self.lines(meantAt: option.line, spans)
                comments.append(Comment(rules: rules, line: option.line, lines: lines))
            }
        }
        for ignore in file.markers.squawkIgnores {
            let lines = ignore.isForFile ? nil : Self.lines(meantAt: ignore.line, spans)
            comments.append(Comment(rules: ignore.rules, line: ignore.line, lines: lines, isSquawks: true))
        }
        self.comments = comments
    }

    /// The lines of the first statement that ends on this line or later. If there is none, only the line itself.
    private static func lines(meantAt line: Int, _ spans: [ClosedRange<Int>]) -> ClosedRange<Int> {
        spans.first { $0.upperBound >= line }.map { min($0.lowerBound, line)...$0.upperBound } ?? line...line
    }

    package func silences(_ finding: Finding) -> Bool { comments.contains { $0.covers(finding) } }

    /// The findings of this file that are not silenced, and findings about the comments: unknown names, and comments
    /// that silenced nothing.
    ///
    /// - Parameters:
    ///   - known: The names of all rules, enabled or not.
    ///   - judged: The rules that were checked in this run. Whether a comment for another rule is needed is unknown.
    package func applied(to findings: [Finding], known: Set<String>, judged: Set<String>) -> [Finding] {
        guard !comments.isEmpty else { return findings }
        var result = findings.filter { !silences($0) }
        for comment in comments where !comment.isSquawks {
            for rule in comment.rules {
                if !known.contains(rule) {
                    result.append(
                        note(
                            "unknown-rule",
                            comment,
                            "no rule is named \(rule)",
                            Spelling.nearest(to: rule, among: known).map { "is \($0) meant?" }
                                ?? "docs/rules.md and docs/migrations.md list the names"
                        )
                    )
                } else if judged.contains(rule), !findings.contains(where: { $0.rule == rule && comment.covers($0) }) {
                    result.append(
                        note("unused-silence", comment, "\(rule) reports nothing here", "remove it")
                    )
                }
            }
            if comment.rules.isEmpty {
                result.append(
                    note("unknown-rule", comment, "ignore names no rule", "write `-- granary: ignore rule, rule`")
                )
            }
        }
        return result
    }

    private func note(_ rule: String, _ comment: Comment, _ message: String, _ hint: String) -> Finding {
        Finding(rule: rule, severity: .info, file: path, line: comment.line, message: message, hint: hint)
    }

    private static func lines(of statement: SQLStatement, in script: SQLScript) -> ClosedRange<Int> {
        let last = script.place(ofOffset: max(statement.range.lowerBound, statement.range.upperBound - 1)).line
        return statement.line...max(statement.line, last)
    }

    /// The comment lines at the beginning of the file, up to the first other line.
    private static func headLines(_ text: String) -> ClosedRange<Int> {
        var count = 0
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            var line = line.drop { $0 == 0x20 || $0 == 0x09 }
            if count == 0, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
            guard line.starts(with: "--".utf8) else { break }
            count += 1
        }
        // Lines begin with 1, so 0...0 contains no line.
        return count == 0 ? 0...0 : 1...count
    }
}
