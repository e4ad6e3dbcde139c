internal import CLibpq
import Glibc
import Synchronization

/// Wakes threads that wait in `poll`. Any thread may fire it, any number of times; after that it stays fired.
package final class CancelSignal: Sendable {
    /// An eventfd that is readable once the signal has fired.
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
