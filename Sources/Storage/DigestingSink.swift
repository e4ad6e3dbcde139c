internal import Cryptography
internal import Synchronization

/// Computes the SHA-256 of the bytes and passes them on.
package final class DigestingSink: ByteSink {
    private let sink: any ByteSink
    /// Only the holder of the lock touches it.
    nonisolated(unsafe) private let hasher = Hasher()
    private let lock = Mutex<Void>(())

    package init(_ sink: any ByteSink) { self.sink = sink }

    package var byteCount: Int { sink.byteCount }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try sink.append(bytes)
        lock.withLock { _ in hasher.update(bytes) }
    }

    /// The digest so far, as 64 hexadecimal digits. The next bytes begin a new one.
    package func finish() -> String { lock.withLock { _ in hasher.finish() } }

    private final class Hasher {
        private var hash = SHA256()

        func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

        func finish() -> String {
            var done = SHA256()
            swap(&done, &hash)
            return Hexadecimal.text(done.finalize())
        }
    }
}
