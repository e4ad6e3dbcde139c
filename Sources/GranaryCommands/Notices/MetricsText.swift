/// The content of a file of metrics.
struct MetricsText: Equatable {
    enum Metric: String, CaseIterable {
        case lastSuccess = "last_success_timestamp_seconds"
        case lastRun = "last_run_timestamp_seconds"
        case lastExitCode = "last_exit_code"
        case bytes, rows, tables
        case rawBytes = "raw_bytes"
        case duration = "duration_seconds"

        static let prefix = "granary_backup_"
        var name: String { Self.prefix + rawValue }

        var help: String {
            switch self {
            case .lastSuccess: "When the last successful backup ended, in seconds since 1970."
            case .lastRun: "When the last run ended, in seconds since 1970."
            case .lastExitCode: "The exit code of the last run; 0 is a success."
            case .bytes: "The size of the last successful backup."
            case .rawBytes: "The size of the rows in the last successful backup, uncompressed."
            case .rows: "The rows in the last successful backup."
            case .tables: "The tables in the last successful backup."
            case .duration: "How long the last successful backup took."
            }
        }
    }

    /// The values for each database, as they are written.
    private(set) var series: [(subject: NoticeRecord.Subject, values: [Metric: String])] = []

    init() {}

    static func == (one: MetricsText, other: MetricsText) -> Bool { one.text == other.text }

    mutating func add(_ outcome: RunOutcome) {
        for figures in outcome.finished {
            set(
                figures.subject,
                [
                    .lastSuccess: "\(figures.endedAt)", .lastRun: "\(outcome.endedAt)", .lastExitCode: "0",
                    .bytes: "\(figures.bytes)", .rawBytes: "\(figures.rawBytes)", .rows: "\(figures.rows)",
                    .tables: "\(figures.tables)", .duration: JSONDocument.number(figures.seconds).text,
                ]
            )
        }
        guard !outcome.isSuccess else { return }
        let failure: [Metric: String] = [.lastRun: "\(outcome.endedAt)", .lastExitCode: "\(outcome.code)"]
        for subject in outcome.failed {
            // Before the database has answered, its marker is not known.
            let known = series.map(\.subject).filter {
                $0.database == subject.database && (subject.environment == nil || $0.environment == subject.environment)
            }
            for one in known.isEmpty ? [subject] : known { set(one, failure) }
        }
        guard outcome.failed.isEmpty else { return }
        // Older backups of it were not deleted; or it is not known which database was meant, so that the run failed for
        // all of them.
        let known = outcome.finished.isEmpty ? series.map(\.subject) : outcome.finished.map(\.subject)
        for one in known.isEmpty ? [NoticeRecord.Subject(database: "", environment: nil)] : known { set(one, failure) }
    }

    private mutating func set(_ subject: NoticeRecord.Subject, _ values: [Metric: String]) {
        // A run that knew no database had no labels.
        if !subject.database.isEmpty { series.removeAll { $0.subject.database.isEmpty } }
        guard let place = series.firstIndex(where: { $0.subject == subject }) else {
            series.append((subject, values))
            return
        }
        series[place].values.merge(values) { $1 }
    }
}

// Writing.
extension MetricsText {
    /// One group of lines for each metric, as the format requires.
    var text: String {
        Metric.allCases.map { metric in
            let lines = series.compactMap { series in
                series.values[metric].map { "\(metric.name)\(Self.labels(series.subject)) \($0)\n" }
            }
            guard !lines.isEmpty else { return "" }
            return "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) gauge\n\(lines.joined())"
        }.joined()
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
            guard let (metric, subject, value) = Self.sample(Substring(line)) else { return nil }
            guard let place = series.firstIndex(where: { $0.subject == subject }) else {
                series.append((subject, [metric: value]))
                continue
            }
            series[place].values[metric] = value
        }
        let comments = text.unicodeScalars.split(separator: "\n").filter { $0.starts(with: "# ".unicodeScalars) }
        let isOurs = comments.allSatisfy {
            $0.starts(with: "# HELP \(Metric.prefix)".unicodeScalars)
                || $0.starts(with: "# TYPE \(Metric.prefix)".unicodeScalars)
        }
        guard isOurs else { return nil }
    }

    /// `granary_backup_rows{database="shop",environment="production"} 42`
    private static func sample(_ line: Substring) -> (Metric, NoticeRecord.Subject, String)? {
        let name = line.prefix { $0 != "{" && $0 != " " }
        guard let metric = Metric.allCases.first(where: { $0.name == name }) else { return nil }
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
        return (metric, subject, String(rest))
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
