package import Logging
package import PostgresClient

/// One backup, from the snapshot to the file.
package struct BackupRun: Sendable {
    let options: BackupOptions
    let server: ServerAddress
    let logger: Logger
    let progress: @Sendable (BackupProgress) -> Void

    package init(
        _ options: BackupOptions,
        server: ServerAddress,
        logger: Logger,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) {
        self.options = options
        self.server = server
        self.logger = logger
        self.progress = progress
    }

    /// - Throws: `BackupError`, `PostgresError`, `ArchiveError`, `CancellationError`.
    package func run() async throws -> BackupReport {
        throw BackupError(.selection, "not furnished yet")
    }
}
