internal import CLibpq
import Glibc

// Waiting for something else than the server's answer. The session stays cancellable, and holds what it holds.
extension Session {
    /// Waits for a while.
    ///
    /// - Throws: `CancellationError`, at once when the task is cancelled.
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

    /// Waits for `work`, which runs as a task, and returns its outcome; keeps the connection alive meanwhile.
    ///
    /// - Throws: what `work` throws; `PostgresError` when the server is gone; `CancellationError`. In each case `work` is
    ///   cancelled, and has some seconds to take back what it began.
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

// Written by the task before it fires the signal, read by the session's thread after that.
extension Outcome: @unchecked Sendable {}
