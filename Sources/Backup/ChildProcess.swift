internal import CChild
internal import Glibc
internal import PostgresClient

/// A program that works for us, such as pg_dump, and ends with us: when it is cancelled, and when we are killed.
///
/// It has a thread of its own, which starts it, reads what it says and waits for it: the kernel kills the child when the
/// thread that started it is no more, and threads of a pool come and go.
struct ChildProcess: Sendable {
    enum Ending: Sendable, Equatable {
        case exited(CInt)
        case killed(signal: CInt)
        /// Stopped by a signal, and not continued for `patience`; it was killed then.
        case stopped(signal: CInt)
    }

    struct Outcome: Sendable {
        var ending: Ending
        var output: [UInt8]
        /// Its beginning, as text.
        var errors: String
        var isSuccess: Bool { ending == .exited(0) }
    }

    let path: String
    let arguments: [String]
    /// Changes to our own environment; nil unsets.
    var variables: [String: String?] = [:]
    /// More is a failure.
    var outputBytesMax = 1 << 30
    /// How long a child that was stopped is waited for, in the time that we run ourselves: Ctrl-Z stops us both.
    var patience = Duration.seconds(10)

    private static let errorBytesMax = 1 << 16
    /// From SIGTERM, at which pg_dump cancels its statement, to SIGKILL.
    private static let graceTicks = 8
    /// How often a child is looked after that says nothing.
    private static let tick = Duration.milliseconds(250)

    /// Runs the program to its end.
    ///
    /// - Throws: `BackupError.pgDump` where it cannot be started or says too much; `CancellationError` after it has ended;
    ///   `PostgresError` where there are no threads left.
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
        // What it said before it ended.
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

    /// Waits for something to read, the end of a stream or a signal to us, at most a tick.
    private static func wait(_ output: Stream, _ errors: Stream, _ signal: CancelSignal, isEnding: Bool) {
        var descriptors = [
            pollfd(fd: output.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isEnding ? -1 : signal.wake, events: Int16(POLLIN), revents: 0),
        ]
        // Both streams at their end: it is about to end itself.
        let isSilent = output.readEnd < 0 && errors.readEnd < 0
        poll(&descriptors, 3, isSilent ? 5 : CInt(tick / .milliseconds(1)))
    }

    private func start(_ output: Stream, _ errors: Stream) throws -> pid_t {
        let words = ([path] + arguments).map { strdup($0) } + [nil]
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
            if !variables.keys.contains(where: { pair.hasPrefix("\($0)=") }) { pairs.append(pair) }
            entry += 1
        }
        return pairs + variables.compactMap { name, value in value.map { "\(name)=\($0)" } }
    }
}

/// What a child writes, as far as it is kept. Never leaves its thread.
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

    /// Reads what is there. What is beyond `countMax` is read too, so that its writer can go on, and forgotten.
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

/// What becomes of a child.
private struct Watch {
    let child: pid_t
    let patienceTicks: Int
    private(set) var ending: ChildProcess.Ending?
    private var stoppedBy: CInt?
    private var stoppedSince = ContinuousClock.now
    private var lastLook = ContinuousClock.now
    /// Ticks in which it stayed stopped, while we ran.
    private var stoppedTicks = 0
    private var ticksToKill: Int?

    init(child: pid_t, patienceTicks: Int) {
        self.child = child
        self.patienceTicks = patienceTicks
    }

    var hasEnded: Bool { ending != nil }
    var isEnding: Bool { ticksToKill != nil }

    /// Asks it to end, and kills it when it has not after so many ticks. One that is stopped must go on for that.
    mutating func end(afterTicks ticks: Int) {
        guard ticksToKill == nil else { return }
        ticksToKill = ticks
        kill(child, SIGTERM)
        kill(child, SIGCONT)
    }

    /// Looks what has become of it.
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
        // A tick counts once, however often the streams wake us.
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
    /// The last system call's failure, by errno.
    static func system(_ what: String) -> BackupError {
        let reason = errno
        let hint: String? =
            switch reason {
            case EAGAIN: "too many processes or threads run under this account: see `ulimit -u`"
            case EMFILE: "too many files are open: see `ulimit -n`"
            case ENOMEM: "there is not enough memory"
            default: nil
            }
        return BackupError(.pgDump, "\(what): \(String(cString: strerror(reason)))", hint: hint)
    }

    /// - Returns: nil where the program has ended by itself.
    init?(_ program: String, _ ending: ChildProcess.Ending) {
        switch ending {
        case .exited: return nil
        case .killed(let signal):
            self.init(
                .pgDump,
                "\(program) was killed by \(SignalName.of(signal))",
                hint: signal == SIGKILL ? "the system kills programs where memory runs out: see its log" : nil
            )
        case .stopped(let signal):
            self.init(
                .pgDump,
                "\(program) was stopped by \(SignalName.of(signal)) and not continued, and was ended",
                hint: "nothing stops it but a person or a program: run this again"
            )
        }
    }
}

/// Signals as `kill -l` has them; glibc names them only since 2.32.
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
