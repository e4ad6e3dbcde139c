internal import Logging
internal import PostgresClient

struct PlainDumpRestore: Sendable {
    let options: RestoreOptions
    let target: TargetDatabase
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void
    func run() async throws -> RestoreReport { throw RestoreError(.dump, "soon") }
    static func steps(_ options: RestoreOptions, _ target: TargetDatabase) -> [String] { [] }
}
