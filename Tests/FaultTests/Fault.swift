import TestSupport

/// The measurements of a run without faults. The moments of faults are fractions of them.
struct Measure: Sendable {
    var seconds: Double
    var traffic: FaultProxy.Traffic
}

/// A fault and its moment.
enum Fault: Sendable, CustomStringConvertible {
    /// SIGKILL to granary.
    case kill(seconds: Double)
    /// SIGINT or SIGTERM to granary.
    case interrupt(signal: Int32, seconds: Double)
    /// One of granary's sessions is terminated.
    case terminate(seconds: Double, choice: Int)
    /// The server crashes, and restarts after a while.
    case crash(seconds: Double, downSeconds: Double)
    case cut(FaultProxy.Deed, FaultProxy.Point, staysBroken: Bool)
    /// The network stalls without closing connections, until the user presses Ctrl-C.
    case stall(FaultProxy.Point)
    /// The network stalls for some time.
    case pause(FaultProxy.Point, seconds: Double)
    /// The size of the local disk.
    case ourDisk(bytes: Int)
    /// The size of the server's disk.
    case serverDisk(bytes: Int)
    /// The reader of standard error stops after this many bytes, until the user presses Ctrl-C.
    case stalledOutput(bytes: Int)
    /// The same command is started a second time.
    case rival(seconds: Double)
    /// Another process replaces the file that a backup is writing.
    case replacedFile(seconds: Double)

    /// The kind, for the tally.
    var kind: Kind {
        switch self {
        case .kill: .kill
        case .interrupt: .interrupt
        case .terminate: .terminate
        case .crash: .crash
        case .cut: .cut
        case .stall: .stall
        case .pause: .pause
        case .ourDisk: .ourDisk
        case .serverDisk: .serverDisk
        case .stalledOutput: .stalledOutput
        case .rival: .rival
        case .replacedFile: .replacedFile
        }
    }

    enum Kind: String, CaseIterable, Sendable {
        case kill = "killed"
        case interrupt = "interrupted"
        case terminate = "session ended"
        case crash = "server crashed"
        case cut = "network cut"
        case stall = "network stalled"
        case pause = "network paused"
        case ourDisk = "our disk full"
        case serverDisk = "server's disk full"
        case stalledOutput = "output stalled"
        case rival = "raced by itself"
        case replacedFile = "file replaced"

        /// Kinds of failures.
        static let failures: [Kind] = [
            .kill, .interrupt, .terminate, .crash, .cut, .stall, .pause, .ourDisk, .serverDisk,
        ]
        /// Kinds of interference by others.
        static let meddling: [Kind] = [.stalledOutput, .rival, .replacedFile]
    }

    var description: String {
        switch self {
        case .kill(let seconds): "SIGKILL after \(milliseconds(seconds))"
        case .interrupt(let signal, let seconds): "signal \(signal) after \(milliseconds(seconds))"
        case .terminate(let seconds, let choice): "session \(choice) ended after \(milliseconds(seconds))"
        case .crash(let seconds, let down):
            "server crashed after \(milliseconds(seconds)) and back \(milliseconds(down)) later"
        case .cut(let deed, let point, let staysBroken):
            "network: \(deed) \(point)\(staysBroken ? ", and no connection is made any more" : "")"
        case .stall(let point): "network stalled \(point), then SIGINT"
        case .pause(let point, let seconds): "network paused \(point) for \(milliseconds(seconds))"
        case .ourDisk(let bytes): "our disk has room for \(bytes) bytes"
        case .serverDisk(let bytes): "the server's disk has room for \(bytes) bytes"
        case .stalledOutput(let bytes): "the reader of standard error stops after \(bytes) bytes, then SIGINT"
        case .rival(let seconds): "the same command again after \(milliseconds(seconds))"
        case .replacedFile(let seconds): "its file replaced \(milliseconds(seconds)) after it was begun"
        }
    }

    private func milliseconds(_ seconds: Double) -> String { "\(Int(seconds * 1000)) ms" }
}

extension Fault {
    /// - Parameter kinds: The kinds to choose from, as far as they can happen to the command.
    static func draw(
        from kinds: [Kind],
        for trial: any Trial,
        _ measure: Measure,
        _ random: inout SeededRandom
    ) -> Fault {
        let kinds = kinds.filter {
            switch $0 {
            case .ourDisk, .replacedFile: trial.ownBytes > 0
            case .serverDisk: trial.serverBytes > 0
            default: true
            }
        }
        // Some faults come after the end, where they must do no harm either.
        let seconds = Double.random(in: 0..<1.05, using: &random) * measure.seconds
        let point = FaultProxy.Point.draw(measure.traffic, &random)
        switch kinds.randomElement(using: &random)! {
        case .kill: return .kill(seconds: seconds)
        case .interrupt: return .interrupt(signal: Bool.random(using: &random) ? 2 : 15, seconds: seconds)
        case .terminate: return .terminate(seconds: seconds, choice: Int.random(in: 0..<8, using: &random))
        case .crash: return .crash(seconds: seconds, downSeconds: Double.random(in: 0..<0.5, using: &random))
        case .cut:
            let all = Bool.random(using: &random)
            let deed = Bool.random(using: &random) ? FaultProxy.Deed.close(all: all) : .reset(all: all)
            return .cut(deed, point, staysBroken: Bool.random(using: &random))
        case .stall: return .stall(point)
        case .pause: return .pause(point, seconds: Double.random(in: 0.05..<0.5, using: &random))
        case .ourDisk:
            // A tmpfs consists of whole pages.
            let pages = Int.random(in: 1...trial.ownBytes / 4096, using: &random)
            return .ourDisk(bytes: pages * 4096)
        case .serverDisk: return .serverDisk(bytes: Int.random(in: 0..<trial.serverBytes, using: &random))
        case .stalledOutput: return .stalledOutput(bytes: Int.random(in: 0..<1200, using: &random))
        case .rival: return .rival(seconds: seconds)
        case .replacedFile: return .replacedFile(seconds: seconds / 2)
        }
    }
}

extension FaultProxy.Point {
    /// A quarter of the points are at COMMITs, which are few but matter most, and a quarter are in the middle of
    /// answers.
    fileprivate static func draw(_ traffic: FaultProxy.Traffic, _ random: inout SeededRandom) -> FaultProxy.Point {
        let part = FaultProxy.Part.allCases.randomElement(using: &random)!
        let message = Int.random(in: 1...max(1, traffic.messages), using: &random)
        let commit = Int.random(in: 1...max(1, traffic.commits), using: &random)
        let bytes = Int.random(in: 1...max(1, traffic.answerBytes), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where traffic.commits > 0: return .commit(commit, part)
        case 1: return .answer(bytes: bytes)
        default: return .message(message, part)
        }
    }
}
