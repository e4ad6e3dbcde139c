// A session with a server, over libpq.
//
//     session     one connection on a thread of its own, which may be cancelled at any time
//     held        a session that keeps its transaction open while others work, such as for a snapshot
//     wire        the connection itself: the only place that waits
//     signal      what wakes a waiting session, for a cancelled task
//     pinned      settings made independent of what the server, the database or the role has set
//     user code   functions, triggers and expressions of the database, which may run while we work

package import Logging

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
