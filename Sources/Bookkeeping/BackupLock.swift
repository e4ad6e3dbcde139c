package import PostgresClient

/// Allows one backup at a time of a database into the same place. It ends with the session that holds it, which is the
/// one that keeps the snapshot.
package struct BackupLock: Sendable {
    let key: AdvisoryKey
    private let isShared: Bool

    /// - Parameter place: The folder or file that the backup goes to, in one spelling. nil for a pipe: then the lock
    ///   only shows that the backup runs.
    package init(place: String?) {
        let hash = place.map { FNV1a.hash(of: "granary backup \($0)") } ?? 0
        key = AdvisoryKey(group: AdvisoryKey.backups, UInt32(truncatingIfNeeded: hash ^ (hash >> 32)))
        isShared = place == nil
    }

    /// Another backup holds the lock.
    package struct Occupied: Error {
        /// nil if it has ended meanwhile, or if the role may not see it.
        package var backup: RunningBackup?
    }

    /// Takes the lock for a session. It waits a moment, because the session of a backup that has just ended may be
    /// there for as long.
    ///
    /// - Throws: `Occupied`; `PostgresError`.
    package func take(_ session: borrowing Session) throws {
        let isTaken = try AdvisoryKey.poll(within: .seconds(1), session) {
            try key.tryToTake(isShared: isShared, session)
        }
        guard !isTaken else { return }
        let backup = try RunningBackup.all(reading: [], session).first { $0.place == key.low }
        // It may have ended meanwhile.
        if backup == nil, try key.tryToTake(isShared: isShared, session) { return }
        throw Occupied(backup: backup)
    }
}
