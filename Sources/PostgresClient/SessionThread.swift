internal import CLibpq
import Glibc
package import Logging

private final class Thunk: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Starts a detached thread. It leaves the terminal's signals to others, but not SIGSEGV and its kind: a thread that
/// blocks those dies without a backtrace.
///
/// - Throws: `PostgresError.resources` where the system has no thread left for us.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws {
    var quiet = sigset_t()
    var before = sigset_t()
    sigemptyset(&quiet)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&quiet, number) }
    pthread_sigmask(SIG_BLOCK, &quiet, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let thunk = Unmanaged.passRetained(Thunk(body))
    let code = pthread_create(
        &thread,
        nil,
        { argument in
            Unmanaged<Thunk>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        },
        thunk.toOpaque()
    )
    guard code == 0 else {
        thunk.release()
        throw PostgresError(
            code: .resources,
            message: "no thread can be started: \(String(cString: strerror(code)))",
            hint: "see `ulimit -u` and `ulimit -v`, and the limits of the container, or take fewer --jobs"
        )
    }
    pthread_setname_np(thread, name)
    pthread_detach(thread)
}

/// Runs `body`, which may wait, on a thread of its own.
///
/// - Throws: `PostgresError.resources` where there is no thread left, and what `body` throws.
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

/// Runs `body` on a thread of its own with a session of its own, which is closed before this returns.
///
/// Cancelling the task cancels the statement on the server and ends the session. `body` is synchronous, so nothing
/// can come between two statements of a transaction.
///
/// - Throws: `PostgresError`, `CancellationError`, and what `body` throws.
package func withSession<R: Sendable>(
    _ server: ServerAddress,
    logger: Logger,
    _ body: @escaping @Sendable (inout Session) throws -> R
) async throws -> R {
    let signal = CancelSignal()
    return try await withTaskCancellationHandler {
        try Task.checkCancellation()
        return try await onOwnThread(named: "granary-session") {
            var session = try Session.connect(server, signal: signal, logger: logger)
            return try body(&session)
        }
    } onCancel: {
        signal.fire()
    }
}

/// Runs `prepare` in a session, and keeps that session and its transaction open while `body` works with the outcome.
///
/// This is how a snapshot is lent to other sessions: when the holder is lost, `body` is cancelled; when `body` ends,
/// the holder is let go. What `body` has finished in spite of that counts.
///
/// - Parameter release: What the holder does before its session is closed, when `body` has ended.
/// - Throws: `PostgresError` (the holder's loss included), `CancellationError`, and what the closures throw.
package func withHeldSession<P: Sendable, R: Sendable>(
    _ server: ServerAddress,
    logger: Logger,
    prepare: @escaping @Sendable (inout Session) throws -> P,
    release: @escaping @Sendable (inout Session) throws -> Void = { _ in },
    while body: @escaping @Sendable (P) async throws -> R
) async throws -> R {
    let released = CancelSignal()
    let (prepared, publisher) = AsyncStream.makeStream(of: P.self)
    return try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask {
            defer { publisher.finish() }
            try await withSession(server, logger: logger) { session in
                publisher.yield(try prepare(&session))
                try session.hold(until: released)
                try release(&session)
            }
            return nil
        }
        group.addTask {
            defer { released.fire() }
            for await outcome in prepared { return try await body(outcome) }
            return nil  // Nothing was prepared; the holder's own task throws the reason.
        }
        var result: R?
        var failure: (any Error)?
        while let outcome = await group.nextResult() {
            switch outcome {
            case .success(let value): result = value ?? result
            case .failure(let error):
                // The first is the reason of the others, but for what nobody knows, which must be said.
                if failure == nil || (error as? PostgresError)?.code == .inDoubt { failure = error }
                group.cancelAll()
            }
        }
        if let result { return result }
        throw failure ?? CancellationError()
    }
}
