import Archive
import Storage
import Testing

@testable import Inspection

/// The selection of backups to keep.
@Suite struct RetentionTests {
    /// The moment of the decisions, after all backups.
    private let now = UTCTime.parse(extended: "2026-11-29T12:00:00Z")!

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
            BackupCatalogue(folder: "backups", entries: [entry("2026-11-03T00:00:00Z"), old]),
            at: now
        )
        #expect(decisions.map(\.entry.summary?.createdAt) == ["2026-11-03T00:00:00Z"])
        #expect(old.whyNeverPruned?.contains("another installation") == true)
        old.content = .described(isOurs: true)
        let ours = Retention(last: 1).decide(
            BackupCatalogue(folder: "backups", entries: [entry("2026-11-03T00:00:00Z"), old]),
            at: now
        )
        #expect(ours.map(\.isKept) == [true, false])
    }

    /// The times of the kept backups, the newest first.
    private func kept(_ retention: Retention, _ entries: [BackupCatalogue.Entry]) -> [String] {
        let sorted = entries.sorted { ($0.manifest?.createdAt ?? "") > ($1.manifest?.createdAt ?? "") }
        return retention.decide(BackupCatalogue(folder: "backups", entries: sorted), at: now)
            .filter(\.isKept).compactMap(\.entry.manifest?.createdAt)
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

    @Test func weeksBeginOnMondays() throws {
        // 23 November 2026 and 16 November 2026 are Mondays.
        #expect(kept(Retention(weekly: 3), times.map { entry($0) }) == [times[0], times[2], times[4]])
        func week(_ time: String) throws -> Int { Retention.week(try #require(UTCTime.parse(extended: time))) }
        try #expect(week("2026-11-22T23:59:59Z") == week("2026-11-16T00:00:00Z"))
        try #expect(week("2026-11-23T00:00:00Z") != week("2026-11-22T23:59:59Z"))
        // 1 January 2024 was a Monday, and 29 February of the same year a Thursday.
        try #expect(week("2024-01-01T00:00:00Z") != week("2023-12-31T00:00:00Z"))
        try #expect(week("2024-02-29T00:00:00Z") == week("2024-03-03T00:00:00Z"))
        try #expect(week("2024-03-04T00:00:00Z") != week("2024-03-03T00:00:00Z"))
    }

    @Test func monthsAndTheOtherRulesAddUp() {
        #expect(kept(Retention(monthly: 3), times.map { entry($0) }) == [times[0], times[5], times[6]])
        #expect(kept(Retention(last: 1, monthly: 2), times.map { entry($0) }) == [times[0], times[5]])
    }

    @Test func hoursAndYears() {
        #expect(kept(Retention(hourly: 3), times.map { entry($0) }) == Array(times.prefix(3)))
        #expect(kept(Retention(yearly: 2), times.map { entry($0) }) == [times[0], times[6]])
    }

    /// Otherwise a tier would have nothing as old as it promises until it is full.
    @Test func whileThereAreFewerPeriodsTheOldestStays() {
        #expect(kept(Retention(monthly: 4), times.map { entry($0) }) == [times[0], times[5], times[6]])
        let month = Array(times.prefix(5))
        #expect(kept(Retention(monthly: 2), month.map { entry($0) }) == [times[0], times[4]])
        #expect(
            reasons(Retention(monthly: 2), month.map { entry($0) }) == [[.monthly, .newest], [], [], [], [.oldest]]
        )
        #expect(kept(Retention(monthly: 1), month.map { entry($0) }) == [times[0]])
    }

    @Test func theAgeCountsFromNow() {
        let entries = times.map { entry($0) }
        #expect(kept(Retention(within: .seconds(7 * 86_400)), entries) == Array(times.prefix(3)))
        #expect(kept(Retention(within: .seconds(1)), entries) == [times[0]])
    }

    @Test func theNewestStaysWhateverIsAsked() {
        #expect(kept(Retention(), times.map { entry($0) }) == [times[0]])
        #expect(reasons(Retention(), times.map { entry($0) })[0] == [.newest])
    }

    @Test func theNewestVerifiedAndTheNewestDrilledStay() throws {
        var entries = times.map { entry($0) }
        for index in entries.indices {
            try describe(&entries[index]) { sidecar in
                if index >= 2 { sidecar.verifiedAt = "2026-11-24T00:00:00Z" }
                if index >= 3 { (sidecar.drilledAt, sidecar.drillOK) = ("2026-11-24T00:00:00Z", index >= 4) }
            }
        }
        #expect(
            reasons(Retention(last: 1), entries) == [[.last, .newest], [], [.verified], [], [.drilled], [], []]
        )
        // Anybody may have written the others.
        for index in entries.indices { entries[index].isSidecarOurs = false }
        #expect(kept(Retention(last: 1), entries) == [times[0]])
    }

    @Test func whatAnUndoLineNamesStaysForThirtyDays() throws {
        var entries = times.map { entry($0) }
        for index in entries.indices { try describe(&entries[index]) { $0.backup.undoFor = "clean" } }
        for index in entries.indices { entries[index].content = .described(isOurs: true) }
        let kept = reasons(Retention(last: 1), entries)
        #expect(kept == [[.last, .newest, .undo], [.undo], [.undo], [.undo], [.undo], [.undo], []])
    }

    /// Its clock was wrong, so its place among the others is unknown.
    @Test func aBackupFromTheFutureStaysAndDisplacesNone() {
        let entries = [entry("2027-01-01T00:00:00Z")] + times.map { entry($0) }
        #expect(kept(Retention(last: 1), entries) == ["2027-01-01T00:00:00Z", times[0]])
        #expect(reasons(Retention(last: 1), entries)[0] == [.future])
        // Clocks of servers differ a little.
        #expect(reasons(Retention(last: 1), [entry("2026-11-29T12:04:59Z")]) == [[.last, .newest]])
    }

    /// Puts a sidecar of this installation beside a backup.
    private func describe(_ entry: inout BackupCatalogue.Entry, _ change: (inout Sidecar) -> Void) throws {
        let manifest = try #require(entry.manifest)
        var sidecar = Sidecar(file: entry.file, bytes: 1, sha256: "", isEncrypted: false, manifest)
        change(&sidecar)
        (entry.sidecar, entry.isSidecarOurs) = (sidecar, true)
    }

    private func reasons(_ retention: Retention, _ entries: [BackupCatalogue.Entry]) -> [[Retention.Reason]] {
        retention.decide(BackupCatalogue(folder: "backups", entries: entries), at: now).map(\.reasons)
    }

    /// One without the rows of a table is not whole, although it was taken of the whole database.
    @Test func aBackupWithoutSomeRowsDoesNotDisplaceACompleteOne() throws {
        let entries = [
            entry("2026-11-22T00:00:00Z", emptied: true), entry("2026-11-21T00:00:00Z", emptied: true),
            entry("2026-11-20T00:00:00Z"), entry("2026-11-19T00:00:00Z"),
        ]
        #expect(kept(Retention(last: 1), entries) == ["2026-11-22T00:00:00Z", "2026-11-20T00:00:00Z"])
        #expect(entries.map(\.summary?.isComplete) == [false, false, true, true])
    }

    @Test func databasesOfOneNameOnTwoServersDoNotDisplaceEachOther() {
        let entries = [
            entry("2026-11-22T00:00:00Z", server: "1"), entry("2026-11-21T00:00:00Z", server: "2"),
            entry("2026-11-20T00:00:00Z", server: nil), entry("2026-11-19T00:00:00Z", server: "1"),
            entry("2026-11-18T00:00:00Z", server: nil),
        ]
        #expect(kept(Retention(last: 1), entries).map { $0.prefix(10) } == ["2026-11-22", "2026-11-21", "2026-11-20"])
    }

    /// A job for a few tables would otherwise delete backups of everything.
    @Test func aNewBackupPrunesNothingThatHoldsMore() throws {
        let time = "2026-11-22T00:00:00Z"
        let (complete, emptied) = (entry(time), entry(time, emptied: true))
        let (part, other) = (entry(time, tables: ["shop.orders"]), entry(time, tables: ["shop.items"]))
        let kinds = try [complete, emptied, part, other].map { BackupGroup(try #require($0.summary)) }
        let pruned = kinds.map { new in kinds.map { $0.mayBePruned(after: new) } }
        #expect(pruned[0] == [true, true, true, true])
        #expect(pruned[1] == [false, true, true, true])
        #expect(pruned[2] == [false, false, true, false])
        for stranger in [entry(time, environment: nil), entry(time, server: "2"), entry(time, database: "x")] {
            try #expect(!kinds[0].mayBePruned(after: BackupGroup(#require(stranger.summary))))
        }
    }

    /// A partition that is added must not begin another selection, of which nothing is ever deleted.
    @Test func aPatternIsOneSelectionWhateverItMatches() {
        func emptied(_ day: Int, _ table: String, _ patterns: [String]) -> BackupCatalogue.Entry {
            entry(
                "2026-11-\(day)T00:00:00Z",
                emptied: true,
                table: table,
                requested: .init(tablesWithoutData: patterns)
            )
        }
        let entries = [
            emptied(22, "events_11", ["events_*"]), emptied(21, "events_10", ["events_*"]),
            emptied(20, "events_10", ["events_1*"]), entry("2026-11-19T00:00:00Z", requested: .init()),
            // Of older versions, which stored the tables alone.
            entry("2026-11-18T00:00:00Z", emptied: true, table: "events_11"),
            entry("2026-11-17T00:00:00Z", emptied: true, table: "events_10"),
            entry("2026-11-16T00:00:00Z", emptied: true, table: "events_10"), entry("2026-11-15T00:00:00Z"),
        ]
        let days = kept(Retention(last: 1), entries).map { $0.prefix(10).suffix(2) }
        #expect(days == ["22", "20", "19", "18", "17"])
    }

    /// All that were converted today are of today, whatever the age of their rows.
    @Test func whatWasConvertedFromADumpIsNeitherCountedNorDeleted() throws {
        var converted = [entry(times[0]), entry(times[1])]
        for index in converted.indices {
            var manifest = try #require(converted[index].manifest)
            manifest.isConverted = true
            converted[index].content = .backup(manifest)
        }
        #expect(kept(Retention(last: 1), converted + [entry(times[2]), entry(times[3])]) == [times[2]])
        #expect(converted.allSatisfy { $0.whyNeverPruned?.contains("converted") == true })
    }

    /// An older version did not write what tells databases apart.
    @Test func aDescriptionOfAnOlderVersionDisplacesNone() throws {
        var old = ["2026-11-22T00:00:00Z", "2026-11-21T00:00:00Z"].map { entry($0) }
        for index in old.indices {
            try describe(&old[index]) { ($0.backup.server, $0.backup.isComplete) = (nil, nil) }
            old[index].content = .described(isOurs: true)
        }
        let entries = old + [entry("2026-11-20T00:00:00Z"), entry("2026-11-19T00:00:00Z")]
        #expect(reasons(Retention(last: 1), entries) == [[.last, .newest], [], [.last, .newest], []])
    }

    @Test func whatIsUnclearIsNeitherCountedNorDeleted() throws {
        var strange = entry(times[0])
        strange.hasStrangeSidecar = true
        var unknown = entry(times[0])
        unknown.sidecarProblem = "no permission"
        #expect(unknown.whyNeverPruned == "has a description that cannot be read (no permission)")
        var encrypted = entry(times[1])
        encrypted.isEncrypted = true
        let timeless = entry("yesterday")
        let entries = [strange, encrypted, timeless, entry(times[2]), entry(times[3]), unknown]
        #expect(kept(Retention(last: 1), entries) == [times[2]])
        let reasons = entries.map { $0.whyNeverPruned ?? "" }
        #expect(reasons[0].contains("another file") && reasons[1].contains("encrypted"))
        #expect(reasons[2].contains("time") && reasons[3].isEmpty)
        try describe(&encrypted) { $0.isEncrypted = true }
        #expect(encrypted.whyNeverPruned == nil)
    }

    @Test func aLinkDoesNotCountAsABackup() {
        var link = entry(times[0])
        link.isLink = true
        link.path = "backups/latest.zip"
        let catalogue = BackupCatalogue(folder: "backups", entries: [link, entry(times[0]), entry(times[1])])
        let decisions = Retention(last: 1).decide(catalogue, at: now)
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
