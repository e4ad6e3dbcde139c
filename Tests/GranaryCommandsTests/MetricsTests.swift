import TestSupport
import Testing

@testable import GranaryCommands

/// The file for Prometheus.
@Suite struct MetricsTests {
    private static let shop = NoticeRecord.Subject(database: "shop", environment: "production")

    private static func success(
        _ subject: NoticeRecord.Subject = shop,
        at time: Int = 1000,
        rows: Int = 7
    ) -> RunOutcome {
        let figures = NoticeRecord.Figures(
            subject,
            bytes: 10,
            rawBytes: 20,
            rows: rows,
            tables: 2,
            seconds: 1.25,
            endedAt: time
        )
        return RunOutcome(code: 0, seconds: 2, endedAt: time + 5, finished: [figures])
    }

    private static func failure(_ subjects: [NoticeRecord.Subject] = [shop], code: Int32 = 4) -> RunOutcome {
        RunOutcome(code: code, seconds: 2, endedAt: 2000, failed: subjects)
    }

    private static func samples(_ text: MetricsText) -> [String] {
        text.text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    @Test func aSuccessHasAllFigures() {
        var text = MetricsText()
        text.add(Self.success())
        let labels = #"{database="shop",environment="production"}"#
        #expect(
            Self.samples(text) == [
                "granary_backup_last_success_timestamp_seconds\(labels) 1000",
                "granary_backup_last_run_timestamp_seconds\(labels) 1005", "granary_backup_last_exit_code\(labels) 0",
                "granary_backup_bytes\(labels) 10", "granary_backup_rows\(labels) 7",
                "granary_backup_tables\(labels) 2",
                "granary_backup_raw_bytes\(labels) 20", "granary_backup_duration_seconds\(labels) 1.25",
            ]
        )
        // Each metric has its two comments directly before its samples.
        let lines = text.text.split(separator: "\n")
        for (index, line) in lines.enumerated() where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" }
            #expect(lines[index - 2].hasPrefix("# HELP \(name) ") && lines[index - 1] == "# TYPE \(name) gauge")
        }
        #expect(MetricsText(text.text) == text)
    }

    @Test func aFailureKeepsTheLastSuccess() {
        var text = MetricsText()
        text.add(Self.success())
        text.add(Self.failure())
        let labels = #"{database="shop",environment="production"}"#
        #expect(
            Self.samples(text).prefix(4) == [
                "granary_backup_last_success_timestamp_seconds\(labels) 1000",
                "granary_backup_last_run_timestamp_seconds\(labels) 2000", "granary_backup_last_exit_code\(labels) 4",
                "granary_backup_bytes\(labels) 10",
            ]
        )
        text.add(Self.success(at: 3000, rows: 8))
        #expect(Self.samples(text)[0].hasSuffix(" 3000") && Self.samples(text)[4].hasSuffix(" 8"))
    }

    @Test func aDrillHasMetricsOfItsOwnInTheSameFile() throws {
        var figures = NoticeRecord.Figures(Self.shop, bytes: 1, rows: 2, tables: 3, seconds: 4, endedAt: 5)
        (figures.rpoSeconds, figures.rtoSeconds) = (60, 1.5)
        var text = MetricsText()
        text.add(Self.success())
        let backups = Self.samples(text)
        text.add(RunOutcome(job: .drill, code: 0, seconds: 4, endedAt: 6, finished: [figures]))
        // It is not known which backup could not be read.
        text.add(RunOutcome(job: .drill, code: 1, seconds: 4, endedAt: 7))
        let labels = #"{database="shop",environment="production"}"#
        let drills = [
            ("last_success_timestamp_seconds", "5"), ("last_run_timestamp_seconds", "7"), ("last_exit_code", "1"),
            ("bytes", "1"), ("rows", "2"), ("tables", "3"), ("duration_seconds", "4"), ("rpo_seconds", "60"),
            ("rto_seconds", "1.5"),
        ].map { "granary_drill_\($0)\(labels) \($1)" }
        #expect(Self.samples(text) == backups + drills)
        let read = try #require(MetricsText(text.text))
        #expect(read == text)
        text.add(Self.failure([], code: 9))
        #expect(Self.samples(text).suffix(drills.count) == drills[...])
    }

    @Test func otherDatabasesKeepTheirLines() {
        let other = NoticeRecord.Subject(database: "other", environment: nil)
        let staging = NoticeRecord.Subject(database: "shop", environment: "staging")
        var text = MetricsText()
        for subject in [Self.shop, other, staging] { text.add(Self.success(subject)) }
        text.add(Self.failure([Self.shop]))
        let codes = Self.samples(text).filter { $0.contains("exit_code") }
        #expect(codes.map { $0.suffix(1) } == ["4", "0", "0"])
        // The environment is not known before the database answers.
        text.add(Self.failure([NoticeRecord.Subject(database: "shop", environment: nil)], code: 5))
        #expect(Self.samples(text).filter { $0.contains("exit_code") }.map { $0.suffix(1) } == ["5", "0", "5"])
        #expect(Self.samples(text).contains(#"granary_backup_last_exit_code{database="other"} 0"#))
        // Nor may the database be.
        text.add(Self.failure([], code: 1))
        #expect(Self.samples(text).filter { $0.contains("exit_code") }.map { $0.suffix(1) } == ["1", "1", "1"])
    }

    @Test func someOfSeveralDatabasesMayFail() {
        var outcome = Self.success()
        (outcome.code, outcome.failed) = (1, [NoticeRecord.Subject(database: "other", environment: nil)])
        var text = MetricsText()
        text.add(outcome)
        #expect(Self.samples(text).filter { $0.contains("exit_code") }.map { $0.suffix(1) } == ["0", "1"])
    }

    /// Older backups could not be deleted, so that the run is no success, and the backup is.
    @Test func aFailureAfterTheBackupHasItsCode() {
        let other = NoticeRecord.Subject(database: "other", environment: nil)
        var outcome = Self.success(at: 3000)
        outcome.code = 1
        var text = MetricsText()
        text.add(Self.success(other))
        text.add(outcome)
        #expect(Self.samples(text).filter { $0.contains("exit_code") }.map { $0.suffix(1) } == ["0", "1"])
        #expect(Self.samples(text)[1].hasSuffix(" 3000"), "the backup is the last success")
    }

    @Test func aRunWithoutADatabaseHasNoLabelsUntilOneIsKnown() {
        var text = MetricsText()
        text.add(Self.failure([]))
        #expect(
            Self.samples(text) == ["granary_backup_last_run_timestamp_seconds 2000", "granary_backup_last_exit_code 4"]
        )
        text.add(Self.success())
        #expect(Self.samples(text).allSatisfy { $0.contains("database=\"shop\"") })
    }

    @Test func namesOfAnyCharactersAreReadAgain() {
        for name in ["a\"b", "a\\", "a\nb", "\\n", "a}b", "a=\"x\",c", "é\u{301}\r\nx", "a\"\u{301}b", "}", "# x"] {
            var text = MetricsText()
            text.add(Self.success(NoticeRecord.Subject(database: name, environment: name)))
            let read = MetricsText(text.text)
            #expect(read?.text == text.text, "\(name)")
            #expect(read?.series.map(\.subject) == [NoticeRecord.Subject(database: name, environment: name)], "\(name)")
        }
    }

    @Test func aFileIsReplacedAndReadableForAll() async throws {
        try await ScratchFolder.with { folder in
            let file = MetricsFile(path: folder.file("granary.prom"))
            #expect(file.update(Self.success()) == nil)
            #expect(fileMode(file.path).map { $0 & 0o777 } == 0o644)
            #expect(file.update(Self.failure()) == nil)
            #expect(folder.names() == ["granary.prom"])
            #expect(String(decoding: folder.read("granary.prom"), as: UTF8.self).contains("seconds{database=\"shop\""))
            let nowhere = MetricsFile(path: folder.file("no/granary.prom")).update(Self.success())
            #expect(nowhere?.hasSuffix("No such file or directory") == true, "\(String(describing: nowhere))")
        }
    }

    @Test(arguments: [
        "node_load1 0.5\n", "a note of mine\n", "# of another\n", "granary_backup_rows{database=\"shop\"} many\n",
        "granary_backup_rows{host=\"x\"} 1\n", "granary_backup_rows{database=\"shop\" 1\n", "granary_other 1\n",
        "\u{0}",
        "granary_backup_rows 1\nnode_load1 0.5\n",
    ])
    func aFileOfSomethingElseIsLeftAlone(_ content: String) async throws {
        try await ScratchFolder.with { folder in
            let path = try folder.write(content, to: "other.prom")
            let note = MetricsFile(path: path).update(Self.success())
            #expect(note?.contains("holds something else") == true, "\(String(describing: note))")
            #expect(folder.read("other.prom") == Array(content.utf8))
        }
    }

    @Test func aFolderOrADeviceIsLeftAlone() async throws {
        for path in ["/dev/null", "/tmp"] {
            #expect(MetricsFile(path: path).update(Self.success())?.contains("holds something else") == true)
        }
    }
}
