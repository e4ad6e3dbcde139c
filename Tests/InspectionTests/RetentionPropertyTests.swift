import Archive
import Storage
import TestSupport
import Testing

@testable import Inspection

/// Prunes every day for 800 days, and checks what each decision promises.
@Suite struct RetentionPropertyTests {
    private static let day = 86_400
    /// The middle of summer, so that the simulation meets several changes of clocks.
    private static let start = UTCTime.parse(extended: "2025-07-01T00:00:00Z")!

    private static let retentions = [
        Retention(last: 3, hourly: 6, daily: 7, weekly: 4, monthly: 12, yearly: 2, within: .seconds(50 * 3600)),
        Retention(last: 2, monthly: 3, within: .seconds(14 * day)), Retention(weekly: 60), Retention(daily: 5),
        Retention(within: .seconds(40 * 3600)), Retention(hourly: 30, yearly: 3),
    ]

    private struct Made {
        var entry: BackupCatalogue.Entry
        var time: Int
        var path: String { entry.path }
        var server: String? { entry.sidecar?.backup.server }
    }

    private let manifest = Manifest(
        granary: "1",
        createdAt: "2025-07-01T00:00:00Z",
        database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
        server: .init(version: "15.18", versionNumber: 150018, systemIdentifier: "1"),
        snapshot: "1"
    )

    /// A backup at that time of one of two databases, and sometimes with a mark.
    private func backup(_ time: Int, _ number: Int, _ template: Sidecar, _ random: inout SeededRandom) -> Made {
        var sidecar = template
        sidecar.file = "shop-\(number).zip"
        sidecar.backup.createdAt = UTCTime.extended(time)
        if random.below(4) == 0 { sidecar.backup.server = "2" }
        if random.below(9) == 0 { sidecar.verifiedAt = sidecar.backup.createdAt }
        if random.below(9) == 0 { (sidecar.drilledAt, sidecar.drillOK) = (sidecar.backup.createdAt, true) }
        if random.below(99) == 0 { sidecar.locked = true }
        if random.below(20) == 0 { sidecar.backup.undoFor = "clean" }
        let path = "backups/\(sidecar.file)"
        var entry = BackupCatalogue.Entry(file: sidecar.file, path: path, bytes: 1, content: .described(isOurs: true))
        (entry.sidecar, entry.isSidecarOurs) = (sidecar, true)
        return Made(entry: entry, time: time)
    }

    private func kept(_ retention: Retention, _ backups: some Sequence<Made>, at now: Int) -> Set<String> {
        let catalogue = BackupCatalogue(folder: "backups", entries: backups.map(\.entry))
        return Set(retention.decide(catalogue, at: now).filter(\.isKept).map(\.entry.path))
    }

    @Test(arguments: isLongRun ? retentions : [retentions[0]])
    func eightHundredDays(_ retention: Retention) throws {
        var random = SeededRandom(seed: 800)
        let template = Sidecar(file: "", bytes: 1, sha256: "", isEncrypted: false, manifest)
        // All that was ever made, the newest last, and what pruning has left of it.
        var (made, left): ([Made], [Made]) = ([], [])
        for day in 0..<800 {
            let morning = Self.start + day * Self.day
            for hour in (0..<random.below(3)).map({ _ in random.below(Self.day) }).sorted() {
                let new = backup(morning + hour, made.count, template, &random)
                made.append(new)
                left.append(new)
            }
            // In the night at two o'clock of Berlin, which the change of clocks moves, and sometimes not at all.
            guard random.below(10) > 0 else { continue }
            let isSummer = day % 365 < 117 || day % 365 > 270
            let now = morning + Self.day + (isSummer ? 0 : 3600)
            let paths = kept(retention, left, at: now)
            let pruned = left.filter { paths.contains($0.path) }
            if day % 20 == 0 {
                // Nothing more goes if it runs again, whatever the order of the list.
                #expect(kept(retention, pruned, at: now) == paths)
                #expect(kept(retention, left.reversed(), at: now) == paths)
                // A clock that runs backwards deletes nothing that the right one keeps.
                #expect(paths.isSubset(of: kept(retention, left, at: now - random.below(500 * Self.day))))
                // The tiers are a union: together they keep what each alone keeps.
                let alone = tiers(of: retention).map { kept($0, left, at: now) }
                #expect(alone.reduce(into: Set()) { $0.formUnion($1) } == paths)
                // Nothing is missing that was deleted on another day.
                for server in ["1", "2"] {
                    let missing = promised(retention, made.reversed().filter { $0.server == server }, at: now)
                        .filter { !paths.contains($0.value.path) }
                    #expect(missing.isEmpty, "day \(day): \(missing.keys.sorted())")
                }
            }
            left = pruned
        }
        #expect(left.count < made.count / 4)
    }

    /// Each tier of a retention as one by itself.
    private func tiers(of all: Retention) -> [Retention] {
        [
            Retention(last: all.last), Retention(hourly: all.hourly), Retention(daily: all.daily),
            Retention(weekly: all.weekly), Retention(monthly: all.monthly), Retention(yearly: all.yearly),
            Retention(within: all.within),
        ]
    }

    /// What must be there of all backups of a group that were ever made, the newest first, by the reason.
    private func promised(_ retention: Retention, _ group: [Made], at now: Int) -> [String: Made] {
        var promised: [String: Made] = [:]
        promised["newest"] = group.first
        promised["verified"] = group.first { $0.entry.sidecar?.verifiedAt != nil }
        promised["drilled"] = group.first { $0.entry.sidecar?.drillOK == true }
        for (index, backup) in group.prefix(retention.last).enumerated() { promised["last \(index)"] = backup }
        for backup in group {
            if backup.entry.sidecar?.locked == true { promised["locked \(backup.path)"] = backup }
            if backup.time < now - 30 * Self.day { continue }
            if backup.entry.sidecar?.backup.undoFor != nil { promised["undo \(backup.path)"] = backup }
            if let within = retention.within, backup.time >= now - Int(within.components.seconds) {
                promised["within \(backup.path)"] = backup
            }
        }
        // 5 January 1970 was a Monday.
        let (hour, week) = (3600, 7 * Self.day)
        let periods: [(limit: Int, number: (Made) -> String)] = [
            (retention.hourly, { "hour \($0.time / hour)" }), (retention.daily, { "day \($0.time / Self.day)" }),
            (retention.weekly, { "week \(($0.time - 4 * Self.day) / week)" }),
            (retention.monthly, { "month \(UTCTime.extended($0.time).prefix(7))" }),
            (retention.yearly, { "year \(UTCTime.extended($0.time).prefix(4))" }),
        ]
        for (limit, number) in periods where limit > 0 {
            var found: Set<String> = []
            for backup in group {
                let name = number(backup)
                guard !found.contains(name) else { continue }
                guard found.count < limit else { break }
                found.insert(name)
                promised[name] = backup
            }
            if found.count < limit { promised["oldest"] = group.last }
        }
        return promised
    }
}

extension SeededRandom {
    fileprivate mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}
