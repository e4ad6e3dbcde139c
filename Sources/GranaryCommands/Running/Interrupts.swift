internal import Dispatch
internal import Glibc
internal import PostgresClient
import Synchronization

/// The first SIGINT, SIGTERM or SIGHUP asks the command to stop, the second ends the process.
///
/// `timeout` signals the command and then its process group, so the command gets the same signal twice. Within a second
/// that counts as one signal, and the command can still remove its unfinished files.
final class Interrupts: Sendable {
    private struct First {
        var number: CInt
        var time: ContinuousClock.Instant
    }

    private static let echo = Duration.seconds(1)
    private let first = Mutex<First?>(nil)

    /// Whether a signal has arrived. Later failures are caused by it.
    var haveCome: Bool { first.withLock { $0 != nil } }

    private enum Meaning { case stop, end, echo }

    private func meaning(_ number: CInt) -> Meaning {
        first.withLock { first in
            guard let before = first else {
                first = First(number: number, time: .now)
                return .stop
            }
            return before.number == number && .now - before.time < Self.echo ? .echo : .end
        }
    }

    /// If a reader is gone, or the size of files is limited, `write` should return an error instead of ending the
    /// process.
    static func leaveToWrites() {
        Glibc.signal(SIGPIPE, SIG_IGN)
        Glibc.signal(SIGXFSZ, SIG_IGN)
    }

    /// Calls `cancel` on the first signal. Watches until the process ends.
    func watch(_ cancel: @escaping @Sendable () -> Void) {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // The source is only active after its queue has registered it. Until then a signal must not kill the
            // process.
            Glibc.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler keeps its source alive. Otherwise it would end with this function.
            source.setEventHandler { [self] in
                _ = source
                switch meaning(number) {
                case .echo: return
                case .end: _exit(128 + number)
                case .stop: break
                }
                cancel()
                StandardOutput.readerWait.fire()
            }
            source.activate()
        }
    }
}
