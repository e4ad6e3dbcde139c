/// A command of a profile that prints credentials as JSON. Its messages go to standard error, and it has no standard input,
/// which is granary's.
///
/// It ends with an interrupt, and after a minute, as with Amazon's own clients: one that waits for a login which nobody
/// sees would hold the upload, and the locks of the database with it.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>.
struct CredentialProcess {
    static let usualLimit = Duration.seconds(60)
    private static let bytesMax = 1 << 20

    let command: String
    let profile: String
    /// Becomes readable when the command must end; -1 for none.
    let wake: CInt
    var limit = CredentialProcess.usualLimit

    /// - Throws: `StorageError.noCredentials`; `CancellationError`.
    func key() throws -> AccessKey {
        var shell = ShellCommand(command, output: .kept(bytesMax: Self.bytesMax), limit: limit)
        shell.wake = wake
        let (ending, bytes) = shell.run()
        switch ending {
        case .exited(0): break
        case .exited(let status): throw failure("it failed with status \(status)")
        case .killed(let signal): throw failure("it was killed by signal \(signal)")
        case .overdue: throw failure("it did not end within \(limit.components.seconds) seconds")
        case .interrupted: throw CancellationError()
        case .tooMuchOutput: throw failure("it prints too much")
        case .notStarted: throw failure("it cannot be started")
        }
        guard let key = AccessKey(json: bytes) else { throw failure("it printed no credentials") }
        return key
    }

    private func failure(_ reason: String) -> StorageError {
        StorageError(
            .noCredentials,
            "the credential_process of the profile \(profile) gave no credentials: \(reason)",
            hint: "run the command by hand"
        )
    }
}
