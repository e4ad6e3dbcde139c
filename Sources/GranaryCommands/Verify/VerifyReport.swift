internal import Archive

/// What a verification came to.
package struct VerifyReport: Sendable, Equatable {
    package struct Problem: Sendable, Equatable {
        /// nil where it is the archive as a whole.
        package var member: String?
        package var problem: String

        package init(member: String?, problem: String) {
            self.member = member
            self.problem = problem
        }
    }

    package var file: String
    package var members: Int
    package var rows: Int
    /// Bytes of COPY text.
    package var rawBytes = 0
    package var problems: [Problem]
    package var seconds: Double

    package init(file: String, members: Int, rows: Int, problems: [Problem], seconds: Double) {
        self.file = file
        self.members = members
        self.rows = rows
        self.problems = problems
        self.seconds = seconds
    }

    init(_ file: String, _ found: VerificationReport, seconds: Double) {
        self.init(
            file: file,
            members: found.members,
            rows: found.rows,
            problems: found.problems.map { Problem(member: $0.member, problem: $0.problem) },
            seconds: seconds
        )
        rawBytes = found.rawBytes
    }

    package var isOK: Bool { problems.isEmpty }

    /// `ok  backups/shop.zip  142 members, 6,001,215 rows  1.2 s`, or each problem and how many there are.
    package var lines: [String] {
        guard !isOK else {
            let content = "\(Formatting.count(members, "member")), \(Formatting.count(rows, "row"))"
            return [["ok", file, content, Formatting.duration(seconds: seconds)].joined(separator: "  ")]
        }
        let found = problems.map { "\($0.member ?? file): \($0.problem)" }
        return (found + ["\(Formatting.count(problems.count, "problem")) in \(file)"]).map(Formatting.harmless)
    }

    package var document: JSONDocument {
        .object([
            "file": .string(file), "ok": .bool(isOK), "members": .integer(members), "rows": .integer(rows),
            "raw_bytes": .integer(rawBytes), "seconds": .number(seconds),
            "problems": .array(
                problems.map { .object(["member": .optional($0.member), "problem": .string($0.problem)]) }
            ),
        ])
    }
}
