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

    private struct State {
        var first: First?
        var cancel: (@Sendable () -> Void)?
    }

    private static let echo = Duration.seconds(1)
    private let state = Mutex(State())

    /// Whether a signal has arrived. Later failures are caused by it.
    var haveCome: Bool { state.withLock { $0.first != nil } }

    private enum Meaning { case stop, end, echo }

    private func meaning(_ number: CInt) -> Meaning {
        state.withLock { state in
            guard let before = state.first else {
                state.first = First(number: number, time: .now)
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

    /// Watches the signals until the process ends.
    ///
    /// Returns when they are watched. Until then a signal ends the process, so nothing may have begun. Ignoring signals
    /// in the meantime would lose one that comes then.
    func watch() async {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler keeps its source alive. Otherwise it would end with this function.
            source.setEventHandler { [self] in
                _ = source
                switch meaning(number) {
                case .echo: return
                case .end: _exit(128 + number)
                case .stop: break
                }
                state.withLock(\.cancel)?()
                StandardOutput.readerWait.fire()
            }
            await withCheckedContinuation { registered in
                source.setRegistrationHandler { registered.resume() }
                source.activate()
            }
        }
    }

    /// Calls `cancel` on the first signal, or now if it has come already.
    func whenCome(_ cancel: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.cancel = cancel
            return state.first != nil
        }
        if isLate { cancel() }
    }
}
