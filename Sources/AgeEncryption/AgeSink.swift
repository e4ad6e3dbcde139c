internal import Cryptography
package import Storage
internal import Synchronization

/// Encrypts the bytes and passes them on. `finish` seals the last chunk; without it the file counts as cut off.
///
/// A class, because all workers share it. The header is passed on with the first bytes, so that a backup to a pipe can
/// start again until then.
package final class AgeSink: ByteSink {
    /// The key of this file. The process that writes the file can read it again with this key, without an identity.
    package let fileKey: AgeFileKey
    private let sink: any ByteSink
    /// Only the holder of the lock touches it.
    nonisolated(unsafe) private let sealer: Sealer
    private let lock = Mutex<Void>(())

    /// - Throws: `CryptographyError`, if this machine's OpenSSL lacks an algorithm.
    package convenience init(_ sink: any ByteSink, for audience: AgeAudience) throws {
        let key = AgeFileKey.random()
        let nonce = Secrets.randomBytes(AgePayload.nonceByteCount)
        try self.init(sink, header: try audience.header(for: key).bytes, key, nonce: nonce)
    }

    init(_ sink: any ByteSink, header: [UInt8], _ key: AgeFileKey, nonce: [UInt8]) throws {
        self.sink = sink
        fileKey = key
        sealer = Sealer(try AgePayload.cipher(key, nonce: nonce), lead: header + nonce)
    }

    /// The number of bytes passed on, which are encrypted.
    package var byteCount: Int { sink.byteCount }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try locked { try sealer.append(bytes, to: sink) }
    }

    /// Seals what is left as the last chunk. Do not append anything after it.
    package func finish() throws { try locked { try sealer.finish(to: sink) } }

    private func locked(_ body: () throws -> Void) throws {
        var outcome: Result<Void, any Error> = .success(())
        lock.withLock { _ in outcome = Result { try body() } }
        try outcome.get()
    }
}

/// Seals chunks, and collects them so that a large piece is passed on in few calls. One thread at a time uses it.
private final class Sealer {
    private let cipher: ChaCha20Poly1305
    /// Bytes that belong in front of the first chunk: the header and the nonce.
    private var lead: [UInt8]
    /// Content that is not sealed yet, at most one chunk: what follows decides whether it is the last.
    private let pending = UnsafeMutableRawBufferPointer.allocate(
        byteCount: AgePayload.chunkByteCount,
        alignment: 16
    )
    private var pendingCount = 0
    private var chunk = 0
    private let sealed = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 16 * AgePayload.sealedChunkByteCount,
        alignment: 16
    )
    private var sealedCount = 0
    private var isFinished = false
    /// A write failed, so what follows would not fit what was written.
    private var hasFailed = false

    init(_ cipher: ChaCha20Poly1305, lead: [UInt8]) {
        self.cipher = cipher
        self.lead = lead
    }

    deinit {
        pending.deallocate()
        sealed.deallocate()
    }

    func append(_ bytes: UnsafeRawBufferPointer, to sink: any ByteSink) throws {
        guard !isFinished, !hasFailed else { throw Self.closed }
        var done = 0
        while done < bytes.count {
            if pendingCount == pending.count { try sealPending(isLast: false, to: sink) }
            let count = min(pending.count - pendingCount, bytes.count - done)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[done..<done + count])
            done += count
            // A whole chunk that is followed by other bytes need not be copied.
            if count == pending.count, done < bytes.count {
                try seal(piece, isLast: false, to: sink)
            } else {
                UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount...]).copyMemory(from: piece)
                pendingCount += count
            }
        }
    }

    func finish(to sink: any ByteSink) throws {
        guard !isFinished else { return }
        guard !hasFailed else { throw Self.closed }
        isFinished = true
        try sealPending(isLast: true, to: sink)
        try pass(to: sink)
    }

    private func sealPending(isLast: Bool, to sink: any ByteSink) throws {
        let content = UnsafeRawBufferPointer(rebasing: pending[..<pendingCount])
        pendingCount = 0
        try seal(content, isLast: isLast, to: sink)
    }

    private func seal(_ content: UnsafeRawBufferPointer, isLast: Bool, to sink: any ByteSink) throws {
        let end = sealedCount + content.count + ChaCha20Poly1305.tagByteCount
        cipher.seal(
            content,
            nonce: AgePayload.nonce(of: chunk, isLast: isLast),
            into: UnsafeMutableRawBufferPointer(rebasing: sealed[sealedCount..<end])
        )
        sealedCount = end
        chunk += 1
        if sealed.count - sealedCount < AgePayload.sealedChunkByteCount { try pass(to: sink) }
    }

    private static let closed = StorageError(
        .io,
        "the encrypted file takes no more bytes: it was finished, or could not be written before"
    )

    private func pass(to sink: any ByteSink) throws {
        hasFailed = true
        if !lead.isEmpty {
            try lead.withUnsafeBytes { try sink.append($0) }
            lead = []
        }
        try sink.append(UnsafeRawBufferPointer(rebasing: sealed[..<sealedCount]))
        sealedCount = 0
        hasFailed = false
    }
}
