internal import CLibpq
import Glibc
import Synchronization

/// Wakes whoever waits in `poll`. Safe to fire from any thread, any number of times; once fired it stays so.
package final class CancelSignal: Sendable {
    /// An eventfd, readable from the moment the signal has fired.
    package let wake: CInt = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
    private let fired = Atomic<Bool>(false)

    package init() {}
    deinit { close(wake) }

    package var isFired: Bool { fired.load(ordering: .acquiring) }

    package func fire() {
        fired.store(true, ordering: .releasing)
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
    }
}
