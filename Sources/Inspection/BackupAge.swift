internal import Archive
internal import Storage

/// Whether a folder has a backup of a database that is new enough.
package struct BackupAge: Sendable {
    /// nil for any database.
    package var database: String?
    /// nil for any environment.
    package var environment: String?
    package var ageMax: Duration
    /// Clocks differ; a backup of the far future tells nothing about the age.
    private static let clockDifference = 60

    package init(database: String?, environment: String?, ageMax: Duration) {
        (self.database, self.environment, self.ageMax) = (database, environment, ageMax)
    }

    /// Only backups of the whole database count, and those that lack some of its objects or rows only if there is no
    /// complete one.
    ///
    /// - Parameters:
    ///   - now: In seconds since 1970.
    ///   - text: Formats a span of time in seconds.
    package func judge(_ catalogue: BackupCatalogue, now: Int, text: (Int) -> String) -> Doctor.Check {
        let dated = catalogue.entries.compactMap { entry in
            created(entry).map { (entry, age: now - $0) }
        }
        let past = dated.filter { $0.age >= -Self.clockDifference }
        let unknown = unknown(catalogue)
        guard let newest = BackupCatalogue.newest(of: past.map(\.0)),
            let age = past.first(where: { $0.0.path == newest.path })?.age
        else {
            let others = dated.isEmpty ? "" : ", except those that are dated in the future"
            return problem("\(catalogue.folder) has no backup of \(what)\(others)", unknown)
        }
        let limits = newest.summary?.limits.map { " (\($0))" } ?? ""
        let detail = "\(newest.file)\(limits) is \(text(max(0, age))) old"
        guard age > Int(ageMax / .seconds(1)) else { return Doctor.Check(Self.name, .good, detail) }
        var newer = ""
        if let first = past.first?.0, let lack = first.summary?.limits, first.path != newest.path {
            newer = "; \(first.file) is newer, but not complete: \(lack)"
        }
        return problem("\(detail), and \(text(Int(ageMax / .seconds(1)))) is the limit\(newer)", unknown)
    }

    package static let name = "newest backup"

    private var what: String {
        let whole = database.map { "the whole database \($0)" } ?? "a whole database"
        return environment.map { "\(whole) in \($0)" } ?? whole
    }

    /// When the backup was made; nil for one of something else. An unmarked database has no environment.
    private func created(_ entry: BackupCatalogue.Entry) -> Int? {
        guard let backup = entry.summary, backup.isWholeDatabase, backup.isConverted != true,
            database == nil || backup.database == database,
            environment == nil || backup.environment == nil || backup.environment == environment
        else { return nil }
        return UTCTime.parse(extended: backup.createdAt)
    }

    private func unknown(_ catalogue: BackupCatalogue) -> String? {
        let count = catalogue.entries.filter { $0.needsKey && $0.summary == nil }.count
        guard count > 0 else { return nil }
        return "\(counted(count, "encrypted backup")) could not be read: name a key with --identity"
    }

    private func problem(_ detail: String, _ unknown: String?) -> Doctor.Check {
        Doctor.Check(Self.name, .problem, detail, remedy: unknown ?? "granary backup, and see why the last ones failed")
    }
}
