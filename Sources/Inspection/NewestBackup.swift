internal import Archive

extension BackupCatalogue {
    /// The newest that holds a whole database with all rows, else the newest of a whole database, else the newest.
    ///
    /// So a job that leaves rows out does not hide that the complete backups have stopped.
    ///
    /// - Parameter entries: The newest first.
    package static func newest(of entries: [Entry]) -> Entry? {
        entries.first { $0.summary?.holdsEverything == true }
            ?? entries.first { $0.summary?.isWholeDatabase == true } ?? entries.first
    }
}
