package import Logging
package import PostgresClient
internal import Subprocess
internal import SystemPackage

/// The definitions of schemas as SQL text, the same for the same definitions: to be committed, and compared.
package struct SchemaOnlyDump: Sendable {
    private let server: ServerAddress
    private let schemas: [String]
    private let postgresBin: String?
    private let logger: Logger

    package init(server: ServerAddress, schemas: [String], postgresBin: String?, logger: Logger) {
        self.server = server
        self.schemas = schemas
        self.postgresBin = postgresBin
        self.logger = logger
    }

    /// - Throws: `BackupError`, `PostgresError`, `CancellationError`.
    package func text() async throws -> String {
        let (version, parameters, password) = try await withSession(server, logger: logger) {
            ($0.serverVersion, $0.pinnedParameters, $0.password)
        }
        let program = try await PgDump.find(serverVersion: version, folder: postgresBin)
        let conninfo = parameters.filter { $0.keyword != "sslpassword" }
            .map { "\($0.keyword)=\(QuotedText.connectionValue($0.value))" }.joined(separator: " ")
        let secret: [Environment.Key: String?] = ["PGPASSWORD": password, "PGOPTIONS": nil, "LC_MESSAGES": "C"]
        let outcome = try await Subprocess.run(
            .path(FilePath(program.path)),
            arguments: Arguments(
                ["--schema-only", "--no-password", "--encoding=UTF8", "--dbname=\(conninfo)"]
                    + schemas.map { "--schema=\(QuotedText.name($0))" }
            ),
            environment: .inherit.updating(secret),
            output: .string(limit: 1 << 28),
            error: .string(limit: 1 << 16)
        )
        try Task.checkCancellation()
        guard outcome.terminationStatus.isSuccess else {
            let reason = outcome.standardError.split(whereSeparator: \.isNewline).first.map(String.init)
            throw BackupError(
                .pgDump,
                "the schema could not be written: \(reason ?? "pg_dump gave no reason")",
                hint: "run \(program.path) --schema-only by hand to see more"
            )
        }
        return Self.stable(outcome.standardOutput)
    }

    /// Without what changes from run to run or from version to version: `\restrict` and its key, the versions.
    static func stable(_ text: String) -> String {
        let kept = text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            !["\\restrict ", "\\unrestrict ", "-- Dumped from ", "-- Dumped by "].contains { line.hasPrefix($0) }
        }
        return kept.joined(separator: "\n")
    }
}
