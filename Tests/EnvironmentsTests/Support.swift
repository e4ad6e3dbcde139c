import Environments
import PostgresClient
import TestSupport
import Testing

/// Lends a session in a database of its own.
func withDatabaseSession<R: Sendable>(
    _ body: @escaping @Sendable (inout Session) throws -> R
) async throws -> R {
    try await ThrowawayServer.shared().withDatabase { url in
        try await withSession(ServerAddress(url), logger: quietLogger, body)
    }
}

/// The message of the error that `body` throws.
func message(of body: () throws -> Void) -> String {
    do {
        try body()
        return "nothing was thrown"
    } catch {
        return "\(error)"
    }
}

func environmentsFile(_ json: String) throws -> EnvironmentsFile {
    try EnvironmentsFile(JSONText(Array(json.utf8), path: "environments.json"))
}

/// A marker of an environment, as the guard sees it.
func marked(_ name: String) -> MarkerState { .marked(Marker(name: name, fingerprint: "1/1")) }
