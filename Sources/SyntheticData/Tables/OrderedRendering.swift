internal import Basics
internal import Glibc

/// Renders pieces on several threads and passes them on in order, so that the result does not depend on the number of
/// threads.
final class OrderedRendering: @unchecked Sendable {
    // Sendable because all variables are accessed only while the lock is held, and everything else is constant.
    private var lock = pthread_mutex_t()
    private var changed = pthread_cond_t()
    private var ready: [Int: [UInt8]] = [:]
    private var nextToRender = 0
    private var nextToHandOver = 0
    private var isStopped = false
    private var working = 0

    private let pieces: Int
    private let ahead: Int
    private let render: @Sendable (Int, inout CopyBuffer) -> Void

    /// Calls `body` with each piece, in order, on the calling thread.
    static func run(
        pieces: Int,
        jobs: Int,
        render: @escaping @Sendable (Int, inout CopyBuffer) -> Void,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard pieces > 1, jobs > 0 else {
            var buffer = CopyBuffer(capacity: 1 << 20)
            for piece in 0..<pieces {
                buffer.removeAll()
                render(piece, &buffer)
                try buffer.lend(body)
            }
            return
        }
        let work = OrderedRendering(pieces: pieces, jobs: jobs, render: render)
        defer { work.stop() }
        for _ in 0..<min(jobs, pieces) { try work.startWorker() }
        for piece in 0..<pieces { try work.take(piece).withUnsafeBytes { try body($0) } }
    }

    private init(pieces: Int, jobs: Int, render: @escaping @Sendable (Int, inout CopyBuffer) -> Void) {
        self.pieces = pieces
        self.render = render
        ahead = jobs * 2 + 1
        pthread_mutex_init(&lock, nil)
        pthread_cond_init(&changed, nil)
    }

    deinit {
        pthread_cond_destroy(&changed)
        pthread_mutex_destroy(&lock)
    }

    private func startWorker() throws(ThreadError) {
        try startThread(named: "granary-render") { [self] in work() }
        pthread_mutex_lock(&lock)
        working += 1
        pthread_mutex_unlock(&lock)
    }

    private func work() {
        var buffer = CopyBuffer(capacity: 1 << 20)
        while true {
            pthread_mutex_lock(&lock)
            while !isStopped, nextToRender < pieces, nextToRender >= nextToHandOver + ahead {
                pthread_cond_wait(&changed, &lock)
            }
            guard !isStopped, nextToRender < pieces else {
                working -= 1
                pthread_cond_broadcast(&changed)
                pthread_mutex_unlock(&lock)
                return
            }
            let piece = nextToRender
            nextToRender += 1
            pthread_mutex_unlock(&lock)
            buffer.removeAll()
            render(piece, &buffer)
            let bytes = buffer.bytes()
            pthread_mutex_lock(&lock)
            ready[piece] = bytes
            pthread_cond_broadcast(&changed)
            pthread_mutex_unlock(&lock)
        }
    }

    private func take(_ piece: Int) -> [UInt8] {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        while ready[piece] == nil { pthread_cond_wait(&changed, &lock) }
        nextToHandOver = piece + 1
        pthread_cond_broadcast(&changed)
        return ready.removeValue(forKey: piece) ?? []
    }

    /// Waits until all threads have ended, because their data may be freed afterwards.
    private func stop() {
        pthread_mutex_lock(&lock)
        isStopped = true
        pthread_cond_broadcast(&changed)
        while working > 0 { pthread_cond_wait(&changed, &lock) }
        pthread_mutex_unlock(&lock)
    }
}
