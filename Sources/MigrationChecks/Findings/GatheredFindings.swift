package import Basics

extension [Finding] {
    /// Merges findings of the same rule with the same hint in the same file. The first one keeps its message, and lists
    /// the lines of the others.
    ///
    /// Errors are not merged, because each needs its own correction. Nor are findings on a line that is already listed,
    /// because the line alone would not tell what the second one is about.
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
        finding.message += "; also in line\(moreLines.count == 1 ? "" : "s") \(moreLines.map(String.init).listed())"
        return finding
    }
}
