package import Logging
package import PostgresClient

/// One restore, from the archive to the database that took the old one's place.
package struct RestoreRun: Sendable {
    let options: RestoreOptions
    let server: ServerAddress
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    package init(
        _ options: RestoreOptions,
        server: ServerAddress,
        logger: Logger,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.options = options
        self.server = server
        self.logger = logger
        self.progress = progress
    }

    /// - Throws: `RestoreError`, `PostgresError`, `ArchiveError`, `CancellationError`.
    package func run() async throws -> RestoreReport {
        throw RestoreError(.selection, "not furnished yet")
    }

    /// Looks at the archive and the target, and changes nothing.
    package func plan() async throws -> RestorePlanReport {
        throw RestoreError(.selection, "not furnished yet")
    }
}
