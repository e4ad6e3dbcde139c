internal import Glibc

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
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure("it cannot be started") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let child = start(ends[1])
        close(ends[1])
        guard child > 0 else { throw failure("it cannot be started") }
        var hasEnded = false
        defer {
            if !hasEnded {
                kill(child, SIGKILL)
                waitpid(child, nil, 0)
            }
        }
        let end = ContinuousClock.now + limit
        let bytes = try output(ends[0], end)
        let status = try ending(of: child, end)
        hasEnded = true
        guard status == 0 else { throw failure("it failed with status \(status >> 8 & 0xFF)") }
        guard let key = AccessKey(json: bytes) else { throw failure("it printed no credentials") }
        return key
    }

    /// - Returns: 0 if it cannot be started.
    private func start(_ output: CInt) -> pid_t {
        let words = Self.copied(["/bin/sh", "-c", command])
        let variables = Self.copied(Self.variables)
        defer { for text in words + variables { free(text) } }
        var (actions, attributes) = (posix_spawn_file_actions_t(), posix_spawnattr_t())
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // Signals do what they usually do.
        var (ignored, blocked) = (sigset_t(), sigset_t())
        sigemptyset(&ignored)
        sigemptyset(&blocked)
        for number in [SIGPIPE, SIGXFSZ] { sigaddset(&ignored, number) }
        posix_spawnattr_setsigdefault(&attributes, &ignored)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var child: pid_t = 0
        return posix_spawn(&child, "/bin/sh", &actions, &attributes, words, variables) == 0 ? child : 0
    }

    /// A list as C wants it, to be freed one by one.
    private static func copied(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] { texts.map { strdup($0) } + [nil] }

    /// All but granary's own.
    private static var variables: [String] {
        var pairs: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if !OwnVariables.contains(pair.prefix { $0 != "=" }) { pairs.append(pair) }
            entry += 1
        }
        return pairs
    }

    /// What it prints until it closes its standard output.
    private func output(_ descriptor: CInt, _ end: ContinuousClock.Instant) throws -> [UInt8] {
        var (bytes, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 4096))
        while true {
            guard try wait(for: descriptor, until: end) else { throw overdue }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= Self.bytesMax else { throw failure("it prints too much") }
            bytes += buffer[..<count]
        }
    }

    /// Its status when it ends.
    private func ending(of child: pid_t, _ end: ContinuousClock.Instant) throws -> CInt {
        var status: CInt = 0
        while true {
            let ended = waitpid(child, &status, WNOHANG)
            guard ended == 0 || ended < 0 && errno == EINTR else { return status }
            guard .now < end else { throw overdue }
            _ = try wait(for: -1, until: min(end, ContinuousClock.now + .milliseconds(10)))
        }
    }

    /// Returns false if nothing came until then.
    private func wait(for descriptor: CInt, until end: ContinuousClock.Instant) throws -> Bool {
        while true {
            var watched = [descriptor, wake].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let count = poll(&watched, 2, CInt(max(0, (end - .now) / .milliseconds(1))))
            if count < 0, errno == EINTR { continue }
            if watched[1].revents != 0 { throw CancellationError() }
            return watched[0].revents != 0
        }
    }

    private var overdue: StorageError { failure("it did not end within \(limit.components.seconds) seconds") }

    private func failure(_ reason: String) -> StorageError {
        StorageError(
            .noCredentials,
            "the credential_process of the profile \(profile) gave no credentials: \(reason)",
            hint: "run the command by hand"
        )
    }
}
