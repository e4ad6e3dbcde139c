import PostgresClient
import TestSupport

func inSession<R: Sendable>(
    _ url: String,
    _ body: @escaping @Sendable (inout Session) throws -> R
) async throws -> R {
    try await withSession(ServerAddress(url), logger: quietLogger, body)
}

/// Provides a session in a new database.
func inNewDatabase(_ body: @escaping @Sendable (inout Session) throws -> Void) async throws {
    try await ThrowawayServer.shared().withDatabase { url in try await inSession(url, body) }
}
