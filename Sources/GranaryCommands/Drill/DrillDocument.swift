internal import Archive
internal import Drills

/// The report of a drill for people: text, or Markdown.
struct DrillDocument {
    let evidence: DrillEvidence

    init(_ evidence: DrillEvidence) { self.evidence = evidence }

    private var report: DrillReport { evidence.report }

    var text: String {
        var lines = ["Restore drill: \(verdict)", ""] + facts.map { Self.column($0.0) + $0.1 }
        lines +=
            ["", "Checks"] + report.checks.map { "  \($0.isOK ? "ok  " : "FAIL") \(Self.column($0.title))\($0.detail)" }
        lines += ["", "Time"] + report.phases.map { "  \(Formatting.duration(seconds: $0.seconds))  \($0.name)" }
        if !report.migrations.isEmpty {
            lines += ["", "Pending migrations"] + report.migrations.map { "  \($0.sentence)" }
        }
        if !report.omissions.isEmpty { lines += ["", "Not drilled"] + report.omissions.map { "  \($0.sentence)" } }
        if !report.notes.isEmpty { lines += ["", "Notes"] + report.notes.map { "  \($0)" } }
        return (lines + ["", evidence.sealLine]).map(Formatting.harmless).joined(separator: "\n")
    }

    var markdown: String {
        var lines = ["# Restore drill: \(verdict)", "", "| | |", "| --- | --- |"]
        lines += facts.map { "| \($0.0) | \(Self.cell($0.1)) |" }
        lines += ["", "## Checks", "", "| check | result | detail |", "| --- | --- | --- |"]
        lines += report.checks.map { "| \($0.title) | \($0.isOK ? "ok" : "**failed**") | \(Self.cell($0.detail)) |" }
        lines += ["", "## Time", "", "| phase | time |", "| --- | --- |"]
        lines += report.phases.map { "| \(Self.cell($0.name)) | \(Formatting.duration(seconds: $0.seconds)) |" }
        if !report.migrations.isEmpty {
            lines += ["", "## Pending migrations", ""] + Self.list(report.migrations.map(\.sentence))
        }
        if !report.omissions.isEmpty {
            lines += ["", "## Not drilled", ""] + Self.list(report.omissions.map(\.sentence))
        }
        if !report.notes.isEmpty { lines += ["", "## Notes", ""] + Self.list(report.notes) }
        return (lines + ["", evidence.sealLine]).map(Formatting.harmless).joined(separator: "\n")
    }

    private var verdict: String { DrillListing.verdict(report) }

    private var facts: [(String, String)] {
        let database = report.database.map { "\($0) (\(report.environment ?? "no environment"))" } ?? "unknown"
        return [
            ("backup", "\(report.file), \(Formatting.bytes(report.bytes))\(report.isEncrypted ? ", encrypted" : "")"),
            ("SHA-256", report.sha256 ?? "-"), ("seal", report.sealKey.map { "of the key \($0)" } ?? "not known"),
            (
                "backed up",
                "\(report.backedUpAt), database \(database), PostgreSQL \(report.sourceVersion ?? "unknown")"
            ),
            (
                "drilled",
                "\(evidence.drilledAt) by \(evidence.drilledBy) on \(evidence.host), granary \(granaryVersion)"
            ),
            ("server", report.server.isEmpty ? "-" : "\(report.server), PostgreSQL \(report.serverVersion)"),
            ("restored", "\(counted(report.rows, "row")) in \(counted(report.tables, "table"))"),
            ("RPO", Formatting.duration(seconds: Double(report.rpoSeconds))),
            ("RTO", report.rtoSeconds.map { Formatting.duration(seconds: $0) } ?? "-"),
        ]
    }

    private static func column(_ text: String) -> String {
        text + String(repeating: " ", count: max(1, 14 - text.count))
    }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

    private static func list(_ items: [String]) -> [String] { items.map { "- \($0)" } }
}

extension DrillReport.Check {
    /// `newest rows`
    var title: String { subject.rawValue.replacing("_", with: " ") }
}

extension DrillReport.Omission {
    var sentence: String { "\(what): \(reason)" }
}

extension DrillReport.Migration {
    /// `orders/000007_total  1.2 s, locks public.orders: ACCESS EXCLUSIVE, rewrites public.orders`
    var sentence: String {
        let locked = locks.isEmpty ? "" : ", locks \(locks.listed())"
        let rewritten = rewritten.isEmpty ? "" : ", rewrites \(rewritten.listed())"
        return "\(service)/\(name)  \(Formatting.duration(seconds: seconds))\(locked)\(rewritten)"
    }
}
