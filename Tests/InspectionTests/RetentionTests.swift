import Archive
import Testing

@testable import Inspection

/// The selection of backups to keep.
@Suite struct RetentionTests {
    private func entry(
        _ createdAt: String,
        database: String = "shop",
        environment: String? = "production",
        tables: [String] = []
    ) -> BackupCatalogue.Entry {
        let manifest = Manifest(
            granary: "1",
            createdAt: createdAt,
            environment: environment,
            database: .init(name: database, encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1",
            scope: .init(tables: tables)
        )
        let file = "\(database)-\(createdAt)-\(tables.count).zip"
        return .init(file: file, path: "backups/\(file)", bytes: 1, content: .backup(manifest))
    }

    private func locked(_ createdAt: String, until: String) throws -> BackupCatalogue.Entry {
        var entry = entry(createdAt)
        var sidecar = Sidecar(
            file: entry.file,
            bytes: 1,
            sha256: "",
            isEncrypted: false,
            try #require(entry.manifest)
        )
        sidecar.lockedUntil = until
        entry.sidecar = sidecar
        return entry
    }

    @Test func aLockedBackupIsKeptUntilTheLockEnds() throws {
        let entries = [
            try locked("2026-11-01T00:00:00Z", until: "2999-01-01T00:00:00Z"),
            try locked("2026-11-02T00:00:00Z", until: "2020-01-01T00:00:00Z"), entry("2026-11-03T00:00:00Z"),
        ]
        #expect(kept(Retention(last: 1), entries) == ["2026-11-03T00:00:00Z", "2026-11-01T00:00:00Z"])
    }

    /// Someone who may only write could otherwise have backups deleted.
    @Test func aDescriptionOfAnotherInstallationDeletesNothing() throws {
        var old = try locked("2026-11-01T00:00:00Z", until: "2020-01-01T00:00:00Z")
        old.content = .described(isOurs: false)
        let decisions = Retention(last: 1).decide(
            BackupCatalogue(folder: "backups", entries: [entry("2026-11-03T00:00:00Z"), old])
        )
        #expect(decisions.map(\.entry.path) == ["backups/shop-2026-11-03T00:00:00Z-0.zip"])
        old.content = .described(isOurs: true)
        let ours = Retention(last: 1).decide(
            BackupCatalogue(folder: "backups", entries: [entry("2026-11-03T00:00:00Z"), old])
        )
        #expect(ours.map(\.isKept) == [true, false])
    }

    /// The times of the kept backups, the newest first.
    private func kept(_ retention: Retention, _ entries: [BackupCatalogue.Entry]) -> [String] {
        let sorted = entries.sorted { ($0.manifest?.createdAt ?? "") > ($1.manifest?.createdAt ?? "") }
        return retention.decide(BackupCatalogue(folder: "backups", entries: sorted)).filter(\.isKept)
            .compactMap(\.entry.manifest?.createdAt)
    }

    private let times = [
        "2026-11-23T07:00:00Z", "2026-11-23T06:00:00Z", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z",
        "2026-11-15T12:00:00Z", "2026-10-31T12:00:00Z", "2025-12-31T12:00:00Z",
    ]

    @Test func theLastAreKept() {
        #expect(kept(Retention(last: 2), times.map { entry($0) }) == Array(times.prefix(2)))
        #expect(kept(Retention(last: 99), times.map { entry($0) }) == times)
    }

    @Test func theLastOfEachDayThatHasOneIsKept() {
        #expect(kept(Retention(daily: 3), times.map { entry($0) }) == [times[0], times[2], times[3]])
    }

    @Test func weeksBeginOnMondays() {
        // 23 November 2026 and 16 November 2026 are Mondays.
        #expect(kept(Retention(weekly: 3), times.map { entry($0) }) == [times[0], times[2], times[4]])
        #expect(Retention.week("2026-11-22T23:59:59Z") == Retention.week("2026-11-16T00:00:00Z"))
        #expect(Retention.week("2026-11-23T00:00:00Z") != Retention.week("2026-11-22T23:59:59Z"))
        // 1 January 2024 was a Monday, and 29 February of the same year a Thursday.
        #expect(Retention.week("2024-01-01T00:00:00Z") != Retention.week("2023-12-31T00:00:00Z"))
        #expect(Retention.week("2024-02-29T00:00:00Z") == Retention.week("2024-03-03T00:00:00Z"))
        #expect(Retention.week("2024-03-04T00:00:00Z") != Retention.week("2024-03-03T00:00:00Z"))
    }

    @Test func monthsAndTheOtherRulesAddUp() {
        #expect(kept(Retention(monthly: 3), times.map { entry($0) }) == [times[0], times[5], times[6]])
        #expect(kept(Retention(last: 1, monthly: 2), times.map { entry($0) }) == [times[0], times[5]])
    }

    @Test func theNewestOfAWholeDatabaseStaysWhateverIsAsked() {
        #expect(kept(Retention(), times.map { entry($0) }) == [times[0]])
    }

    @Test func aLinkDoesNotCountAsABackup() {
        var link = entry(times[0])
        link.isLink = true
        link.path = "backups/latest.zip"
        let catalogue = BackupCatalogue(folder: "backups", entries: [link, entry(times[0]), entry(times[1])])
        let decisions = Retention(last: 1).decide(catalogue)
        #expect(decisions.map(\.entry.path).contains(link.path) == false)
        #expect(decisions.map(\.isKept) == [true, false])
    }

    @Test func smallBackupsDoNotPushOutWholeOnesNorOneDatabaseAnother() {
        let entries =
            [entry("2026-11-20T00:00:00Z"), entry("2026-11-19T00:00:00Z")]
            + (1...5).map { entry("2026-11-2\($0)T12:00:00Z", tables: ["shop.orders"]) }
            + [entry("2020-01-01T00:00:00Z", database: "other"), entry("2020-01-02T00:00:00Z", environment: nil)]
        #expect(
            kept(Retention(last: 1), entries) == [
                "2026-11-25T12:00:00Z", "2026-11-20T00:00:00Z", "2020-01-02T00:00:00Z", "2020-01-01T00:00:00Z",
            ]
        )
    }

    @Test func unreadableFilesAreNeitherKeptNorDeleted() {
        let broken = BackupCatalogue.Entry(
            file: "x.zip",
            path: "backups/x.zip",
            bytes: 1,
            content: .unreadable("the file ends early")
        )
        #expect(Retention(last: 1).decide(BackupCatalogue(folder: "backups", entries: [broken])).isEmpty)
    }
}
