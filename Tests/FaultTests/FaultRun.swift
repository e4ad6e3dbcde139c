import Glibc
import Synchronization
import TestSupport

/// One run: a command, a fault, and the check that the promise was kept.
struct FaultRun: Sendable {
    let seed: UInt64
    let trial: any Trial
    let fault: Fault

    /// All choices follow from the seed, so that the seed reproduces the run.
    ///
    /// - Parameters:
    ///   - kinds: The kinds of faults to choose from.
    ///   - measure: Measures a run of the command with a number without a fault.
    init(seed: UInt64, kinds: [Fault.Kind], measure: (_ number: Int) async throws -> Measure) async throws {
        self.seed = seed
        var random = SeededRandom(seed: seed)
        let number = Int.random(in: 0..<trials.count, using: &random)
        trial = trials[number]
        fault = Fault.draw(from: kinds, for: trial, try await measure(number), &random)
    }

    struct Ending: Sendable {
        var status: Int32
        var standing: Standing
        /// The time from the interrupt to the end, if the network was stalled.
        var secondsToEnd: Double?
    }

    /// - Throws: `BrokenPromise`.
    func run(on ground: Ground, number: Int) async throws -> Ending {
        try await Scene.with(trial.template, on: ground, number: number) { scene in
            let before = try await trial.prepare(scene)
            ground.proxy.mend()
            let (outcome, secondsToEnd) = try await strike(scene)
            try await putRight(ground)
            let standing = try await trial.standing(scene, before: before)
            try judge(outcome, standing)
            do {
                try await trial.again(scene, standing)
            } catch {
                throw BrokenPromise("\(error)\nafter \(standing), \(outcome)")
            }
            let end = try await trial.standing(scene, before: before)
            guard end == .new else { throw BrokenPromise("after the next run: \(end), after \(standing), \(outcome)") }
            return Ending(status: outcome.status, standing: standing, secondsToEnd: secondsToEnd)
        }
    }

    /// Repairs the network, the server and its disk, and ends granary's sessions.
    private func putRight(_ ground: Ground) async throws {
        ground.proxy.mend()
        if ground.server.processID == nil { try await ground.server.restart() }
        if case .serverDisk = fault { try ground.leaveFree(nil) }
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('granary', 'pg_dump')"
        let deadline = ContinuousClock.now + .seconds(20)
        while try await psql(ground.server.url(database: "postgres"), sessions) != "0" {
            guard .now < deadline else { throw BrokenPromise("sessions of ours are still on the server after 20 s") }
            try await Task.sleep(for: .milliseconds(30))
        }
    }

    private func judge(_ outcome: CommandOutcome, _ standing: Standing) throws {
        if case .broken(let reason) = standing { throw BrokenPromise("\(reason)\nafter \(outcome)") }
        if outcome.status == 0, standing != .new { throw BrokenPromise("it says done, and is \(standing): \(outcome)") }
        if outcome.stderr.contains("Fatal error") || outcome.stderr.contains("Stack dump") {
            throw BrokenPromise("it crashed: \(outcome)")
        }
        // A killed process reports nothing. Otherwise its report must be true: a failure has changed nothing, unless
        // the message says that the outcome is unknown.
        guard outcome.status < 128 || outcome.status == 130, outcome.status != 0, trial.isAllOrNothing, standing == .new
        else { return }
        guard outcome.stderr.contains("not known") else {
            throw BrokenPromise("it says that it failed, and it is done: \(outcome)")
        }
    }
}

extension FaultRun {
    private func strike(_ scene: Scene) async throws -> (CommandOutcome, secondsToEnd: Double?) {
        let proxy = scene.ground.proxy
        switch fault {
        case .kill(let seconds):
            return (try await start(scene) { try await $0.send(SIGKILL, after: seconds) }, nil)
        case .interrupt(let signal, let seconds):
            return (try await start(scene) { try await $0.send(signal, after: seconds) }, nil)
        case .terminate(let seconds, let choice):
            return (try await start(scene) { try await terminate(scene, seconds, choice, $0) }, nil)
        case .crash(let seconds, let down):
            let outcome = try await start(scene) { _ in
                try await Task.sleep(for: .seconds(seconds))
                try await scene.ground.server.crash()
                try await Task.sleep(for: .seconds(down))
                try await scene.ground.server.restart()
            }
            return (outcome, nil)
        case .cut(let deed, let point, let staysBroken):
            proxy.arm(deed, at: point, staysBroken: staysBroken)
            return (try await start(scene) { _ in }, nil)
        case .pause(let point, let seconds):
            proxy.arm(.pause(.seconds(seconds)), at: point)
            let outcome = try await start(scene) { _ in }
            guard outcome.status == 0 else { throw BrokenPromise("a pause is no reason to fail: \(outcome)") }
            return (outcome, nil)
        case .stall(let point):
            proxy.arm(.stall, at: point)
            let pressed = Mutex<ContinuousClock.Instant?>(nil)
            let outcome = try await start(scene) { process in
                while !process.hasEnded, !proxy.hasStruck { try await Task.sleep(for: .milliseconds(5)) }
                try await Task.sleep(for: .milliseconds(100))
                guard !process.hasEnded else { return }
                pressed.withLock { $0 = .now }
                try await process.send(SIGINT, after: 0)
            }
            let seconds = pressed.withLock { $0.map { (ContinuousClock.now - $0) / .seconds(1) } }
            if let seconds, seconds > 15 {
                throw BrokenPromise("it ended \(seconds) s after the interrupt: \(outcome)")
            }
            return (outcome, seconds)
        case .ourDisk(let bytes):
            return (try await start(scene, before: Self.fullDisk(bytes, scene)) { _ in }, nil)
        case .serverDisk(let bytes):
            try scene.ground.leaveFree(bytes)
            return (try await start(scene) { _ in }, nil)
        case .stalledOutput(let bytes): return try await stallOutput(bytes, scene)
        case .rival(let seconds): return (try await race(seconds, scene), nil)
        case .replacedFile(let seconds): return (try await replaceFile(seconds, scene), nil)
        }
    }

    private func stallOutput(_ bytes: Int, _ scene: Scene) async throws -> (CommandOutcome, secondsToEnd: Double?) {
        let pressed = Mutex<ContinuousClock.Instant?>(nil)
        let outcome = try await start(scene, before: Self.stoppingReader(bytes)) { process in
            // The process stops when its output does. Nothing else shows this from outside.
            for _ in 0..<150 where !process.hasEnded { try await Task.sleep(for: .milliseconds(10)) }
            guard !process.hasEnded else { return }
            pressed.withLock { $0 = .now }
            try await process.send(SIGINT, after: 0)
        }
        let seconds = pressed.withLock { $0.map { (ContinuousClock.now - $0) / .seconds(1) } }
        if let seconds, seconds > 15 { throw BrokenPromise("it ended \(seconds) s after the interrupt: \(outcome)") }
        return (outcome, seconds)
    }

    /// Standard error is a pipe that holds this many bytes and is not read.
    private static func stoppingReader(_ bytes: Int) -> [String] {
        let script = """
            mkfifo pipe && { sleep 1000 <pipe & reader=$!; exec 7>pipe; } || exit 99
            head -c 61440 /dev/zero >&7; head -c \(4096 - bytes) /dev/zero >&7
            "$@" 2>&7; status=$?
            kill $reader; rm pipe
            exit $status
            """
        return ["sh", "-c", script, "sh"]
    }

    /// One of the two runs succeeds. The other succeeds after it, or reports why it did not run.
    private func race(_ seconds: Double, _ scene: Scene) async throws -> CommandOutcome {
        async let second: CommandOutcome = {
            try await Task.sleep(for: .seconds(seconds))
            return try await scene.granary(trial.arguments(scene))
        }()
        let first = try await start(scene) { _ in }
        let outcomes = [first, try await second]
        for outcome in outcomes where outcome.status != 0 {
            let sentences = [" exists already", "another backup is writing"]
            let isTold =
                outcome.status == 5
                || trial is BackupTrial && sentences.contains { outcome.stderr.contains($0) }
            guard isTold else { throw BrokenPromise("a rival is no reason to fail like this: \(outcome)") }
        }
        guard let done = outcomes.first(where: { $0.status == 0 }) else {
            throw BrokenPromise("neither of both is done: \(outcomes)")
        }
        return done
    }

    /// A file that another process has put there must never become the backup.
    private func replaceFile(_ seconds: Double, _ scene: Scene) async throws -> CommandOutcome {
        let outcome = try await start(scene) { process in
            func partial() -> String? { scene.scratch.names(in: "out").first { $0.hasSuffix(".partial") } }
            while !process.hasEnded, partial() == nil { try await Task.sleep(for: .milliseconds(1)) }
            try await Task.sleep(for: .seconds(seconds))
            guard let name = partial() else { return }
            rename("\(scene.out)/\(name)", scene.scratch.file("moved"))
            try scene.scratch.write("somebody else's", to: "out/\(name)")
        }
        for name in scene.scratch.names(in: "out") where name.hasSuffix(".partial") { unlink("\(scene.out)/\(name)") }
        return outcome
    }

    /// A process that may end while a fault is caused.
    private final class Struck: Sendable {
        private let ended = Atomic<Bool>(false)
        private let pidFile: String
        var hasEnded: Bool { ended.load(ordering: .acquiring) }

        init(pidFile: String) { self.pidFile = pidFile }

        func end() { ended.store(true, ordering: .releasing) }

        func send(_ signal: Int32, after seconds: Double) async throws {
            while !hasEnded, processID == nil { try await Task.sleep(for: .milliseconds(2)) }
            try await Task.sleep(for: .seconds(seconds))
            if !hasEnded, let processID { kill(processID, signal) }
        }

        private var processID: pid_t? {
            let text = String(decoding: readFile(pidFile), as: UTF8.self)
            return text.hasSuffix("\n") ? pid_t(text.dropLast()) : nil
        }
    }

    /// Runs the command and causes the fault meanwhile.
    private func start(
        _ scene: Scene,
        before: [String] = [],
        meanwhile: @escaping @Sendable (Struck) async throws -> Void
    ) async throws -> CommandOutcome {
        let pidFile = scene.scratch.file("pid")
        unlink(pidFile)
        let words =
            try before + ["sh", "-c", "echo $$ >\"$0\"; exec \"$@\"", pidFile] + scene.command(trial.arguments(scene))
        let process = Struck(pidFile: pidFile)
        async let happening: Void = meanwhile(process)
        let outcome: CommandOutcome
        do {
            outcome = try await runCommand(
                words[0],
                Array(words.dropFirst()),
                workingDirectory: scene.scratch.path,
                timeout: .seconds(60)
            )
        } catch let failure as CommandFailure {
            process.end()
            try? await happening
            throw BrokenPromise("it does not end: \(failure)")
        }
        process.end()
        try await happening
        return outcome
    }

    /// Ends one of granary's sessions, if there is one before the command ends.
    private func terminate(_ scene: Scene, _ seconds: Double, _ choice: Int, _ process: Struck) async throws {
        try await Task.sleep(for: .seconds(seconds))
        while !process.hasEnded {
            let ended = try await scene.sqlBeside(
                """
                SELECT count(pg_terminate_backend(pid)) FROM (
                    SELECT pid, row_number() OVER (ORDER BY backend_start) AS n, count(*) OVER () AS all FROM pg_stat_activity
                    WHERE application_name = 'granary') s WHERE n = 1 + \(choice) % s.all
                """
            )
            if ended != "0" { return }
        }
    }

    /// Mounts a small tmpfs over the folder for files, in a separate mount namespace. Written files are copied out of
    /// it.
    private static func fullDisk(_ bytes: Int, _ scene: Scene) -> [String] {
        let script = """
            cp -a "$0" "$0.before" && mount -t tmpfs -o size=$(( $(du -sb "$0" | cut -f1) / 4096 * 4096 + \(bytes) )) tmpfs "$0" &&
            cp -a "$0.before/." "$0/" || exit 99
            "$@"; status=$?
            cp -a "$0" "$0.after" && umount "$0" && rm -rf "$0" "$0.before" && mv "$0.after" "$0" || exit 99
            exit $status
            """
        let user = getuid() == 0 ? [] : ["--user", "--map-root-user"]
        return ["unshare"] + user + ["--mount", "sh", "-c", script, scene.out]
    }
}
