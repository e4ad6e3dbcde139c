/// Waits until the condition holds, a minute at most.
///
/// - Throws: `CommandFailure` when it never does.
package func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<1200 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw CommandFailure(description: "it did not happen within a minute")
}
