package import Logging
internal import Synchronization

/// A session on a thread of its own to which a task gives steps, one after the other. Several of them do their steps in
/// the order that the task chooses, and keep their transactions open between them.
package final class DirectedSession: Sendable {
    private struct Step: Sendable {
        var run: @Sendable (inout Session) -> Void
        var refuse: @Sendable (any Error) -> Void
    }

    private struct State {
        var steps: [Step] = []
        var isClosed = false
        /// Why no further step can run.
        var end: (any Error)?
        /// Fires when there is something to do.
        var news = CancelSignal()
    }

    private let state = Mutex(State())

    fileprivate init() {}

    /// Runs `step` in the session, as soon as it is connected and earlier steps have ended.
    ///
    /// - Throws: Errors of `step`; `PostgresError` if the session cannot be made or was lost; `CancellationError`.
    package func perform<R: Sendable>(_ step: @escaping @Sendable (inout Session) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            let step = Step(
                run: { session in continuation.resume(with: Result { try step(&session) }) },
                refuse: { continuation.resume(throwing: $0) }
            )
            let end = state.withLock { state -> (any Error)? in
                guard state.end == nil else { return state.end }
                state.steps.append(step)
                state.news.fire()
                return nil
            }
            if let end { step.refuse(end) }
        }
    }

    /// Runs the steps, on the session's thread, until `close()`.
    fileprivate func serve(_ session: inout Session) throws {
        while true {
            let (steps, news, isClosed) = state.withLock { state in
                defer {
                    state.steps = []
                    if !state.steps.isEmpty || state.news.isFired { state.news = CancelSignal() }
                }
                return (state.steps, state.news, state.isClosed)
            }
            for step in steps { step.run(&session) }
            guard steps.isEmpty else { continue }
            if isClosed { return }
            try session.hold(until: news)
        }
    }

    fileprivate func close() {
        state.withLock { state in
            state.isClosed = true
            state.news.fire()
        }
    }

    /// Steps that have not run will not.
    fileprivate func end(_ reason: any Error) {
        let left = state.withLock { state in
            defer { state.steps = [] }
            state.end = reason
            return state.steps
        }
        for step in left { step.refuse(reason) }
    }
}

/// Opens a session with each of `servers`, and keeps them all until `body` ends. Then they are closed, and the server
/// ends their transactions.
///
/// If one of the sessions is lost, `body` is cancelled; its result is returned if it ended in spite of that.
///
/// - Throws: `PostgresError`, also for the loss of a session; `CancellationError`; errors of `body`.
package func withDirectedSessions<R: Sendable>(
    _ servers: [ServerAddress],
    logger: Logger,
    _ body: @escaping @Sendable ([DirectedSession]) async throws -> R
) async throws -> R {
    let sessions = servers.map { _ in DirectedSession() }
    return try await withThrowingTaskGroup(of: R?.self) { group in
        for (server, directed) in zip(servers, sessions) {
            group.addTask {
                do {
                    try await withSession(server, logger: logger) { try directed.serve(&$0) }
                    directed.end(CancellationError())
                } catch {
                    directed.end(error)
                    throw error
                }
                return nil
            }
        }
        group.addTask {
            defer { for session in sessions { session.close() } }
            return try await body(sessions)
        }
        return try await group.resultOfBody()
    }
}

extension [DirectedSession] {
    /// Runs the same step in all sessions at the same time.
    ///
    /// - Parameter step: Also gets the position of its session.
    /// - Returns: What the steps returned, in the order of the sessions.
    /// - Throws: The first error, after all steps have ended.
    @discardableResult
    package func perform<R: Sendable>(
        _ step: @escaping @Sendable (Int, inout Session) throws -> R
    ) async throws -> [R] {
        try await withThrowingTaskGroup(of: (Int, R).self) { group in
            for (index, session) in enumerated() {
                group.addTask { (index, try await session.perform { try step(index, &$0) }) }
            }
            var results: [(Int, R)] = []
            for try await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

extension ThrowingTaskGroup where Failure == any Error {
    /// The result of the child that has one, beside children that only keep sessions open.
    ///
    /// - Throws: The first error, which caused the others; if the outcome of a COMMIT is unknown, that error.
    mutating func resultOfBody<R>() async throws -> R where ChildTaskResult == R? {
        var result: R?
        var failure: (any Error)?
        while let outcome = await nextResult() {
            switch outcome {
            case .success(let value): result = value ?? result
            case .failure(let error):
                if failure == nil || (error as? PostgresError)?.code == .inDoubt { failure = error }
                cancelAll()
            }
        }
        if let result { return result }
        throw failure ?? CancellationError()
    }
}
