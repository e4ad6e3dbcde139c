import Glibc
internal import Subprocess
internal import SystemPackage

/// The result of a process that ran to its end.
package struct CommandOutcome: Sendable, CustomStringConvertible {
    /// The exit status, or 128 plus the signal's number, as in a shell.
    package let status: Int32
    package let stdoutBytes: [UInt8]
    package let stderrBytes: [UInt8]
    package var stdout: String { String(decoding: stdoutBytes, as: UTF8.self) }
    package var stderr: String { String(decoding: stderrBytes, as: UTF8.self) }
    package var description: String { "status \(status)\n--- stdout\n\(stdout)\n--- stderr\n\(stderr)" }
}

/// A process that did not end in time, or a statement that psql refused.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Runs a program and collects its output.
///
/// It inherits the environment without the variables that choose a database or an environment, so that tests behave
/// alike on every machine; `environment` sets (or with nil unsets) others.
///
/// - Parameters:
///   - executable: A path, or a name to find in `PATH`.
///   - limitBytes: The maximum output of each stream.
/// - Throws: `CommandFailure` if it has not ended within `timeout`; then it is killed.
@discardableResult
package func runCommand(
    _ executable: String,
    _ arguments: [String] = [],
    environment: [String: String?] = [:],
    workingDirectory: String? = nil,
    input: [UInt8] = [],
    timeout: Duration = .seconds(600),
    limitBytes: Int = 256 << 20
) async throws -> CommandOutcome {
    let program = postgresPrograms[executable] ?? executable
    let configuration = Configuration(
        executable: program.contains("/") ? .path(FilePath(program)) : .name(program),
        arguments: Arguments(arguments),
        environment: .custom(commandEnvironment(updating: environment)),
        workingDirectory: workingDirectory.map { FilePath($0) }
    )
    return try await withThrowingTaskGroup(of: CommandOutcome.self) { group in
        group.addTask {
            let result = try await Subprocess.run(
                configuration,
                input: .fileDescriptor(try inputFile(input), closeAfterSpawningProcess: true),
                output: .bytes(limit: limitBytes),
                error: .bytes(limit: limitBytes)
            )
            let status: Int32 =
                switch result.terminationStatus {
                case .exited(let code): code
                case .signaled(let signal): 128 + signal
                }
            return CommandOutcome(
                status: status,
                stdoutBytes: result.standardOutput,
                stderrBytes: result.standardError
            )
        }
        group.addTask {
            try await Task.sleep(for: timeout)
            let words = ([executable] + arguments).joined(separator: " ")
            throw CommandFailure(description: "not ended within \(timeout): \(words)")
        }
        defer { group.cancelAll() }
        guard let outcome = try await group.next() else { throw CancellationError() }
        return outcome
    }
}

/// PostgreSQL's real programs by name. Debian's are a Perl script that chooses a version and takes several times as long
/// to start.
private let postgresPrograms = ["psql": realProgram("psql"), "pg_dump": realProgram("pg_dump")]

private func realProgram(_ name: String) -> String {
    let folders = getenv("PATH").map { String(cString: $0).split(separator: ":").map(String.init) } ?? []
    guard let found = folders.map({ "\($0)/\(name)" }).first(where: isProgram), let real = realpath(found, nil) else {
        return name
    }
    defer { free(real) }
    guard String(cString: real).hasSuffix("/pg_wrapper") else { return found }
    return (12...99).reversed().map { "/usr/lib/postgresql/\($0)/bin/\(name)" }.first(where: isProgram) ?? found
}

private func isProgram(_ path: String) -> Bool { access(path, X_OK) == 0 }

/// Runs SQL with psql, unaligned and without headings. Stops at the first error.
///
/// - Returns: The output without the last newline.
/// - Throws: `CommandFailure` with psql's message.
@discardableResult
package func psql(_ url: String, _ sql: String, timeout: Duration = .seconds(900)) async throws -> String {
    let outcome = try await runCommand(
        "psql",
        ["-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "-"],
        input: Array(sql.utf8),
        timeout: timeout
    )
    guard outcome.status == 0 else { throw CommandFailure(description: "psql: \(outcome.stderr)") }
    let text = outcome.stdout
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
}

/// The `granary` executable, built beside the running test bundle.
///
/// - Throws: `CommandFailure` if it does not exist.
package func granaryBinary() throws -> String {
    guard let own = realpath("/proc/self/exe", nil) else { throw CommandFailure(description: "/proc is not there") }
    defer { free(own) }
    let tests = String(cString: own)
    let path = String(tests[..<(tests.lastIndex(of: "/") ?? tests.endIndex)]) + "/granary"
    guard access(path, X_OK) == 0 else { throw CommandFailure(description: "there is no granary at \(path)") }
    return path
}

/// The environment at the start, without variables that choose a database, then with `changes`.
private func commandEnvironment(updating changes: [String: String?]) -> [Environment.Key: String] {
    var variables: [String: String] = [:]
    for entry in readFile("/proc/self/environ").split(separator: 0) {
        let text = String(decoding: entry, as: UTF8.self)
        guard let mark = text.firstIndex(of: "=") else { continue }
        variables[String(text[..<mark])] = String(text[text.index(after: mark)...])
    }
    for name in variables.keys where name.hasPrefix("PG") || name.hasPrefix("DATABASE_") || name.hasPrefix("GRANARY_") {
        variables[name] = nil
    }
    for name in ["ENV", "APP_ENV", "SERVICE_NAME"] { variables[name] = nil }
    // The tests use their own key, so that they leave nothing in the user's folder of settings.
    variables["GRANARY_ARCHIVE_KEY"] = String(repeating: "key of the tests ", count: 3)
    for (name, value) in changes { variables[name] = value }
    var result: [Environment.Key: String] = [:]
    for (name, value) in variables {
        if let key = Environment.Key(rawValue: name) { result[key] = value }
    }
    return result
}

/// An unnamed file with `bytes`. A pipe would break, and fail the test, if a program ends before it has read its input.
private func inputFile(_ bytes: [UInt8]) throws -> FileDescriptor {
    guard !bytes.isEmpty else { return try FileDescriptor.open("/dev/null", .readOnly) }
    var template = Array("/tmp/granary-input-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw CommandFailure(description: "cannot make a temporary file") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
    let file = FileDescriptor(rawValue: descriptor)
    try file.writeAll(bytes)
    lseek(descriptor, 0, SEEK_SET)
    return file
}

/// The bytes of a file whose size the file system does not report, as in /proc; empty if it cannot be read.
package func readFile(_ path: String) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(file, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: buffer[..<count])
    }
}
