internal import Drills
internal import PostgresClient

/// The outcome of a drill on the terminal.
struct DrillListing {
    private let report: DrillReport

    init(_ evidence: DrillEvidence) { report = evidence.report }

    /// A line for each check, what was not drilled, and the verdict last.
    var lines: [String] {
        let width = (report.checks.map(\.title.count).max() ?? 0) + 2
        let checks = report.checks.map { check in
            let title = check.title + String(repeating: " ", count: width - check.title.count)
            return "\(check.isOK ? "ok  " : "FAIL")  \(title)\(check.detail)"
        }
        let migrations = report.migrations.map { "      \($0.sentence)" }
        let omissions = report.omissions.map { "not drilled: \($0.sentence)" }
        return checks + migrations + omissions + [summary]
    }

    private var summary: String {
        let figures = [
            "RPO \(Formatting.duration(seconds: Double(report.rpoSeconds)))",
            report.rtoSeconds.map { "RTO \(Formatting.duration(seconds: $0))" },
        ]
        return ([report.file, Self.verdict(report)] + figures.compactMap(\.self)).joined(separator: "  ")
    }

    static func verdict(_ report: DrillReport) -> String {
        let count = report.findings.count
        let found = count == 0 ? "nothing found" : counted(count, "finding")
        return report.interruption == nil ? found : "not finished, \(found) so far"
    }

    /// How to look at what was kept, and how to drop it.
    ///
    /// - Parameter server: `--server`.
    static func lines(_ kept: DrillReport.Kept, server: String?) -> [String] {
        guard let folder = kept.folder, let url = kept.url else {
            let drop = "DROP DATABASE \(QuotedText.name(kept.database))"
            let place = server == nil ? "granary server psql -c" : "psql SERVER -c"
            return [
                "the restored database is kept as \(kept.database)",
                "to drop it: \(place) \(QuotedText.shellWord(drop))",
            ]
        }
        let data: [String] =
            kept.dataFolder.map { $0.hasPrefix(folder) ? [] : [String($0.dropLast("/data".count))] } ?? []
        let folders = ([folder] + data).map(QuotedText.shellWord).joined(separator: " ")
        return [
            "the restored database is kept: psql \(QuotedText.shellWord(url))",
            "to delete it: (cd \(QuotedText.shellWord(folder)) && granary server stop) && rm -rf \(folders)",
        ]
    }
}
