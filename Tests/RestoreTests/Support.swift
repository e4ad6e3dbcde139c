import Archive
import Backup
import PostgresClient
import Restore
import Storage
import TestSupport
import Testing

/// Backs up the database at `url` into `file`, and verifies the file.
@discardableResult
func backup(
    _ url: String,
    to file: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout BackupOptions) -> Void = { _ in }
) async throws -> BackupReport {
    var options = BackupOptions(output: .file(path: file, overwrite: false))
    options.withSecrets = true
    change(&options)
    let report = try await BackupRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in }).run()
    let verification = try await Verification(FileSource(path: file), jobs: 2).run()
    #expect(verification.problems == [], sourceLocation: sourceLocation)
    return report
}

/// Restores `file` into the database at `url`, or into another that `change` names.
@discardableResult
func restore(
    _ file: String,
    _ url: String,
    _ change: (inout RestoreOptions) -> Void = { _ in }
) async throws -> RestoreReport {
    var options = RestoreOptions(file: file)
    change(&options)
    return try await RestoreRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in }).run()
}

func manifest(of file: String) throws -> Manifest { try ArchiveReader(FileSource(path: file)).manifest }

/// The error that `body` throws; nil, and an issue, if it throws none.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation,
    of body: () async throws -> some Any
) async -> RestoreError? { await thrownError(sourceLocation: sourceLocation, by: body) }

/// Lends a database with the result of `sql`, its server, and a folder.
func withDatabase<R>(
    _ sql: String,
    options: String = "",
    on server: ThrowawayServer? = nil,
    _ body: (_ server: ThrowawayServer, _ url: String, _ folder: ScratchFolder) async throws -> R
) async throws -> R {
    try await TestProject.with(sql, options: options, on: server) { try await body($0.server, $0.url, $0.folder) }
}

/// Fails the test, listing the lines that differ.
func expectSame(
    _ restored: DatabasePortrait,
    _ original: DatabasePortrait,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    // Compared outside of the expectation, which would print both in full.
    let difference = restored.differences(from: original)
    #expect(difference == "", sourceLocation: sourceLocation)
}

/// The name of the database at `url`.
func databaseName(of url: String) -> String { String(url.dropFirst("postgresql:///".count).prefix { $0 != "?" }) }
