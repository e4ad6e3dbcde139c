import Glibc
package import Testing

/// Runs `body` in a new process of the tests, in which nothing else runs: to measure its memory, or because the process
/// ends by it.
///
/// The new process runs the test that calls this once more, and only there `body` runs. An exit test would do the same,
/// but it leaves a thread that takes a tenth of a processor: it asks again and again while any child of the tests has
/// ended and was not yet waited for.
///
/// - Parameter test: The name of the calling test.
/// - Returns: The outcome of the new process; nil in the new process itself, if `body` has returned.
@discardableResult
package func inOwnProcess(
    status: Int32 = 0,
    environment: [String: String] = [:],
    test: String = #function,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async throws -> CommandOutcome? {
    if getenv("GRANARY_TEST_OWN_PROCESS") != nil {
        try await body()
        return nil
    }
    let name = test.prefix { $0 != "(" }
    let outcome = try await runCommand(
        "/proc/self/exe",
        ["--testing-library", "swift-testing", "--filter", "/\(name)\\("],
        environment: environment.merging(["GRANARY_TEST_OWN_PROCESS": "1"]) { $1 }
    )
    #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
    return outcome
}
