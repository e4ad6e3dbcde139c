internal import CLibpq
import Glibc

// Waiting for something other than an answer of the server. The session can be cancelled, and keeps its locks.
extension Session {
    /// Waits for `duration`.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package borrowing func rest(for duration: Duration) throws {
        let deadline = ContinuousClock.now + duration
        while true {
            let left = deadline - .now
            guard left > .zero else { return }
            var descriptor = pollfd(fd: wire.signal.wake, events: Int16(POLLIN), revents: 0)
            let milliseconds = min(left / .milliseconds(1) + 1, 60_000)
            _ = poll(&descriptor, 1, CInt(milliseconds))
            if wire.signal.isFired { throw CancellationError() }
        }
    }

    /// Waits for `work`, which runs as a task, and returns its outcome. Keeps the connection alive meanwhile.
    ///
    /// - Throws: Errors of `work`; `PostgresError` if the server is gone; `CancellationError`. In each case `work` is
    ///   cancelled and has some seconds to undo what it began.
    package mutating func waiting<R: Sendable>(
        for work: @escaping @Sendable () async throws -> R
    ) throws -> R {
        let finished = CancelSignal()
        let outcome = Outcome<R>()
        let task = Task {
            defer { finished.fire() }
            do {
                outcome.result = .success(try await work())
            } catch {
                outcome.result = .failure(error)
            }
        }
        do {
            try hold(until: finished)
        } catch {
            task.cancel()
            var ended = pollfd(fd: finished.wake, events: Int16(POLLIN), revents: 0)
            _ = poll(&ended, 1, 10_000)
            throw error
        }
        guard let result = outcome.result else { throw CancellationError() }
        return try result.get()
    }
}

private final class Outcome<R: Sendable> {
    var result: Result<R, any Error>?
}

// The task writes it before it fires the signal, and the session's thread reads it after that.
extension Outcome: @unchecked Sendable {}
