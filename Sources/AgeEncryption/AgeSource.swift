internal import Cryptography
package import Storage
internal import Synchronization

/// The content of an encrypted file, at any offset. Any thread may read it.
///
/// Bytes are passed on only after the authentication code of their chunk was checked. The last chunk is checked first, as
/// the last: so a file that was cut off at the end of a chunk is refused before anything is read from it, such as the
/// directory of a ZIP file.
package final class AgeSource: ByteSource {
    /// Bytes of content.
    package let byteCount: Int
    /// The key of this file.
    package let fileKey: AgeFileKey
    private let source: any ByteSource
    private let name: String
    private let nonce: [UInt8]
    /// The first chunk begins here.
    private let start: Int
    private let chunkCount: Int
    private let rooms = Mutex<[ChunkRoom]>([])

    /// - Parameter name: The file's name, for messages.
    /// - Throws: `AgeError.header` if the payload has no nonce; `.payload` if its last chunk is missing or was changed;
    ///   `StorageError.io`.
    package init(_ source: any ByteSource, _ header: AgeHeader, _ key: AgeFileKey, name: String) throws {
        start = header.byteCount + AgePayload.nonceByteCount
        guard source.byteCount >= start else { throw AgeError.header("is followed by no content") }
        (self.source, self.name, fileKey) = (source, name, key)
        nonce = try source.bytes(at: header.byteCount, count: AgePayload.nonceByteCount)
        let sealed = source.byteCount - start
        chunkCount = (sealed + AgePayload.sealedChunkByteCount - 1) / AgePayload.sealedChunkByteCount
        let last = sealed - (chunkCount - 1) * AgePayload.sealedChunkByteCount - ChaCha20Poly1305.tagByteCount
        guard chunkCount > 0, last > 0 || last == 0 && chunkCount == 1 else { throw Self.cutOff }
        byteCount = sealed - chunkCount * ChaCha20Poly1305.tagByteCount
        do {
            try withRoom { _ = try $0.chunk(chunkCount - 1, of: self) }
        } catch let error as StorageError where error.code == .damaged {
            throw Self.cutOff
        }
    }

    private static let cutOff = AgeError(
        .payload,
        "the encrypted content was cut off, or its end was changed",
        hint: AgeError.verifyHint
    )

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= byteCount, buffer.count <= byteCount - offset else {
            throw StorageError.endsEarly(name)
        }
        guard !buffer.isEmpty else { return }
        try withRoom { room in
            var done = 0
            while done < buffer.count {
                let (chunk, within) = (offset + done).quotientAndRemainder(dividingBy: AgePayload.chunkByteCount)
                let content = try room.chunk(chunk, of: self)
                let count = min(content.count - within, buffer.count - done)
                UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: content[within..<within + count]))
                done += count
            }
        }
    }

    /// Each thread that reads uses its own room; a room that is free is used again.
    private func withRoom(_ body: (ChunkRoom) throws -> Void) throws {
        let room = try rooms.withLock { $0.popLast() } ?? ChunkRoom(try AgePayload.cipher(fileKey, nonce: nonce))
        defer { rooms.withLock { $0.append(room) } }
        try body(room)
    }

    fileprivate func sealedBytes(of chunk: Int) -> Int {
        min(AgePayload.sealedChunkByteCount, source.byteCount - start - chunk * AgePayload.sealedChunkByteCount)
    }

    /// Reads sealed chunks from `chunk` on, as many as fit.
    fileprivate func readSealed(from chunk: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let offset = chunk * AgePayload.sealedChunkByteCount
        let count = min(buffer.count, source.byteCount - start - offset)
        try source.read(at: start + offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    fileprivate func isLast(_ chunk: Int) -> Bool { chunk == chunkCount - 1 }

    fileprivate func damaged(_ chunk: Int) -> StorageError {
        StorageError(
            .damaged,
            at: FilePlace(name),
            "the encrypted content was changed near byte \(start + chunk * AgePayload.sealedChunkByteCount)",
            hint: "granary verify lists all problems"
        )
    }
}

/// Memory for one reader, which keeps the chunk that it opened last: small reads follow each other.
///
/// `@unchecked Sendable`: a room is taken out of the list of free rooms by one thread, and put back when the read ends.
private final class ChunkRoom: @unchecked Sendable {
    private let cipher: ChaCha20Poly1305
    private let sealed = UnsafeMutableRawBufferPointer.allocate(
        byteCount: AgePayload.sealedChunkByteCount,
        alignment: 16
    )
    private let content = UnsafeMutableRawBufferPointer.allocate(byteCount: AgePayload.chunkByteCount, alignment: 16)
    private var opened: (chunk: Int, count: Int)?

    init(_ cipher: ChaCha20Poly1305) { self.cipher = cipher }

    deinit {
        sealed.deallocate()
        content.deallocate()
    }

    /// The content of a chunk, checked. Valid until the next call.
    ///
    /// - Throws: `StorageError.damaged` if it was changed.
    func chunk(_ chunk: Int, of source: AgeSource) throws -> UnsafeRawBufferPointer {
        if opened?.chunk != chunk {
            opened = nil
            let count = try source.readSealed(from: chunk, into: sealed)
            let room = UnsafeMutableRawBufferPointer(rebasing: content[..<(count - ChaCha20Poly1305.tagByteCount)])
            do {
                try cipher.open(
                    UnsafeRawBufferPointer(rebasing: sealed[..<count]),
                    nonce: AgePayload.nonce(of: chunk, isLast: source.isLast(chunk)),
                    into: room
                )
            } catch {
                throw source.damaged(chunk)
            }
            opened = (chunk, room.count)
        }
        return UnsafeRawBufferPointer(rebasing: content[..<(opened?.count ?? 0)])
    }
}
