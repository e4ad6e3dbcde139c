import Glibc
package import Testing

/// Runs `body` in a new process of the tests, in which nothing else runs: to measure its memory, or because `body` ends
/// the process.
///
/// The new process runs the calling test again; only there does `body` run. An exit test would do the same, but it
/// leaves a thread that takes a tenth of a processor: it asks again and again while any child of the tests has ended
/// and was not yet waited for.
///
/// - Parameter status: The exit status to expect.
/// - Returns: The outcome of the new process; nil in the new process itself, if `body` has returned.
@discardableResult
package func inOwnProcess(
    status: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async throws -> CommandOutcome? {
    if getenv("GRANARY_TEST_OWN_PROCESS") != nil {
        try await body()
        return nil
    }
    // Module.Suite/test()/File.swift:1:2
    let test = try #require(Test.current).id
    let outcome = try await runCommand(
        "/proc/self/exe",
        ["--testing-library", "swift-testing", "--filter", "^\\Q\(test)\\E$"],
        environment: ["GRANARY_TEST_OWN_PROCESS": "1"]
    )
    #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
    return outcome
}
