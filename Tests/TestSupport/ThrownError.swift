package import Testing

/// The error that `body` throws. If it throws none, or another kind, records an issue and returns nil.
package func thrownError<Kind: Error>(
    sourceLocation: SourceLocation,
    by body: () async throws -> some Any
) async -> Kind? {
    do {
        _ = try await body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
    } catch let error as Kind {
        return error
    } catch {
        Issue.record("not a \(Kind.self): \(error)", sourceLocation: sourceLocation)
    }
    return nil
}
