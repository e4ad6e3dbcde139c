internal import Synchronization

/// An object that any thread can read at any offset. Its content is that of the moment when it was opened: if it is
/// replaced, reading fails.
///
/// A request takes a while, so a read fetches more than it needs: what follows, or what precedes the end. The amount grows
/// with the number of reads, and the last few amounts are kept.
package final class ObjectSource: StoredFile {
    private static let firstWindowBytes = 64 << 10
    private static let windowBytesMax = 4 << 20
    private static let windowsMax = 8

    private struct Window {
        var start: Int
        var bytes: [UInt8]
        var end: Int { start + bytes.count }
    }

    private struct Cache {
        /// The one that was used last is the last.
        var windows: [Window] = []
        var nextBytes = ObjectSource.firstWindowBytes
    }

    package let address: ObjectAddress
    package let byteCount: Int
    private let bucket: Bucket
    private let etag: String
    package let modified: Int?
    private let cache = Mutex(Cache())

    /// - Throws: `StorageError.missing`; see `Bucket`.
    init(_ address: ObjectAddress, in bucket: Bucket) throws {
        guard let object = try bucket.object(address.key) else {
            throw StorageError(
                .missing,
                "there is no object \(address)",
                hint: "`granary backups --backups \(address.parent)` lists what is there"
            )
        }
        (self.address, self.bucket) = (address, bucket)
        (byteCount, etag, modified) = (object.byteCount, object.etag, object.modified)
    }

    package var path: String { address.description }

    package var contentTag: String { Bucket.contentTag(etag) }

    /// A replaced object cannot be read, but a store may not know the condition that each request has.
    package var isUnchanged: Bool {
        get throws { try bucket.object(address.key)?.contentTag == contentTag }
    }

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= byteCount, buffer.count <= byteCount - offset else {
            throw StorageError.endsEarly(path)
        }
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let copied = copyKnown(at: offset + done, into: rest)
            if copied == 0, rest.count >= Self.windowBytesMax {
                return try bucket.read(address.key, at: offset + done, into: rest, etag: etag)
            }
            if copied == 0 { try fetch(at: offset + done, count: rest.count) }
            done += copied
        }
    }

    package func readSome(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = max(0, min(buffer.count, byteCount - offset))
        try read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    /// Returns how many bytes were known.
    private func copyKnown(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        cache.withLock { cache in
            guard let index = cache.windows.lastIndex(where: { $0.start <= offset && offset < $0.end }) else {
                return 0
            }
            let window = cache.windows.remove(at: index)
            cache.windows.append(window)
            let count = min(buffer.count, window.end - offset)
            window.bytes.withUnsafeBytes { bytes in
                let start = offset - window.start
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
            }
            return count
        }
    }

    /// Fetches the bytes at `offset`, and more.
    private func fetch(at offset: Int, count: Int) throws {
        let wanted = cache.withLock { cache in
            defer { cache.nextBytes = min(cache.nextBytes * 2, Self.windowBytesMax) }
            return max(cache.nextBytes, count)
        }
        // The directory of an archive stands before its end, which is read first.
        let start = max(0, min(offset, byteCount - wanted))
        let size = min(wanted, byteCount - start)
        let bytes = try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            try bucket.read(address.key, at: start, into: UnsafeMutableRawBufferPointer(buffer), etag: etag)
            filled = size
        }
        cache.withLock { cache in
            if cache.windows.count == Self.windowsMax { cache.windows.removeFirst() }
            cache.windows.append(Window(start: start, bytes: bytes))
        }
    }
}
