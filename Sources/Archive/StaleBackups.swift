package import Storage

extension FileSink {
    /// Removes partials of backups in `folder` that no process is writing, and returns their names.
    ///
    /// - Parameter isOurs: The folder is for backups, so the usual names are sufficient. Otherwise, and for other
    ///   names, a partial must be private to its owner and begin like a backup.
    package static func removeStaleBackups(in folder: String, isOurs: Bool = true) -> [String] {
        removeStalePartials(in: folder) { partial in
            let isUsual =
                isOurs
                && [".zip", ".sql", ".sql.gz"].contains { ending in
                    partial.name.hasSuffix(ending) || partial.name.hasSuffix(ending + ".age")
                }
            return isUsual || beginsAsBackup(partial)
        }
    }

    private static func beginsAsBackup(_ partial: Stale) -> Bool {
        guard partial.isPrivate, let first = partial.first(64) else { return false }
        guard !first.isEmpty else { return true }
        if partial.name.hasSuffix(".age") { return FileFormat(first) == .age }
        if partial.name.hasSuffix(".sql.gz") { return first.starts(with: [0x1F, 0x8B]) }
        // The name of the first member follows the 30 bytes of its header.
        let member = first.dropFirst(30)
        let isArchive =
            first.starts(with: Array("PK".utf8) + [3, 4])
            && ["data/", "large-objects/", "schema/"].contains { member.starts(with: $0.utf8) }
        return isArchive || first.starts(with: "-- A plain dump of the PostgreSQL database ".utf8)
    }
}
