internal import Archive
internal import Logging
internal import PostgresClient

/// The restored database, and everything that its checks need.
struct DrillBench: Sendable {
    let options: DrillOptions
    let database: ServerAddress
    /// nil for a plain dump.
    let manifest: Manifest?
    /// Whether the manifest has rows and digests.
    let isOurs: Bool
    let journal: DrillJournal
    let logger: Logger
    let progress: @Sendable (DrillProgress) -> Void

    /// Whether the owners and privileges of the backup were restored, too.
    var isOnOwnServer: Bool { if case .temporary = options.place { true } else { false } }

    /// Runs `body` in a session that only reads.
    ///
    /// - Parameter takesViews: Whether it may read views, whose code then runs.
    func reading<R: Sendable>(
        takesViews: Bool = false,
        _ body: @escaping @Sendable (inout Session) throws -> R
    ) async throws -> R {
        try await withSession(database, logger: logger) { session in
            try session.pin([("row_security", "off")])
            if !takesViews { try session.refuseViews() }
            return try session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
        }
    }
}
