package import Basics

extension [Finding] {
    /// The same findings, each rule once in a file: the first place has the message, the others are named by their lines.
    ///
    /// Errors are left as they are, because each of them has to be corrected for itself.
    package var gathered: [Finding] {
        var gathered: [Finding] = []
        var places: [RuleOfFile: Int] = [:]
        for finding in self {
            let key = RuleOfFile(file: finding.file, rule: finding.rule, severity: finding.severity)
            guard finding.severity != .error, let place = places[key] else {
                places[key] = gathered.count
                gathered.append(finding)
                continue
            }
            gathered[place].moreLines.append(finding.line)
        }
        return gathered.map(\.withLines)
    }
}

private struct RuleOfFile: Hashable {
    var file: String
    var rule: String
    var severity: Finding.Severity
}

extension Finding {
    fileprivate var withLines: Finding {
        guard !moreLines.isEmpty else { return self }
        var finding = self
        let lines = moreLines.reduce(into: [String]()) { lines, line in
            if lines.last != "\(line)" { lines.append("\(line)") }
        }
        finding.message += "; so in line\(lines.count == 1 ? "" : "s") \(lines.listed())"
        return finding
    }
}
