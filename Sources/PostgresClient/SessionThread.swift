// A session of the server, through libpq.
//
//     session     a connection with its own thread; it can be cancelled at any time
//     held        a session that keeps its transaction open while others work, for example for a snapshot
//     directed    a session to which a task gives steps, in turn with others
//     wire        the connection itself, and the only code that waits
//     signal      wakes a waiting session when the task is cancelled
//     pinned      settings that do not depend on the server, the database or the role
//     user code   functions, triggers and expressions of the database, which may run during granary's work

package import Logging

/// Runs `body` on a new thread with a new session, and closes the session before it returns.
///
/// Cancelling the task cancels the statement on the server and ends the session. `body` is synchronous, so nothing
/// can come between two statements of a transaction.
///
/// - Throws: `PostgresError`, `CancellationError`, and errors of `body`.
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

/// Runs `prepare` in a session, and keeps that session and its transaction open while `body` works with the result.
///
/// Used to share a snapshot with other sessions. If the holder's session is lost, `body` is cancelled. When `body`
/// ends, the holder is released. If `body` finished although the holder was lost, its result is returned.
///
/// - Parameter release: What the holder does after `body` has ended and before its session is closed.
/// - Throws: `PostgresError` (also for the loss of the holder), `CancellationError`, and errors of the closures.
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
            return nil  // Nothing was prepared; the holder's task throws the reason.
        }
        return try await group.resultOfBody()
    }
}
