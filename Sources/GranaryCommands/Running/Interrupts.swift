internal import Dispatch
internal import Glibc
internal import PostgresClient
import Synchronization

/// The first SIGINT, SIGTERM or SIGHUP asks the command to stop, the second ends the process.
final class Interrupts: Sendable {
    private let seen = Atomic<Bool>(false)

    /// Whether a signal has arrived. Later failures are caused by it.
    var haveCome: Bool { seen.load(ordering: .acquiring) }

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
                if seen.exchange(true, ordering: .acquiringAndReleasing) { _exit(128 + number) }
                cancel()
                StandardOutput.readerWait.fire()
            }
            source.activate()
        }
    }
}
