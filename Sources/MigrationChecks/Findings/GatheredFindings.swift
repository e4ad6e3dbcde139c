package import Basics

extension [Finding] {
    /// The same findings, each rule with the same hint once in a file: the first place has the message, the others are named
    /// by their lines.
    ///
    /// Errors are left as they are, because each of them has to be corrected for itself. So are findings of a line that is
    /// named already, because the line alone would not tell what they are about.
    package var gathered: [Finding] {
        var gathered: [Finding] = []
        var places: [Group: Int] = [:]
        for finding in self {
            let group = Group(finding)
            guard finding.severity != .error, let place = places[group] else {
                places[group] = gathered.count
                gathered.append(finding)
                continue
            }
            if gathered[place].line == finding.line || gathered[place].moreLines.last == finding.line {
                gathered.append(finding)
            } else {
                gathered[place].moreLines.append(finding.line)
            }
        }
        return gathered.map(\.withLines)
    }
}

private struct Group: Hashable {
    var file: String
    var rule: String
    var severity: Finding.Severity
    var hint: String?

    init(_ finding: Finding) {
        (file, rule, severity, hint) = (finding.file, finding.rule, finding.severity, finding.hint)
    }
}

extension Finding {
    fileprivate var withLines: Finding {
        guard !moreLines.isEmpty else { return self }
        var finding = self
        finding.message += "; so in line\(moreLines.count == 1 ? "" : "s") \(moreLines.map(String.init).listed())"
        return finding
    }
}
