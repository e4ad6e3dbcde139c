/// Waits until the condition is true, for at most some minutes.
///
/// - Throws: `CommandFailure` if the condition does not become true.
package func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<6000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw CommandFailure(description: "it did not happen within five minutes")
}
