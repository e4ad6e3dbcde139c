/// Waits until the condition holds, some minutes at most.
///
/// - Throws: `CommandFailure` when it never does.
package func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<6000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw CommandFailure(description: "it did not happen within five minutes")
}
