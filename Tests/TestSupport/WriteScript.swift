/// Writes an executable script in a separate process. A child that another test starts at the same moment would inherit
/// a file opened here, and the script could not be run ("text file busy").
package func writeScript(_ text: String, to path: String) async throws {
    let written = try await runCommand(
        "sh",
        ["-c", "mkdir -p \"$(dirname \"$1\")\" && cat >\"$1\" && chmod 755 \"$1\"", "sh", path],
        input: Array(text.utf8)
    )
    guard written.status == 0 else { throw CommandFailure(description: written.description) }
}
