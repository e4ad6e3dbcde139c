package import Inspection

/// The doctor's findings for people and for programs.
package struct CheckListing: Sendable {
    private let checks: [Doctor.Check]

    package init(_ checks: [Doctor.Check]) { self.checks = checks }

    package var problems: Int { checks.filter { $0.verdict == .problem }.count }

    /// - Parameter columns: The terminal's; nil for a pipe, where no line is broken.
    package func lines(columns: Int?) -> [String] {
        let width = checks.map { Formatting.width($0.name) }.max() ?? 0
        var lines = checks.flatMap { check -> [String] in
            let mark = check.verdict.rawValue + String(repeating: " ", count: 9 - check.verdict.rawValue.count)
            let name = check.name + String(repeating: " ", count: width + 2 - Formatting.width(check.name))
            let remedy = check.remedy.map { [String(repeating: " ", count: width + 11) + "→ \($0)"] } ?? []
            return ["\(mark)\(name)\(check.detail)"] + remedy
        }
        lines.append(problems == 0 ? "no problems" : counted(problems, "problem"))
        return lines.map(Formatting.harmless).flatMap { line in
            columns.map { Formatting.wrapped(line, columns: $0, indentation: width + 13) } ?? [line]
        }
    }

    package var document: JSONDocument {
        .object([
            "ok": .bool(problems == 0),
            "checks": .array(
                checks.map { check in
                    .object([
                        "name": .string(check.name), "status": .string(check.verdict.rawValue),
                        "detail": .string(check.detail), "remedy": .optional(check.remedy),
                    ])
                }
            ),
        ])
    }
}
