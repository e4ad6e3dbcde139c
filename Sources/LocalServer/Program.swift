import Glibc
internal import Storage
internal import Subprocess
import SystemPackage

/// Runs one of PostgreSQL's programs under the server's account, without the caller's `PG…` variables and granary's own.
package struct Program: Sendable {
    package struct Outcome: Sendable {
        /// The exit status, or 128 plus the signal's number, as in a shell.
        package let status: Int32
        package let output: String
        package let errors: String
        package var succeeded: Bool { status == 0 }
        /// The last line with text, for an error message.
        package var lastLine: String {
            let lines = (errors.isEmpty ? output : errors).split(separator: "\n").map(String.init)
            return lines.last ?? "exit status \(status)"
        }
    }

    package let account: ServerAccount?

    /// - Parameter account: The account to run programs as; nil for the current one.
    package init(as account: ServerAccount? = nil) { self.account = account }

    /// Runs a program to its end, in `/`, which every account can enter.
    ///
    /// `standardInput` is a descriptor that is duplicated for the program; the caller closes its own.
    ///
    /// - Throws: `LocalServerError` with `.notInstalled` if it cannot be started; `CancellationError`.
    @discardableResult
    package func run(
        _ path: String,
        _ arguments: [String],
        input: String = "",
        standardInput: Int32? = nil
    ) async throws -> Outcome {
        let words = try switching([path] + arguments)
        let configuration = Configuration(
            executable: .path(FilePath(words[0])),
            arguments: Arguments(Array(words.dropFirst())),
            environment: Self.environment,
            workingDirectory: "/",
            platformOptions: options
        )
        do {
            let outcome =
                if let standardInput {
                    try await Self.collect(
                        configuration,
                        .fileDescriptor(FileDescriptor(rawValue: standardInput), closeAfterSpawningProcess: false)
                    )
                } else {
                    try await Self.collect(configuration, .string(input))
                }
            // Subprocess does not report a killed child as an error, so check whether this task was cancelled.
            try Task.checkCancellation()
            return outcome
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw LocalServerError(.notInstalled, "cannot run \(path): \(error)")
        }
    }

    private static func collect<I: InputProtocol>(_ configuration: Configuration, _ input: I) async throws -> Outcome {
        let result = try await Subprocess.run(
            configuration,
            input: input,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// The same command under the server's account.
    ///
    /// Does not use Subprocess's `userID`: it clones the process with a bare system call, after which glibc's `setuid`
    /// waits in the child for threads that exist only in the parent (1.0.2, seen with three commands at once).
    private func switching(_ words: [String]) throws -> [String] {
        guard let account, account.isSwitched else { return words }
        let setpriv = "/usr/bin/setpriv"
        guard Files.isExecutable(setpriv) else {
            throw LocalServerError(
                .notInstalled,
                "\(setpriv), which starts the server under the account \(account.name), is not installed",
                hint: "install util-linux, or run granary as an ordinary user"
            )
        }
        return [setpriv, "--reuid=\(account.userID)", "--regid=\(account.groupID)", "--clear-groups", "--"] + words
    }

    private var options: PlatformOptions {
        var options = PlatformOptions()
        // Granary handles the terminal's Ctrl-C: it asks initdb and pg_ctl to end, so they must not receive the signal
        // directly.
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        return options
    }

    private static var environment: Environment {
        let own = OwnVariables.names.map { (Environment.Key(stringLiteral: $0), String?.none) }
        return clientless.updating(Dictionary(own, uniquingKeysWith: { one, _ in one }))
    }

    /// The server would take its port, its time zone and its data folder from variables meant for clients.
    private static let clientless: Environment = .inherit.updating([
        "PGDATA": nil, "PGHOST": nil, "PGPORT": nil, "PGUSER": nil, "PGDATABASE": nil, "PGOPTIONS": nil, "PGTZ": nil,
        "PGDATESTYLE": nil, "PGCLIENTENCODING": nil, "PGSERVICE": nil, "PGCTLTIMEOUT": nil, "PGPASSWORD": nil,
        "PGSSLMODE": nil, "LC_ALL": "C.UTF-8", "LANGUAGE": nil,
    ])
}
