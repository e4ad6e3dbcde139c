import Glibc
import Synchronization
import TestSupport
import Testing

/// Granary's reaction to a network that does not answer.
@Suite(.serialized) struct NetworkTests {
    /// The other end may be gone without a message. The system probes it after a minute, and gives up after another
    /// minute.
    @Test func aConnectionThatWaitsIsKeptAliveBySmallQuestions() async throws {
        try await withShop { scene in
            scene.ground.proxy.arm(.stall, at: .message(12, .after))
            try await interrupted(scene, ["backup", "--output", scene.scratch.file("b.zip")]) {
                let timers = try await keepaliveTimers(ofPort: scene.ground.proxy.port)
                #expect(!timers.isEmpty && timers.allSatisfy { $0 <= 60 }, "\(timers)")
            }
            #expect(access(scene.scratch.file("b.zip"), F_OK) != 0)
        }
    }

    /// Stalls at any point.
    @Test(arguments: [2, 60, 300])
    func anInterruptEndsARestoreWhoseNetworkIsStalled(message: Int) async throws {
        try await withShop { scene in
            let file = scene.scratch.file("b.zip")
            try #require(try await scene.granary(["backup", "--output", file]).status == 0)
            let before = try await scene.sql(shopDigest)
            scene.ground.proxy.arm(.stall, at: .message(message, .before))
            let start = ContinuousClock.now
            let outcome = try await interrupted(scene, ["restore", file, "--confirm", scene.name]) {}
            #expect(outcome.status == 130, "\(outcome)")
            #expect(.now - start < .seconds(60))
            scene.ground.proxy.mend()
            try await #expect(scene.sql(shopDigest) == before)
            try await #expect(scene.granary(["restore", file, "--confirm", scene.name]).status == 0)
        }
    }

    /// The answer to COMMIT is lost. Granary asks the server about the outcome through a new connection.
    @Test(arguments: FaultProxy.Part.allCases)
    func aCommitWhoseAnswerIsLostIsLookedUp(part: FaultProxy.Part) async throws {
        try await withShop { scene in
            let words = ["clean", "--service", "shop", "--confirm", scene.name, "--no-undo"]
            scene.ground.proxy.arm(.reset(all: false), at: .commit(1, part))
            let outcome = try await scene.granary(words)
            let rows = try await scene.sql("SELECT count(*) FROM shop.orders")
            #expect(scene.ground.proxy.hasStruck)
            #expect(rows == (part == .after ? "0" : "15000"), "\(outcome)")
            #expect(outcome.status == (part == .after ? 0 : 1), "\(outcome)")
            #expect(outcome.stderr.contains("the server says that it is committed") == (part == .after), "\(outcome)")
        }
    }

    /// If no new connection is possible, the message says that the outcome is unknown.
    @Test func aCommitOfUnknownOutcomeIsReportedAsSuch() async throws {
        try await withShop { scene in
            scene.ground.proxy.arm(.close(all: true), at: .commit(1, .after), staysBroken: true)
            let outcome = try await scene.granary(
                ["clean", "--service", "shop", "--confirm", scene.name, "--no-undo"]
            )
            #expect(outcome.status == 1)
            #expect(outcome.stderr.contains("whether the transaction was committed is not known"), "\(outcome)")
            #expect(outcome.stderr.contains("hint: check the database"), "\(outcome)")
        }
    }

    /// The leading session of a restore is cancelled at once. The session that swaps the databases first asks about the
    /// outcome.
    @Test func anInterruptedSwapOfUnknownOutcomeIsReportedAsSuch() async throws {
        try await withShop { scene in
            let file = scene.scratch.file("b.zip")
            try #require(try await scene.granary(["backup", "--output", file]).status == 0)
            scene.ground.proxy.mend()
            let words = ["restore", file, "--confirm", scene.name, "--drop-old"]
            try #require(try await scene.granary(words).status == 0)
            let swap = scene.ground.proxy.mend().commits
            scene.ground.proxy.arm(.stall, at: .commit(swap, .after))
            let outcome = try await interrupted(scene, words) {}
            #expect(outcome.status == 130, "\(outcome)")
            #expect(outcome.stderr.contains("whether the transaction was committed is not known"), "\(outcome)")
            #expect(!outcome.stderr.contains("unfinished"), "\(outcome)")
            scene.ground.proxy.mend()
            try await #expect(scene.granary(words).status == 0)
        }
    }

    /// Shared by all tests, until the process ends.
    private static let ground = Task { try await Ground.prepare() }

    private func withShop(_ body: (Scene) async throws -> Void) async throws {
        let ground = try await Self.ground.value
        let number = Self.scenes.wrappingAdd(1, ordering: .relaxed).newValue
        defer { ground.proxy.mend() }
        try await Scene.with(.shop, on: ground, number: number, body)
    }

    private static let scenes = Atomic<Int>(0)

    /// Starts a command, waits until its network is stalled, runs `look`, and presses Ctrl-C.
    @discardableResult
    private func interrupted(
        _ scene: Scene,
        _ arguments: [String],
        _ look: () async throws -> Void
    ) async throws -> CommandOutcome {
        let pidFile = scene.scratch.file("pid")
        let words = try ["-c", "echo $$ >\"$0\"; exec \"$@\"", pidFile] + scene.command(arguments)
        async let outcome = runCommand("sh", words, timeout: .seconds(60))
        try await eventually { scene.ground.proxy.hasStruck }
        try await Task.sleep(for: .milliseconds(200))
        try await look()
        let text = String(decoding: readFile(pidFile), as: UTF8.self)
        kill(try #require(pid_t(text.dropLast())), SIGINT)
        return try await outcome
    }

    /// The seconds until the system probes the other end of each connection to this port.
    private func keepaliveTimers(ofPort port: Int) async throws -> [Double] {
        let wanted =
            ":" + String(repeating: "0", count: max(0, 4 - String(port, radix: 16).count))
            + String(port, radix: 16).uppercased()
        return String(decoding: readFile("/proc/net/tcp"), as: UTF8.self).split(separator: "\n").compactMap { line in
            // sl local_address rem_address st tx_queue:rx_queue tr:tm->when …; the last number is in hundredths of a
            // second.
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[2].hasSuffix(wanted), fields[3] == "01" else { return nil }
            let timer = fields[5].split(separator: ":")
            guard timer.count == 2, timer[0] == "02" else { return nil }
            return Int(timer[1], radix: 16).map { Double($0) / 100 }
        }
    }
}
