internal import MigrationChecks

/// Findings as text, as JSON and for GitHub.
struct FindingReport {
    let findings: [Finding]
    let fileCount: Int
    /// The migrations that were run up, down and up again.
    let replayed: [ReplayReport.Step]

    private func count(_ severity: Finding.Severity) -> Int { findings.count { $0.severity == severity } }

    /// Infos do not count.
    var fails: Bool { findings.contains { $0.severity != .info } }

    func tell(as format: ValidateCommand.Format, on console: Console) throws {
        switch format {
        case .json: try console.result(Self.result.document(self))
        case .text: for line in lines { try console.result(line: line) }
        case .github:
            let paths = RepositoryPaths(console.environment)
            for finding in findings { try console.result(Self.annotation(finding, paths)) }
            console.note(summary)
        }
    }

    var summary: String {
        guard !findings.isEmpty else { return "no findings in \(counted(fileCount, "file"))\(proofs)" }
        let counts = [(Finding.Severity.error, "error"), (.warning, "warning"), (.info, "info")].compactMap {
            severity,
            noun in
            let count = count(severity)
            return count == 0 ? nil : counted(count, noun)
        }
        let files = Set(findings.map(\.file)).count
        return "\(counts.joined(separator: ", ")) in \(counted(files, "file")); "
            + "\(counted(fileCount, "file")) of migrations checked\(proofs)"
    }

    /// `; 4 migrations replayed, 1 down migration does not undo its up migration`
    private var proofs: String {
        guard !replayed.isEmpty else { return "" }
        let failed = replayed.count { $0.undoes == false }
        // Without a down file, or after an up file that failed, there is none to run.
        let run = replayed.count { $0.undoes != nil }
        let verdict =
            switch failed {
            case 0 where run == 0: "no down migration was run"
            case 0 where run < replayed.count: "every down migration that was run undoes its up migration"
            case 0: "every down migration undoes its up migration"
            case 1: "1 down migration does not undo its up migration"
            default: "\(failed) down migrations do not undo their up migrations"
            }
        return "; \(counted(replayed.count, "migration")) replayed, \(verdict)"
    }
}

// For people.
extension FindingReport {
    private var lines: [String] {
        var lines: [String] = []
        var start = findings.startIndex
        while start < findings.endIndex {
            let end = findings[start...].firstIndex { $0.file != findings[start].file } ?? findings.endIndex
            lines += Self.lines(findings[start..<end]) + [""]
            start = end
        }
        return lines + [summary]
    }

    /// The findings of one file, in columns.
    private static func lines(_ findings: ArraySlice<Finding>) -> [String] {
        let width = findings.map { place($0).count }.max() ?? 0
        var lines = [findings.first?.file ?? ""]
        for finding in findings {
            let place = place(finding)
            let severity = finding.severity.rawValue
            let begin =
                "  " + place + String(repeating: " ", count: width - place.count + 2) + severity
                + String(repeating: " ", count: 9 - severity.count)
            lines.append("\(begin)\(finding.rule): \(finding.message)")
            if let hint = finding.hint { lines.append("\(String(repeating: " ", count: begin.count))\(hint)") }
        }
        return lines
    }

    private static func place(_ finding: Finding) -> String {
        finding.column.map { "\(finding.line):\($0)" } ?? "\(finding.line)"
    }
}

// For programs.
extension FindingReport {
    static let result = ResultDescription<FindingReport>([
        .init("ok") { !$0.fails }, .init("errors") { $0.count(.error) }, .init("warnings") { $0.count(.warning) },
        .init("infos") { $0.count(.info) }, .init("files", \.fileCount), .init("findings", each: finding, \.findings),
        .init("replayed", each: step, \.replayed),
    ])

    private static let finding = ResultDescription<Finding>([
        .init("rule", \.rule), .init("severity", \.severity.rawValue), .init("file", \.file), .init("line", \.line),
        .init("lines") { [$0.line] + $0.moreLines }, .init("column", \.column), .init("message", \.message),
        .init("hint", \.hint),
    ])

    private static let step = ResultDescription<ReplayReport.Step>([
        .init("service", \.service), .init("version", \.version), .init("name", \.name),
        .init("environment", \.environment), .init("up_ms", \.upMilliseconds), .init("down_ms", \.downMilliseconds),
        .init("undoes", \.undoes),
    ])

    /// A workflow command: `::error file=app.js,line=1,col=5,title=rule::message`.
    private static func annotation(_ finding: Finding, _ paths: RepositoryPaths) -> String {
        let command =
            switch finding.severity {
            case .error: "error"
            case .warning: "warning"
            case .info: "notice"
            }
        let column = finding.column.map { ",col=\($0)" } ?? ""
        let text = finding.hint.map { "\(finding.message)\n\($0)" } ?? finding.message
        let file = property(paths.path(finding.file))
        return
            "::\(command) file=\(file),line=\(finding.line)\(column),title=\(property(finding.rule))"
            + "::\(data(text))"
    }

    /// GitHub's escaping, according to its toolkit:
    /// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.
    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}
