import Archive
import Storage
import TestSupport
import Testing

@testable import Inspection

/// Prunes every day for 800 days, and checks what each decision promises.
@Suite struct RetentionPropertyTests {
    private typealias Entry = BackupCatalogue.Entry

    private static let day = 86_400
    /// The middle of summer, so that the simulation meets several changes of clocks.
    private static let start = UTCTime.parse(extended: "2025-07-01T00:00:00Z")!
    private let key = Manifest(
        granary: "1",
        createdAt: "2025-07-01T00:00:00Z",
        database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
        server: .init(version: "15.18", versionNumber: 150018, systemIdentifier: "1"),
        snapshot: "1"
    )

    /// A backup at that time, of one of two databases, and sometimes with a mark.
    private func entry(_ time: Int, _ random: inout SeededRandom) -> Entry {
        let file = "shop-\(time)-\(random.below(1 << 20)).zip"
        var sidecar = Sidecar(file: file, bytes: 1, sha256: "", isEncrypted: false, key)
        sidecar.backup.createdAt = UTCTime.extended(time)
        if random.below(4) == 0 { sidecar.backup.server = "2" }
        if random.below(9) == 0 { sidecar.verifiedAt = UTCTime.extended(time + 60) }
        if random.below(9) == 0 { (sidecar.drilledAt, sidecar.drillOK) = (UTCTime.extended(time + 60), true) }
        if random.below(60) == 0 { sidecar.locked = true }
        if random.below(20) == 0 { sidecar.backup.undoFor = "clean" }
        var entry = Entry(file: file, path: "backups/\(file)", bytes: 1, content: .described(isOurs: true))
        (entry.sidecar, entry.isSidecarOurs) = (sidecar, true)
        return entry
    }

    private func time(_ entry: Entry) -> Int { UTCTime.parse(extended: entry.summary?.createdAt ?? "") ?? 0 }

    private func kept(_ retention: Retention, _ entries: [Entry], at now: Int) -> Set<String> {
        let catalogue = BackupCatalogue(folder: "backups", entries: entries)
        return Set(retention.decide(catalogue, at: now).filter(\.isKept).map(\.entry.path))
    }

    @Test(arguments: [
        Retention(last: 3, hourly: 6, daily: 7, weekly: 4, monthly: 12, yearly: 2), Retention(daily: 5),
        Retention(weekly: 60), Retention(last: 2, monthly: 3, within: .seconds(14 * day)),
        Retention(within: .seconds(40 * 3600)), Retention(hourly: 30, yearly: 3),
    ])
    func eightHundredDays(_ retention: Retention) throws {
        var random = SeededRandom(seed: 800)
        // All that was ever made, and what pruning has left of it.
        var (made, left): ([Entry], [Entry]) = ([], [])
        for day in 0..<800 {
            let morning = Self.start + day * Self.day
            for _ in 0..<random.below(4) {
                let new = entry(morning + random.below(Self.day), &random)
                made.append(new)
                left.append(new)
            }
            // At two in the night in Berlin, which the change of clocks moves, and sometimes not at all.
            let hour = morning + Self.day + (day % 365 < 117 || day % 365 > 270 ? 0 : 3600)
            guard random.below(10) > 0 else { continue }
            let paths = kept(retention, left, at: hour)
            let pruned = left.filter { paths.contains($0.path) }

            if day % 7 == 0 {
                // Nothing more goes if it runs again, whatever the order of the list.
                #expect(kept(retention, pruned, at: hour) == paths)
                #expect(kept(retention, left.reversed(), at: hour) == paths)
                // What has been deleted on other days was not needed today.
                expectPromises(retention, of: pruned, made: made, at: hour)
                // A clock that runs backwards deletes nothing that the right one keeps.
                let earlier = hour - random.below(500 * Self.day)
                #expect(paths.isSubset(of: kept(retention, left, at: earlier)))
                // The tiers are a union: each alone keeps no more.
                let alone = tiersAlone(retention).map { kept($0, left, at: hour) }
                #expect(alone.reduce(into: Set()) { $0.formUnion($1) } == paths)
            }
            left = pruned
        }
        #expect(left.count < made.count)
    }

    /// Each tier of a retention as one by itself.
    private func tiersAlone(_ all: Retention) -> [Retention] {
        [
            Retention(last: all.last), Retention(hourly: all.hourly), Retention(daily: all.daily),
            Retention(weekly: all.weekly), Retention(monthly: all.monthly), Retention(yearly: all.yearly),
            Retention(within: all.within),
        ]
    }

    /// Compares what is left with all backups that were ever made, by other means than the code.
    private func expectPromises(_ retention: Retention, of left: [Entry], made: [Entry], at now: Int) {
        let paths = Set(left.map(\.path))
        for server in ["1", "2"] {
            let group = made.filter { $0.summary?.server == server }.sorted { time($0) > time($1) }
            guard let newest = group.first else { continue }
            #expect(paths.contains(newest.path))
            for entry in group where entry.sidecar?.locked == true { #expect(paths.contains(entry.path)) }
            for entry in group where entry.summary?.undoFor != nil && time(entry) > now - 30 * Self.day {
                #expect(paths.contains(entry.path))
            }
            #expect(group.first { $0.facts?.verifiedAt != nil }.map { paths.contains($0.path) } ?? true)
            #expect(group.first { $0.facts?.drillOK == true }.map { paths.contains($0.path) } ?? true)
            for entry in group.prefix(retention.last) { #expect(paths.contains(entry.path)) }
            if let within = retention.within {
                for entry in group where time(entry) >= now - Int(within.components.seconds) {
                    #expect(paths.contains(entry.path))
                }
            }
            let periods: [(count: Int, length: Int)] = [
                (retention.hourly, 13), (retention.daily, 10), (retention.monthly, 7), (retention.yearly, 4),
            ]
            for (count, length) in periods {
                var seen: [String] = []
                for entry in group {
                    let period = String(UTCTime.extended(time(entry)).prefix(length))
                    if seen.contains(period) { continue }
                    guard seen.count < count else { break }
                    seen.append(period)
                    #expect(paths.contains(entry.path), "\(length) \(period)")
                }
                // While it is not full, it reaches back to the first backup.
                if seen.count < count { #expect(group.last.map { paths.contains($0.path) } == true) }
            }
        }
    }
}

extension SeededRandom {
    fileprivate mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}
