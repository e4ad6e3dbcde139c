import Archive
import Backup
import PostgresClient
import Restore
import Synchronization
import Testing
import TestSupport

/// Backs up the database at `url` into `file`.
@discardableResult
func backup(
    _ url: String,
    to file: String,
    _ change: (inout BackupOptions) -> Void = { _ in }
) async throws -> BackupReport {
    var options = BackupOptions(output: .file(path: file, overwrite: false))
    options.withSecrets = true
    change(&options)
    return try await BackupRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in }).run()
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

extension ThrowawayServer {
    private static let counter = Atomic<Int>(0)

    /// Lends a name for a database that `body` makes, and drops what has it in the end.
    func withName<R>(_ body: (_ name: String) async throws -> R) async throws -> R {
        let name = "restored_\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        let result: R
        do {
            result = try await body(name)
        } catch {
            try? await execute("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
            throw error
        }
        try await execute("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
        return result
    }
}

/// Fails the test with the lines that differ.
func expectSame(
    _ restored: DatabasePortrait,
    _ original: DatabasePortrait,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    // Compared outside of the expectation, which would print both in full.
    let difference = restored.differences(from: original)
    #expect(difference == "", sourceLocation: sourceLocation)
}
