internal import Archive
internal import Basics
package import Storage

/// Which backups to keep: the union of what its tiers keep. All periods are in UTC.
package struct Retention: Sendable, Equatable {
    package var last: Int
    package var hourly: Int
    package var daily: Int
    /// Weeks begin on Mondays.
    package var weekly: Int
    package var monthly: Int
    package var yearly: Int
    /// Keeps all that are not older than this; nil keeps none for its age.
    package var within: Duration?

    package init(
        last: Int = 0,
        hourly: Int = 0,
        daily: Int = 0,
        weekly: Int = 0,
        monthly: Int = 0,
        yearly: Int = 0,
        within: Duration? = nil
    ) {
        (self.last, self.hourly, self.daily, self.weekly) = (last, hourly, daily, weekly)
        (self.monthly, self.yearly, self.within) = (monthly, yearly, within)
    }

    /// Why a backup is kept.
    package enum Reason: String, Sendable, CaseIterable {
        case last, hourly, daily, weekly, monthly, yearly, within
        /// The oldest, while a tier has fewer periods than it keeps.
        case oldest
        case newest
        /// The newest that `verify` found whole, and the newest that a drill restored without findings.
        case verified, drilled
        /// The undo line of a command names it.
        case undo
        case locked
        /// Its time lies in the future, so a clock was wrong.
        case future
    }

    package struct Decision: Sendable {
        package var entry: BackupCatalogue.Entry
        /// Why it is kept, in the order of `Reason`; empty for one that will be deleted.
        package var reasons: [Reason]
        package var isKept: Bool { !reasons.isEmpty }

        package init(entry: BackupCatalogue.Entry, reasons: [Reason]) { (self.entry, self.reasons) = (entry, reasons) }
    }

    /// How long a file is kept that an undo line names, in seconds.
    static let undoSeconds = 30 * 86_400
    /// How far the clocks of servers may be ahead of this machine's, in seconds.
    static let clockSlack = 300

    /// Decides for each backup that may be deleted at all; see `Entry.whyNeverPruned`.
    ///
    /// Backups of different groups do not displace each other. If the clock is set back, nothing is deleted that would
    /// have been kept before: backups from the future count for no tier.
    ///
    /// - Parameter now: Seconds since 1970.
    package func decide(_ catalogue: BackupCatalogue, at now: Int = UTCTime.now) -> [Decision] {
        let backups = catalogue.entries.compactMap(DatedBackup.init)
        var kept: [String: Set<Reason>] = [:]
        for group in Dictionary(grouping: backups, by: \.group).values {
            let past = group.filter { $0.time <= now + Self.clockSlack }.sorted(by: DatedBackup.isNewer)
            for backup in group where backup.time > now + Self.clockSlack {
                kept[backup.entry.path, default: []].insert(.future)
            }
            decide(past, at: now, &kept)
        }
        return backups.map { backup in
            let reasons = kept[backup.entry.path] ?? []
            return Decision(entry: backup.entry, reasons: Reason.allCases.filter(reasons.contains))
        }
    }

    /// The same decisions, without the deletion of objects that the store holds, which only it knows.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package static func respectingHolds(_ decisions: [Decision], in stores: ObjectStores) throws -> [Decision] {
        try decisions.map { decision in
            guard !decision.isKept, try stores.isHeld(decision.entry.path) else { return decision }
            return Decision(entry: decision.entry, reasons: [.locked])
        }
    }

    /// - Parameter backups: Of one group, the newest first.
    private func decide(_ backups: [DatedBackup], at now: Int, _ kept: inout [String: Set<Reason>]) {
        func keep(_ backup: DatedBackup?, _ reason: Reason) {
            if let backup { kept[backup.entry.path, default: []].insert(reason) }
        }
        for tier in tiers {
            var periods: Set<String> = []
            for backup in backups where periods.count < tier.limit {
                if periods.insert(tier.period(backup)).inserted { keep(backup, tier.reason) }
            }
            guard periods.count < tier.limit, let oldest = backups.last else { continue }
            if kept[oldest.entry.path]?.contains(tier.reason) != true { keep(oldest, .oldest) }
        }
        for backup in backups {
            if let within, backup.time >= now - Int(within.components.seconds) { keep(backup, .within) }
            if backup.summary.undoFor != nil, backup.time >= now - Self.undoSeconds { keep(backup, .undo) }
            if backup.entry.isLocked(at: now) { keep(backup, .locked) }
        }
        keep(backups.first, .newest)
        keep(backups.first { $0.entry.facts?.verifiedAt != nil }, .verified)
        keep(backups.first { $0.entry.facts?.drillOK == true }, .drilled)
    }

    private var tiers: [(reason: Reason, limit: Int, period: (DatedBackup) -> String)] {
        [
            // Backups of the same second are counted separately.
            (.last, last, \.entry.path), (.hourly, hourly, { String($0.timeText.prefix(13)) }),
            (.daily, daily, { String($0.timeText.prefix(10)) }), (.weekly, weekly, { String(Self.week($0.time)) }),
            (.monthly, monthly, { String($0.timeText.prefix(7)) }),
            (.yearly, yearly, { String($0.timeText.prefix(4)) }),
        ]
    }

    /// The number of the week, which begins on a Monday.
    ///
    /// - Parameter time: Seconds since 1970. 1 January 1970 was a Thursday.
    static func week(_ time: Int) -> Int { (time / 86_400 + 3) / 7 }
}

/// A backup that may be deleted.
private struct DatedBackup {
    var entry: BackupCatalogue.Entry
    var summary: BackupSummary
    var group: BackupGroup
    /// Seconds since 1970.
    var time: Int
    /// In RFC 3339, UTC.
    var timeText: String

    /// - Returns: nil for what is never deleted.
    init?(_ entry: BackupCatalogue.Entry) {
        guard entry.obstacle == nil, let summary = entry.summary,
            let time = UTCTime.parse(extended: summary.createdAt)
        else { return nil }
        (self.entry, self.summary, self.time) = (entry, summary, time)
        (group, timeText) = (BackupGroup(summary), UTCTime.extended(time))
    }

    static func isNewer(_ one: DatedBackup, _ other: DatedBackup) -> Bool {
        (one.time, one.entry.path) > (other.time, other.entry.path)
    }
}
