internal import Archive
internal import Logging
internal import PostgresClient

extension BackupRun {
    func plainDump(to output: BackupOutput) async throws -> Manifest { throw BackupError(.format, "soon") }
}
