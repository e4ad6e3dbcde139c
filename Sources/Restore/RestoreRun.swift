internal import Archive
internal import Databases
package import Logging
package import PostgresClient

/// A restore of one file into one database, completely or not at all.
package struct RestoreRun: Sendable {
    private let options: RestoreOptions
    private let file: RestoreFile?
    private let server: ServerAddress
    private let logger: Logger
    private let progress: @Sendable (RestoreProgress) -> Void

    /// - Parameter file: The open file, so that a plan and a restore read the same one; nil opens it.
    package init(
        _ options: RestoreOptions,
        file: RestoreFile? = nil,
        server: ServerAddress,
        logger: Logger,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.options = options
        self.file = file
        self.server = server.ignoringReadOnlyDefault
        self.logger = logger
        self.progress = progress
    }

    /// - Throws: `RestoreError`, `PostgresError`, `ArchiveError`, `CancellationError`; the target is unchanged.
    package func run() async throws -> RestoreReport {
        do {
            return switch try await route() {
            case .archive(let restore): try await restore.run()
            case .dump(let restore): try await restore.run()
            }
        } catch let error as PostgresError {
            var error = error
            error.hint = error.restoreHint
            throw error
        } catch let error as DatabaseError {
            throw RestoreError(error)
        }
    }

    /// Examines the archive and the target, and returns what would happen. Changes nothing.
    ///
    /// - Parameter listsCode: Also list the code of a trusted archive.
    package func plan(listsCode: Bool = true) async throws -> RestorePlanReport {
        switch try await route() {
        case .archive(let restore): try await restore.plan(listsCode: listsCode)
        case .dump(let restore): try await restore.plan()
        }
    }

    /// A table with rows that the restore would replace, drop, empty or add rows to; nil if no such table holds a row,
    /// or if the database does not exist. A table that cannot be read counts as one with rows.
    ///
    /// - Throws: `RestoreError`, `ArchiveError`, `PostgresError`.
    package func tableWithRows() async throws -> TableName? {
        switch try await route() {
        case .archive(let restore):
            try await restore.reach.tableWithRows(in: restore.target, without: options.stateSchema, logger: logger)
        case .dump(let restore):
            try await RestoreReach.database.tableWithRows(
                in: restore.target,
                without: options.stateSchema,
                logger: logger
            )
        }
    }

    private enum Route {
        case archive(ArchiveRestore)
        case dump(PlainDumpRestore)
    }

    private func route() async throws -> Route {
        let target = try await findTarget()
        let file = try file ?? RestoreFile(options.file)
        return switch file.content {
        case .archive(let archive):
            .archive(try ArchiveRestore(archive, options, target, logger: logger, progress: progress))
        case .dump(let dump):
            .dump(PlainDumpRestore(dump: dump, options: options, target: target, logger: logger, progress: progress))
        }
    }

    private func findTarget() async throws -> TargetDatabase {
        let name = options.into ?? server.resolvedDatabase
        guard !name.isEmpty else {
            throw RestoreError(.selection, "no database to restore into was named", hint: "add --into DB")
        }
        do {
            return try await TargetDatabase.find(
                name,
                on: server,
                maintenanceDatabase: options.maintenanceDatabase,
                logger: logger
            )
        } catch let error as DatabaseError {
            throw RestoreError(error)
        }
    }
}
