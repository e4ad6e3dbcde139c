package import Storage

extension FileSink {
    /// Removes partials of backups in `folder` that no process writes any more, and returns their names.
    ///
    /// - Parameter isOurs: the folder holds backups, so that the usual names are enough. Elsewhere, and under another
    ///   name, a partial must also be for its owner alone and begin as a backup does.
    package static func removeStaleBackups(in folder: String, isOurs: Bool = true) -> [String] {
        removeStalePartials(in: folder) { partial in
            let isUsual = isOurs && [".zip", ".sql", ".sql.gz"].contains { partial.name.hasSuffix($0) }
            return isUsual || beginsAsBackup(partial)
        }
    }

    private static func beginsAsBackup(_ partial: Stale) -> Bool {
        guard partial.isPrivate, let first = partial.first(64) else { return false }
        guard !first.isEmpty else { return true }
        if partial.name.hasSuffix(".sql.gz") { return first.starts(with: [0x1F, 0x8B]) }
        // The name of the first member follows 30 bytes of its header.
        let member = first.dropFirst(30)
        let isArchive =
            first.starts(with: Array("PK".utf8) + [3, 4])
            && ["data/", "large-objects/", "schema/"].contains { member.starts(with: $0.utf8) }
        return isArchive || first.starts(with: "-- A plain dump of the PostgreSQL database ".utf8)
    }
}
