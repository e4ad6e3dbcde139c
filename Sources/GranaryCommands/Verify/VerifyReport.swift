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
            } else {
                found.problems.map { "\($0.member): \($0.problem)" }
                    + ["\(counted(found.problems.count, "problem")) in \(file)"]
            }
        return lines.map(Formatting.harmless)
    }

    private var content: String {
        "\(counted(found.members, "member")), \(counted(found.rows, "row"))"
    }

    package var document: JSONDocument {
        .object([
            "file": .string(file), "ok": .bool(found.isWhole), "members": .integer(found.members),
            "rows": .integer(found.rows), "raw_bytes": .integer(found.rawBytes), "seconds": .number(seconds),
            "problems": .array(
                found.problems.map { .object(["member": .string($0.member), "problem": .string($0.problem)]) }
            ),
        ])
    }
}
