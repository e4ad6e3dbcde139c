internal import Glibc

/// A command line that a user has configured, run by `/bin/sh` until it ends, until its time is over, or until an
/// interrupt. It does not get granary's own variables (`OwnVariables`), some of which are secrets.
///
/// It must run on a thread of its own, because it blocks. `startThread` blocks SIGPIPE there, which a command that does
/// not read its input would cause.
package struct ShellCommand: Sendable {
    package enum Output: Sendable, Equatable {
        /// Returned; more bytes than this end the command.
        case kept(bytesMax: Int)
        /// Shown on granary's standard error.
        case onStandardError
    }

    package enum Ending: Sendable, Equatable {
        case exited(CInt)
        case killed(signal: CInt)
        /// It had not ended within the limit, and was ended.
        case overdue
        /// The descriptor became readable, and it was ended.
        case interrupted
        /// It printed too much, and was ended.
        case tooMuchOutput
        /// It could not be started; an `errno`.
        case notStarted(CInt)
    }

    package var command: String
    /// Its standard input; nil for `/dev/null`.
    package var input: [UInt8]?
    package var output: Output
    /// From its start to its end.
    package var limit: Duration
    /// How long it may take to end after SIGTERM, before SIGKILL; zero for SIGKILL at once.
    package var grace: Duration = .zero
    /// Whether it gets a process group of its own, which is ended as a whole, and which the terminal's Ctrl-C does not
    /// reach. A command that asks on the terminal must not have one.
    package var hasOwnGroup = false
    /// Becomes readable when the command must end; -1 for none.
    package var wake: CInt = -1

    package init(_ command: String, input: [UInt8]? = nil, output: Output, limit: Duration) {
        (self.command, self.input, self.output, self.limit) = (command, input, output, limit)
    }

    /// Runs it to its end. Background processes that it leaves behind are not waited for, unless they hold an output
    /// that is kept.
    package func run() -> (ending: Ending, output: [UInt8]) {
        var (source, sink) = (Pipe(isNeeded: input != nil), Pipe(isNeeded: output != .onStandardError))
        defer {
            source.close()
            sink.close()
        }
        guard source.isReady, sink.isReady else { return (.notStarted(errno), []) }
        var child: pid_t = 0
        let code = start(&child, source, sink)
        guard code == 0 else { return (.notStarted(code), []) }
        source.closeReadEnd()
        sink.closeWriteEnd()
        var exchange = Exchange(input: input ?? [], source: source, sink: sink, bytesMax: bytesMax)
        let ending = follow(child, &exchange, until: .now + limit)
        (source, sink) = (exchange.source, exchange.sink)
        return (ending, exchange.kept)
    }

    private var bytesMax: Int {
        if case .kept(let bytesMax) = output { return bytesMax }
        return 0
    }

    // MARK: Starting

    /// Returns an `errno`, or 0.
    private func start(_ child: inout pid_t, _ source: Pipe, _ sink: Pipe) -> CInt {
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
        if input != nil {
            posix_spawn_file_actions_adddup2(&actions, source.readEnd, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        let shown = output == .onStandardError ? STDERR_FILENO : sink.writeEnd
        posix_spawn_file_actions_adddup2(&actions, shown, STDOUT_FILENO)
        // Signals do what they usually do.
        var (ignored, blocked) = (sigset_t(), sigset_t())
        sigemptyset(&ignored)
        sigemptyset(&blocked)
        for number in [SIGPIPE, SIGXFSZ] { sigaddset(&ignored, number) }
        posix_spawnattr_setsigdefault(&attributes, &ignored)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        let group = hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group))
        return posix_spawn(&child, "/bin/sh", &actions, &attributes, words, variables)
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

    // MARK: Following

    private func follow(_ child: pid_t, _ exchange: inout Exchange, until end: ContinuousClock.Instant) -> Ending {
        var pause = Duration.milliseconds(1)
        while true {
            // The output first: the status counts only when all of it has been read.
            if !exchange.hasOutput, let ended = Self.ending(of: child) { return ended }
            guard .now < end else { return stop(child, .overdue) }
            // Without output there is nothing to wait for but the end, which has no descriptor.
            let patience = exchange.hasOutput ? end - .now : min(end - .now, pause)
            pause = min(pause * 2, .milliseconds(50))
            let isWoken = exchange.wait(patience, wake: wake)
            if isWoken { return stop(child, .interrupted) }
            if exchange.isTooLong { return stop(child, .tooMuchOutput) }
        }
    }

    /// nil while it runs.
    private static func ending(of child: pid_t) -> Ending? {
        var status: CInt = 0
        let ended = waitpid(child, &status, WNOHANG)
        guard ended != 0, ended > 0 || errno != EINTR else { return nil }
        // The macros of <sys/wait.h>.
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
    }

    private func stop(_ child: pid_t, _ reason: Ending) -> Ending {
        let target = hasOwnGroup ? -child : child
        var hasEnded = false
        if grace > .zero {
            kill(target, SIGTERM)
            let end = ContinuousClock.now + grace
            while !hasEnded, .now < end {
                hasEnded = Self.ending(of: child) != nil
                if !hasEnded { usleep(10_000) }
            }
        }
        // Others of its group may still run.
        if hasOwnGroup || !hasEnded { kill(target, SIGKILL) }
        while !hasEnded, waitpid(child, nil, 0) < 0, errno == EINTR {}
        return reason
    }
}

/// A pipe whose ends children do not inherit; -1 for an end that is closed.
private struct Pipe {
    private(set) var readEnd: CInt = -1
    private(set) var writeEnd: CInt = -1
    let isReady: Bool

    /// - Parameter isNeeded: Otherwise both ends are closed.
    init(isNeeded: Bool) {
        guard isNeeded else {
            isReady = true
            return
        }
        var ends: [CInt] = [-1, -1]
        isReady = pipe(&ends) == 0
        (readEnd, writeEnd) = (ends[0], ends[1])
        for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    mutating func closeReadEnd() {
        if readEnd >= 0 { _ = Glibc.close(readEnd) }
        readEnd = -1
    }

    mutating func closeWriteEnd() {
        if writeEnd >= 0 { _ = Glibc.close(writeEnd) }
        writeEnd = -1
    }

    mutating func close() {
        closeReadEnd()
        closeWriteEnd()
    }
}

/// What goes into a command and comes out of it.
private struct Exchange {
    private var rest: ArraySlice<UInt8>
    var source: Pipe
    var sink: Pipe
    private let bytesMax: Int
    private(set) var kept: [UInt8] = []

    init(input: [UInt8], source: Pipe, sink: Pipe, bytesMax: Int) {
        (rest, self.source, self.sink, self.bytesMax) = (input[...], source, sink, bytesMax)
        if source.writeEnd >= 0 { _ = fcntl(source.writeEnd, F_SETFL, O_NONBLOCK) }
        if rest.isEmpty { self.source.closeWriteEnd() }
    }

    var hasOutput: Bool { sink.readEnd >= 0 }
    var isTooLong: Bool { kept.count > bytesMax }

    /// Passes on what is ready, or waits for it.
    ///
    /// - Returns: Whether `wake` became readable.
    mutating func wait(_ patience: Duration, wake: CInt) -> Bool {
        var watched = [
            pollfd(fd: sink.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: source.writeEnd, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&watched, 3, CInt(max(1, min(patience.milliseconds, 1 << 30)))) > 0 else { return false }
        if watched[2].revents != 0 { return true }
        if watched[0].revents != 0 { take() }
        if watched[1].revents != 0 { give() }
        return false
    }

    private mutating func take() {
        let count = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
            let count = read(sink.readEnd, buffer.baseAddress, buffer.count)
            if count > 0 { kept += buffer.prefix(count) }
            return count
        }
        if count == 0 || count < 0 && errno != EINTR { sink.closeReadEnd() }
    }

    /// A command need not read its input.
    private mutating func give() {
        let count = rest.withUnsafeBytes { write(source.writeEnd, $0.baseAddress, $0.count) }
        if count > 0 { rest = rest.dropFirst(count) }
        if rest.isEmpty || count < 0 && errno != EINTR && errno != EAGAIN { source.closeWriteEnd() }
    }
}
