internal import Inspection

/// The doctor's findings, as text and as JSON.
struct CheckListing {
    let checks: [Doctor.Check]

    var problems: Int { checks.filter { $0.verdict == .problem }.count }

    /// - Parameter columns: The width of the terminal; nil for a pipe, where lines are not wrapped.
    func lines(columns: Int?) -> [String] {
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

    static let result = ResultDescription<CheckListing>([
        .init("ok") { $0.problems == 0 }, .init("checks", each: check, \.checks),
    ])

    private static let check = ResultDescription<Doctor.Check>([
        .init("name", \.name), .init("status", \.verdict.rawValue), .init("detail", \.detail),
        .init("remedy", \.remedy),
    ])
}
