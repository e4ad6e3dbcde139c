internal import Archive

/// Which backups to keep: the last ones, and the last of each day, week and month that has one.
package struct Retention: Sendable, Equatable {
    package var last: Int
    package var daily: Int
    package var weekly: Int
    package var monthly: Int

    package init(last: Int = 0, daily: Int = 0, weekly: Int = 0, monthly: Int = 0) {
        self.last = last
        self.daily = daily
        self.weekly = weekly
        self.monthly = monthly
    }

    package struct Decision: Sendable {
        package var entry: BackupCatalogue.Entry
        /// Why it is kept; empty for one that will be deleted.
        package var reasons: [String]
        package var isKept: Bool { !reasons.isEmpty }
    }

    /// Decides for each readable backup. Other files are never deleted.
    ///
    /// Each database in each environment is counted separately, and so is each selection of tables: many small backups
    /// before cleanings must not displace the backup of everything. The newest backup of a whole database is always
    /// kept. Symbolic links are ignored, because they may lead to a file that is deleted, and so are backups that only
    /// the sidecar of another installation describes.
    package func decide(_ catalogue: BackupCatalogue) -> [Decision] {
        var groups: [Group: [BackupCatalogue.Entry]] = [:]
        for entry in catalogue.entries {
            if let group = Group(entry) { groups[group, default: []].append(entry) }
        }
        let kept = groups.values.reduce(into: [String: [String]]()) { kept, entries in
            for (path, reasons) in decide(entries) { kept[path] = reasons }
        }
        return catalogue.entries.filter { Group($0) != nil }.map {
            Decision(entry: $0, reasons: kept[$0.path] ?? [])
        }
    }

    private struct Group: Hashable {
        var database: String
        var environment: String?
        /// The schemas and tables, and what was excluded.
        var selection: String

        /// - Returns: nil for what is never deleted.
        init?(_ entry: BackupCatalogue.Entry) {
            guard let backup = entry.summary, entry.isCertain, !entry.isLink else { return nil }
            (database, environment, selection) = (backup.database, backup.environment, backup.selectionDigest)
        }
    }

    /// `entries` belong to one group, the newest first.
    private func decide(_ entries: [BackupCatalogue.Entry]) -> [String: [String]] {
        let rules: [(name: String, limit: Int, period: (String) -> String)] = [
            ("last", last, { $0 }), ("daily", daily, { String($0.prefix(10)) }), ("weekly", weekly, Self.week),
            ("monthly", monthly, { String($0.prefix(7)) }),
        ]
        var kept: [String: [String]] = [:]
        for rule in rules {
            var seen: Set<String> = []
            var number = 0
            for entry in entries where number < rule.limit {
                guard let created = entry.summary?.createdAt else { continue }
                // Backups of the same second are counted separately.
                let isNew = seen.insert(rule.period(created)).inserted
                guard isNew || rule.name == "last" else { continue }
                number += 1
                kept[entry.path, default: []].append(rule.name)
            }
        }
        for entry in entries where entry.isLocked { kept[entry.path, default: []].append("locked") }
        if let newest = entries.first, newest.summary?.isWholeDatabase == true, kept[newest.path] == nil {
            kept[newest.path] = ["the newest of the whole database"]
        }
        return kept
    }

    /// The Monday of the week as a number of days, for a time in RFC 3339.
    static func week(_ time: String) -> String {
        let parts = time.prefix(10).split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return time }
        // Days since 1 March of year 0, with months of a year that begins in March.
        let (year, month) = parts[1] > 2 ? (parts[0], parts[1] - 3) : (parts[0] - 1, parts[1] + 9)
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + parts[2] - 1
        // 1 March of year 0 was a Wednesday.
        return String((days + 2) / 7)
    }
}
