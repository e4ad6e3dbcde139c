/// The content of a file of metrics.
struct MetricsText: Equatable {
    typealias Job = NoticeRecord.Job

    enum Metric: String, CaseIterable {
        case lastSuccess = "last_success_timestamp_seconds"
        case lastRun = "last_run_timestamp_seconds"
        case lastExitCode = "last_exit_code"
        case bytes, rows, tables
        case rawBytes = "raw_bytes"
        case duration = "duration_seconds"
        case rpo = "rpo_seconds"
        case rto = "rto_seconds"

        func name(of job: Job) -> String { "\(job.prefix)\(rawValue)" }

        func help(of job: Job) -> String {
            switch self {
            case .lastSuccess: "When the last successful \(job) ended, in seconds since 1970."
            case .lastRun: "When the last run ended, in seconds since 1970."
            case .lastExitCode: "The exit code of the last run; 0 is a success."
            case .bytes: "The size of the \(job.backup)."
            case .rawBytes: "The size of the rows in the \(job.backup), uncompressed."
            case .rows: "The rows in the \(job.backup)."
            case .tables: "The tables in the \(job.backup)."
            case .duration: "How long the last successful \(job) took."
            case .rpo: "How old the backup was in the last successful drill."
            case .rto: "How long the restore took in the last successful drill."
            }
        }
    }

    /// The values for each job and database, as they are written.
    private(set) var series: [(job: Job, subject: NoticeRecord.Subject, values: [Metric: String])] = []

    init() {}

    static func == (one: MetricsText, other: MetricsText) -> Bool { one.text == other.text }

    mutating func add(_ outcome: RunOutcome) {
        let job = outcome.job
        func set(_ subject: NoticeRecord.Subject, _ values: [Metric: String]) { self.set(job, subject, values) }
        for figures in outcome.finished {
            var values: [Metric: String] = [
                .lastSuccess: "\(figures.endedAt)", .lastRun: "\(outcome.endedAt)", .lastExitCode: "0",
                .bytes: "\(figures.bytes)", .rows: "\(figures.rows)", .tables: "\(figures.tables)",
                .duration: JSONDocument.number(figures.seconds).text,
            ]
            values[.rawBytes] = figures.rawBytes.map(String.init)
            values[.rpo] = figures.rpoSeconds.map(String.init)
            values[.rto] = figures.rtoSeconds.map { JSONDocument.number($0).text }
            set(figures.subject, values)
        }
        guard !outcome.isSuccess else { return }
        let present = series.filter { $0.job == job }.map(\.subject)
        let failure: [Metric: String] = [.lastRun: "\(outcome.endedAt)", .lastExitCode: "\(outcome.code)"]
        for subject in outcome.failed {
            // Before the database has answered, its marker is not known.
            let known = present.filter {
                $0.database == subject.database && (subject.environment == nil || $0.environment == subject.environment)
            }
            for one in known.isEmpty ? [subject] : known { set(one, failure) }
        }
        guard outcome.failed.isEmpty else { return }
        // Older backups of it were not deleted; or it is not known which database was meant, so that the run failed for
        // all of them.
        let known = outcome.finished.isEmpty ? present : outcome.finished.map(\.subject)
        for one in known.isEmpty ? [NoticeRecord.Subject(database: "", environment: nil)] : known { set(one, failure) }
    }

    private mutating func set(_ job: Job, _ subject: NoticeRecord.Subject, _ values: [Metric: String]) {
        // A run that knew no database had no labels.
        if !subject.database.isEmpty { series.removeAll { $0.job == job && $0.subject.database.isEmpty } }
        guard let place = series.firstIndex(where: { $0.job == job && $0.subject == subject }) else {
            series.append((job, subject, values))
            return
        }
        series[place].values.merge(values) { $1 }
    }
}

// Writing.
extension MetricsText {
    /// One group of lines for each metric, as the format requires.
    var text: String {
        Job.allCases.flatMap { job in Metric.allCases.map { text(of: job, $0) } }.joined()
    }

    private func text(of job: Job, _ metric: Metric) -> String {
        let name = metric.name(of: job)
        let lines = series.filter { $0.job == job }.compactMap { series in
            series.values[metric].map { "\(name)\(Self.labels(series.subject)) \($0)\n" }
        }
        guard !lines.isEmpty else { return "" }
        return "# HELP \(name) \(metric.help(of: job))\n# TYPE \(name) gauge\n\(lines.joined())"
    }

    private static func labels(_ subject: NoticeRecord.Subject) -> String {
        // An empty label is the same as none.
        let labels = [("database", subject.database), ("environment", subject.environment ?? "")]
            .filter { !$0.1.isEmpty }.map { "\($0)=\"\(escaped($1))\"" }
        return labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    private static func escaped(_ value: String) -> String {
        String(
            String.UnicodeScalarView(
                value.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
                    switch scalar {
                    case "\\": ["\\", "\\"]
                    case "\"": ["\\", "\""]
                    case "\n": ["\\", "n"]
                    default: [scalar]
                    }
                }
            )
        )
    }
}

// Reading.
extension MetricsText {
    /// - Returns: nil if a line is not one of this type's.
    init?(_ text: String) {
        // By scalars: `\r\n` would be one character.
        for line in text.unicodeScalars.split(separator: "\n") where !line.starts(with: "# ".unicodeScalars) {
            guard let (job, metric, subject, value) = Self.sample(Substring(line)) else { return nil }
            guard let place = series.firstIndex(where: { $0.job == job && $0.subject == subject }) else {
                series.append((job, subject, [metric: value]))
                continue
            }
            series[place].values[metric] = value
        }
        let comments = text.unicodeScalars.split(separator: "\n").filter { $0.starts(with: "# ".unicodeScalars) }
        let isOurs = comments.allSatisfy { comment in
            Job.allCases.contains { job in
                ["HELP", "TYPE"].contains { comment.starts(with: "# \($0) \(job.prefix)".unicodeScalars) }
            }
        }
        guard isOurs else { return nil }
    }

    /// `granary_backup_rows{database="shop",environment="production"} 42`
    private static func sample(_ line: Substring) -> (Job, Metric, NoticeRecord.Subject, String)? {
        let name = line.prefix { $0 != "{" && $0 != " " }
        let names = Job.allCases.flatMap { job in Metric.allCases.map { (job, $0) } }
        guard let (job, metric) = names.first(where: { $1.name(of: $0) == name }) else { return nil }
        var rest = line[name.endIndex...]
        var subject = NoticeRecord.Subject(database: "", environment: nil)
        if rest.first == "{" {
            repeat {
                rest.removeFirst()
                let label = rest.prefix { $0 != "=" }
                guard let value = quoted(&rest, after: label) else { return nil }
                switch label {
                case "database": subject.database = value
                case "environment": subject.environment = value
                default: return nil
                }
            } while rest.first == ","
            guard rest.popFirst() == "}" else { return nil }
        }
        guard rest.popFirst() == " ", let number = Double(rest), number.isFinite else { return nil }
        return (job, metric, subject, String(rest))
    }

    /// The value of a label, and `rest` after it.
    private static func quoted(_ rest: inout Substring, after label: Substring) -> String? {
        rest = rest[label.endIndex...]
        guard rest.popFirst() == "=", rest.unicodeScalars.popFirst() == "\"" else { return nil }
        var value = String.UnicodeScalarView()
        while let scalar = rest.unicodeScalars.popFirst() {
            switch scalar {
            case "\"": return String(value)
            case "\\":
                switch rest.unicodeScalars.popFirst() {
                case "n": value.append("\n")
                case "\\": value.append("\\")
                case "\"": value.append("\"")
                default: return nil
                }
            default: value.append(scalar)
            }
        }
        return nil
    }
}

extension NoticeRecord.Job {
    fileprivate var prefix: String { "granary_\(rawValue)_" }

    fileprivate var backup: String {
        switch self {
        case .backup: "last successful backup"
        case .drill: "backup of the last successful drill"
        }
    }
}
