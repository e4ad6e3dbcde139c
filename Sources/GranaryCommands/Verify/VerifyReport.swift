package import Archive
package import Restore

/// The outcome of a verification, as text and as JSON.
package struct VerifyReport: Sendable, Equatable {
    package enum Format: String, Sendable {
        case archive
        case dump = "plain dump"
        case dumpArchive = "pg_dump archive"
        case drillReport = "drill report"
        /// Nothing is known about its content.
        case encrypted
    }

    package var file: String
    package var format: Format
    /// The manifest of an archive.
    package var members: Int?
    /// The tables that COPY fills, for a plain dump.
    package var tables: Int?
    package var rows: Int
    package var rawBytes: Int
    package var problems: [VerificationReport.Problem]
    /// How Citus distributed the tables, and whether their rows are of one moment.
    package var distribution: String?
    /// Parts that could not be checked, one sentence each.
    package var notes: [String] = []
    /// What to do about a file that could not be opened.
    package var hint: String?
    package var seconds: Double

    package init(file: String, found: VerificationReport, seconds: Double) {
        self.file = file
        format = .archive
        members = found.members
        rows = found.rows
        rawBytes = found.rawBytes
        problems = found.problems
        notes = found.unchecked
        distribution = found.distribution
        self.seconds = seconds
    }

    package init(file: String, dump: DumpCheck, seconds: Double) {
        self.file = file
        format = .dump
        tables = dump.tables
        rows = dump.rows
        rawBytes = dump.bytes
        problems = dump.problems.map { VerificationReport.Problem(member: file, problem: $0) }
        notes = dump.notes
        self.seconds = seconds
    }

    /// An encrypted file that could not be opened because it was changed, or is for other recipients.
    package init(file: String, damage: String, seconds: Double) {
        self.file = file
        format = .encrypted
        (rows, rawBytes) = (0, 0)
        problems = [.init(member: file, problem: damage)]
        self.seconds = seconds
    }

    package init(file: String, dumpArchive: VerificationReport, seconds: Double) {
        self.init(file: file, found: dumpArchive, seconds: seconds)
        format = .dumpArchive
    }

    /// The report of a drill.
    package init(file: String, bytes: Int, sealProblem: String?) {
        self.file = file
        format = .drillReport
        (rows, rawBytes, seconds) = (0, bytes, 0)
        problems = sealProblem.map { [.init(member: file, problem: $0)] } ?? []
    }

    package var isWhole: Bool { problems.isEmpty }

    /// `ok  backups/shop.zip  142 members, 6,001,215 rows  1.2 s`, or each problem and their number.
    package var lines: [String] {
        let lines =
            if isWhole {
                [["ok", file, content, Formatting.duration(seconds: seconds)].joined(separator: "  ")]
                    + (distribution.map { ["distributed by Citus: \($0)"] } ?? [])
            } else {
                problems.map { "\($0.member): \($0.problem)" } + ["\(counted(problems.count, "problem")) in \(file)"]
            }
        return lines.map(Formatting.harmless)
    }

    private var content: String {
        if format == .drillReport { return "the report of a drill, sealed and unchanged" }
        let parts = members.map { counted($0, "member") } ?? "plain dump, \(counted(tables ?? 0, "table"))"
        return "\(parts), \(counted(rows, "row"))"
    }

    package static let result = ResultDescription<Self>([
        .init("file", \.file), .init("format", \.format.rawValue), .init("ok", \.isWhole),
        .init("members", \.members), .init("tables", \.tables), .init("rows", \.rows),
        .init("raw_bytes", \.rawBytes), .init("seconds", \.seconds), .init("problems", each: problem, \.problems),
        .init("notes", \.notes), .init("distribution", \.distribution),
    ])

    private static let problem = ResultDescription<VerificationReport.Problem>([
        .init("member", \.member), .init("problem", \.problem),
    ])
}
