internal import CChild
internal import Glibc
internal import PostgresClient

/// A program that runs for granary, such as pg_dump, and ends with it: when the task is cancelled, and when granary is
/// killed.
///
/// It needs a separate thread to start it, read its output and wait for it. The kernel kills the child when the thread
/// that started it ends, and the threads of a pool may end at any time.
struct ChildProcess: Sendable {
    enum Ending: Sendable, Equatable {
        case exited(CInt)
        case killed(signal: CInt)
        /// It was stopped by a signal and not continued for `patience`; then it was killed.
        case stopped(signal: CInt)
    }

    struct Outcome: Sendable {
        var ending: Ending
        var output: [UInt8]
        /// The beginning of standard error, as text.
        var errors: String
        var isSuccess: Bool { ending == .exited(0) }
    }

    let path: String
    let arguments: [String]
    /// The encoding of `names`.
    var codec = TextCodec.utf8
    /// Arguments with names from the database, in its own encoding.
    var names: [String] = []
    /// Changes to the environment, which has none of granary's own variables; nil removes a variable.
    var variables: [String: String?] = [:]
    /// More output is a failure.
    var outputBytesMax = 1 << 30
    /// How long to wait for a stopped child, counted only while granary itself runs, because Ctrl-Z stops both.
    var patience = Duration.seconds(10)

    private static let errorBytesMax = 1 << 16
    /// The ticks between SIGTERM, on which pg_dump cancels its statement, and SIGKILL.
    private static let graceTicks = 8
    /// How often a silent child is checked.
    private static let tick = Duration.milliseconds(250)

    /// Runs the program to its end.
    ///
    /// - Throws: `BackupError.pgDump` if it cannot be started or writes too much; `CancellationError` after it has
    ///   ended; `PostgresError` if no thread can be started.
    func run() async throws -> Outcome {
        let signal = CancelSignal()
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await onOwnThread(named: "granary-child") { try runHere(signal) }
        } onCancel: {
            signal.fire()
        }
    }

    private func runHere(_ signal: CancelSignal) throws -> Outcome {
        let (output, errors) = (try Stream(program: path), try Stream(program: path))
        let child = try start(output, errors)
        output.closeWriteEnd()
        errors.closeWriteEnd()
        var watch = Watch(child: child, patienceTicks: max(1, Int(patience / Self.tick)))
        while !watch.hasEnded {
            Self.wait(output, errors, signal, isEnding: watch.isEnding)
            output.read(keeping: outputBytesMax + 1)
            errors.read(keeping: Self.errorBytesMax)
            if signal.isFired || output.bytes.count > outputBytesMax { watch.end(afterTicks: Self.graceTicks) }
            watch.look()
        }
        // Its last output before it ended.
        output.read(keeping: outputBytesMax + 1)
        errors.read(keeping: Self.errorBytesMax)
        if signal.isFired { throw CancellationError() }
        guard output.bytes.count <= outputBytesMax else {
            throw BackupError(.pgDump, "\(path) writes more than \(outputBytesMax >> 20) MB, which is too much")
        }
        return Outcome(
            ending: watch.ending ?? .exited(0),
            output: output.bytes,
            errors: String(decoding: errors.bytes, as: UTF8.self)
        )
    }

    /// Waits at most one tick for output, the end of a stream, or a signal.
    private static func wait(_ output: Stream, _ errors: Stream, _ signal: CancelSignal, isEnding: Bool) {
        var descriptors = [
            pollfd(fd: output.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isEnding ? -1 : signal.wake, events: Int16(POLLIN), revents: 0),
        ]
        // Both streams have ended: the child is about to end.
        let isSilent = output.readEnd < 0 && errors.readEnd < 0
        poll(&descriptors, 3, isSilent ? 5 : CInt(tick / .milliseconds(1)))
    }

    private func start(_ output: Stream, _ errors: Stream) throws -> pid_t {
        let encoded = names.map { strdup((codec.bytes($0) + [0]).map { CChar(bitPattern: $0) }) }
        let words = ([path] + arguments).map { strdup($0) } + encoded + [nil]
        let variables = environment().map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        let child = CChild_start(path, words, variables, output.writeEnd, errors.writeEnd)
        guard child > 0 else { throw BackupError.system("\(path) cannot be started") }
        return child
    }

    private func environment() -> [String] {
        var pairs: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            let name = String(pair.prefix { $0 != "=" })
            if !OwnVariables.contains(name), !variables.keys.contains(name) { pairs.append(pair) }
            entry += 1
        }
        return pairs + variables.compactMap { name, value in value.map { "\(name)=\($0)" } }
    }
}

/// The output of a child, as far as it is kept. Never leaves its thread.
private final class Stream {
    private(set) var bytes: [UInt8] = []
    /// -1 at the end.
    private(set) var readEnd: CInt
    private(set) var writeEnd: CInt

    init(program: String) throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw BackupError.system("\(program) cannot be started") }
        (readEnd, writeEnd) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    }

    deinit {
        closeWriteEnd()
        if readEnd >= 0 { close(readEnd) }
    }

    func closeWriteEnd() {
        if writeEnd >= 0 { close(writeEnd) }
        writeEnd = -1
    }

    /// Reads the available bytes. Bytes beyond `countMax` are discarded, so that the writer can continue.
    func read(keeping countMax: Int) {
        guard readEnd >= 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            while true {
                let count = Glibc.read(readEnd, buffer.baseAddress, buffer.count)
                if count > 0 {
                    bytes.append(contentsOf: buffer.prefix(min(count, countMax - bytes.count)))
                } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                    close(readEnd)
                    readEnd = -1
                    return
                } else if errno == EAGAIN {
                    return
                }
            }
        }
    }
}

/// Observes a child.
private struct Watch {
    let child: pid_t
    let patienceTicks: Int
    private(set) var ending: ChildProcess.Ending?
    private var stoppedBy: CInt?
    private var stoppedSince = ContinuousClock.now
    private var lastLook = ContinuousClock.now
    /// Ticks during which it stayed stopped while granary ran.
    private var stoppedTicks = 0
    private var ticksToKill: Int?

    init(child: pid_t, patienceTicks: Int) {
        self.child = child
        self.patienceTicks = patienceTicks
    }

    var hasEnded: Bool { ending != nil }
    var isEnding: Bool { ticksToKill != nil }

    /// Asks it to end, and kills it if it has not ended after this many ticks. A stopped child is continued for that.
    mutating func end(afterTicks ticks: Int) {
        guard ticksToKill == nil else { return }
        ticksToKill = ticks
        kill(child, SIGTERM)
        kill(child, SIGCONT)
    }

    /// Checks its state.
    mutating func look() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(child), &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) == 0,
            CChild_child(&info) == child
        {
            let status = CChild_status(&info)
            switch Int(info.si_code) {
            case CLD_EXITED: ending = .exited(status)
            case CLD_KILLED, CLD_DUMPED: ending = stoppedBy.map { .stopped(signal: $0) } ?? .killed(signal: status)
            case CLD_STOPPED: (stoppedBy, stoppedTicks) = (status, 0)
            default: stoppedBy = nil
            }
            if hasEnded { return }
            info = siginfo_t()
        }
        countTick()
    }

    private mutating func countTick() {
        // Counts a tick only once, even if output interrupts it.
        guard .now - lastLook >= .milliseconds(200) else { return }
        lastLook = .now
        if let left = ticksToKill {
            ticksToKill = left - 1
            if left == 0 { kill(child, SIGKILL) }
        } else if stoppedBy != nil {
            stoppedTicks += 1
            if stoppedTicks >= patienceTicks { kill(child, SIGKILL) }
        }
    }
}

extension BackupError {
    /// The failure of the last system call, from errno.
    static func system(_ what: String) -> BackupError {
        let reason = errno
        let hint: String? =
            switch reason {
            case EAGAIN: "too many processes or threads run under this account: see `ulimit -u`"
            case EMFILE: "too many files are open: raise the limit with `ulimit -n`"
            case ENOMEM: "there is not enough memory"
            default: nil
            }
        return BackupError(.pgDump, "\(what): \(String(cString: strerror(reason)))", hint: hint)
    }

    /// - Returns: nil if the program ended by itself.
    init?(_ program: String, _ ending: ChildProcess.Ending) {
        switch ending {
        case .exited: return nil
        case .killed(let signal):
            self.init(
                .pgDump,
                "\(program) was killed by \(SignalName.of(signal))",
                hint: signal == SIGKILL ? "the system may have run out of memory: its log says so" : nil
            )
        case .stopped(let signal):
            self.init(
                .pgDump,
                "\(program) was stopped by \(SignalName.of(signal)) and not continued, so granary ended it",
                hint: "another program or a user stopped it: run the command again"
            )
        }
    }
}

/// The names of signals as in `kill -l`; glibc provides them only since 2.32.
enum SignalName {
    static func of(_ signal: CInt) -> String { names[signal] ?? "signal \(signal)" }

    private static let names: [CInt: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGSTOP: "SIGSTOP", SIGTSTP: "SIGTSTP", SIGTTIN: "SIGTTIN", SIGTTOU: "SIGTTOU", SIGXCPU: "SIGXCPU",
        SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS",
    ]
}
