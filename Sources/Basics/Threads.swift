internal import CThread
internal import Glibc

/// The system cannot start another thread.
package typealias ThreadError = Failure<ThreadFailure>

package enum ThreadFailure: FailureCode {
    case limit

    package var exitStatus: ExitStatus { .failed }
}

/// Starts a detached thread. It blocks the terminal's signals, so that other threads get them, but not SIGSEGV and
/// similar ones: a thread that blocks those dies without a backtrace.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    let thread = try threadStarted(Thunk(body))
    pthread_setname_np(thread, name)
    pthread_detach(thread)
}

/// Runs `body`, which may block, on a new thread.
///
/// - Throws: `ThreadError`, and errors of `body`.
package func onOwnThread<R: Sendable>(
    named name: String,
    _ body: @escaping @Sendable () throws -> R
) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try startThread(named: name) { continuation.resume(with: Result { try body() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// Runs `body` on a thread with a stack of the given size and waits for it. It is for synchronous code and does not use
/// the cooperative pool. Ends the process if no thread can be started.
package func onStack<R>(of bytes: Int, _ body: () -> R) -> R {
    withoutActuallyEscaping(body) { body in
        var result: R?
        withUnsafeMutablePointer(to: &result) { result in
            let thread = try! threadStarted(Thunk { result.pointee = body() }, stackBytes: bytes)
            pthread_join(thread, nil)
        }
        return result!
    }
}

/// The closure of a new thread, in the form that C passes on. Only that thread touches it, so it need not be
/// `Sendable`; `onStack` waits until the thread has ended.
private final class Thunk {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

/// - Parameter stackBytes: nil for the system's default size.
private func threadStarted(_ thunk: Thunk, stackBytes: Int? = nil) throws(ThreadError) -> pthread_t {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    if let stackBytes { pthread_attr_setstacksize(&attributes, stackBytes) }
    var quiet = sigset_t()
    var before = sigset_t()
    sigemptyset(&quiet)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&quiet, number) }
    pthread_sigmask(SIG_BLOCK, &quiet, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(thunk)
    let code = pthread_create(
        &thread,
        &attributes,
        { argument in
            Unmanaged<Thunk>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        },
        argument.toOpaque()
    )
    guard code == 0 else {
        argument.release()
        throw ThreadError(
            .limit,
            "no thread can be started: \(String(cString: strerror(code)))",
            hint: "see `ulimit -u` and `ulimit -v`, and the limits of the container, or lower --jobs"
        )
    }
    return thread
}
