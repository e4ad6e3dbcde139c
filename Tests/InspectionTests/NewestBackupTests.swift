import Archive
import Storage
import Testing

@testable import Inspection

/// Which backup counts as the newest one of a database.
@Suite struct NewestBackupTests {
    private let complete = entry("2026-11-20T00:00:00Z")
    private let emptied = entry("2026-11-21T00:00:00Z", emptied: true)
    private let part = entry("2026-11-22T00:00:00Z", tables: ["shop.orders"])

    /// Otherwise a job for a few tables would hide that the complete backups have stopped.
    @Test func aCompleteOneComesFirstThenOneOfAWholeDatabase() {
        #expect(BackupCatalogue.newest(of: [part, emptied, complete])?.path == complete.path)
        #expect(BackupCatalogue.newest(of: [part, emptied])?.path == emptied.path)
        #expect(BackupCatalogue.newest(of: [part])?.path == part.path)
        #expect(BackupCatalogue.newest(of: []) == nil)
    }

    @Test func whatIsNotCompleteSaysWhatItLacks() throws {
        #expect(complete.summary?.limits == nil)
        #expect(emptied.summary?.limits == "whole database without the rows of public.events")
        #expect(part.summary?.limits == "only shop.orders")
        var encrypted = try #require(emptied.summary)
        encrypted.selection = nil
        #expect(encrypted.limits == "whole database without some tables or rows")
        // Of an older version, which did not write it.
        encrypted.isComplete = nil
        #expect(encrypted.limits == nil)
        let asked = entry(
            "2026-11-20T00:00:00Z",
            emptied: true,
            requested: .init(excludedTables: ["public.log"], tablesWithoutData: ["events*"])
        )
        #expect(asked.summary?.limits == "whole database without public.log, the rows of events*")
    }

    @Test func theDoctorCountsAnIncompleteOneOnlyIfThereIsNoOther() throws {
        func judge(_ entries: BackupCatalogue.Entry..., at time: String) throws -> Doctor.Check {
            BackupAge(database: "shop", environment: nil, ageMax: .seconds(3600)).judge(
                BackupCatalogue(folder: "backups", entries: entries),
                now: try #require(UTCTime.parse(extended: time))
            ) { "\($0) s" }
        }
        let old = try judge(part, emptied, complete, at: "2026-11-21T00:00:00Z")
        #expect(old.verdict == .problem)
        #expect(
            old.detail == "\(complete.file) is 86400 s old, and 3600 s is the limit; \(emptied.file) is newer, "
                + "but not complete: whole database without the rows of public.events"
        )
        let alone = try judge(part, emptied, at: "2026-11-21T00:00:00Z")
        #expect(alone.verdict == .good)
        #expect(alone.detail == "\(emptied.file) (whole database without the rows of public.events) is 0 s old")
        try #expect(judge(part, at: "2026-11-22T00:00:00Z").detail.contains("has no backup of the whole database"))
        try #expect(judge(emptied, complete, at: "2026-11-20T00:00:00Z").verdict == .good)
    }
}
