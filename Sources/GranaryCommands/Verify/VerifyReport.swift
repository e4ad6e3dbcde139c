package import Archive

/// What a verification came to, for people and for programs.
package struct VerifyReport: Sendable, Equatable {
    package var file: String
    package var found: VerificationReport
    package var seconds: Double

    package init(file: String, found: VerificationReport, seconds: Double) {
        self.file = file
        self.found = found
        self.seconds = seconds
    }

    /// `ok  backups/shop.zip  142 members, 6,001,215 rows  1.2 s`, or each problem and how many there are.
    package var lines: [String] {
        let lines =
            if found.isWhole {
                [["ok", file, content, Formatting.duration(seconds: seconds)].joined(separator: "  ")]
                    + found.unchecked.map { "not checked: \($0)" }
            } else {
                found.problems.map { "\($0.member): \($0.problem)" }
                    + ["\(counted(found.problems.count, "problem")) in \(file)"]
            }
        return lines.map(Formatting.harmless)
    }

    private var content: String {
        "\(counted(found.members, "member")), \(counted(found.rows, "row"))"
    }

    package static let result = ResultDescription<Self>([
        .init("file", \.file), .init("ok", \.found.isWhole), .init("members", \.found.members),
        .init("rows", \.found.rows), .init("raw_bytes", \.found.rawBytes), .init("seconds", \.seconds),
        .init("problems", each: problem, \.found.problems), .init("unchecked", \.found.unchecked),
    ])

    private static let problem = ResultDescription<VerificationReport.Problem>([
        .init("member", \.member), .init("problem", \.problem),
    ])
}
