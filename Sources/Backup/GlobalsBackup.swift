package import Logging
package import PostgresClient
internal import Storage

/// A backup of what a server has besides its databases, as text for psql.
package struct GlobalsBackup: Sendable {
    private let options: BackupOptions
    private let server: ServerAddress
    private let logger: Logger

    package struct Report: Sendable, Equatable {
        /// nil if it was written to a pipe.
        package var file: String?
        package var bytes: Int
        package var roles: Int
        package var tablespaces: Int
        package var isEncrypted: Bool
    }

    /// - Parameter options: Where it goes, and who can read it; whether it holds passwords. The rest does not matter.
    package init(_ options: BackupOptions, server: ServerAddress, logger: Logger) {
        var options = options
        options.format = .sql
        self.options = options
        self.server = server
        self.logger = logger
    }

    /// - Throws: `BackupError.rights`, `PostgresError`, `StorageError`, `CancellationError`. No file with the final name
    ///   remains.
    package func run() async throws -> Report {
        let withPasswords = options.withRolePasswords
        let (globals, text) = try await withSession(server, logger: logger) { session in
            let globals = try Globals.read(&session, withPasswords: withPasswords)
            return (globals, session.codec.bytes(GlobalsScript(globals: globals).text(session)))
        }
        let output = try BackupOutput(options)
        do {
            try await output.givenUpWithTask {
                try text.withUnsafeBytes { try output.sink.append($0) }
                _ = try output.commit()
            }
        } catch {
            output.discard()
            throw error
        }
        return Report(
            file: output.path,
            bytes: output.bytes,
            roles: globals.roles.count,
            tablespaces: globals.tablespaces.count,
            isEncrypted: options.audience != nil
        )
    }
}
