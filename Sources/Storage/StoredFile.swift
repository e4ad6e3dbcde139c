internal import Cryptography

/// A file that can be read at any place, wherever it is.
package protocol StoredFile: ByteSource {
    /// How messages name it: a path, or the address of an object.
    var path: String { get }

    /// Reads as many bytes as are there, or as one call returns. Returns the number of bytes, 0 at the end.
    ///
    /// - Throws: `StorageError`.
    func readSome(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Whether it still has the content that it had when it was opened.
    ///
    /// - Throws: `StorageError` if the store does not say it; `CancellationError`.
    var isUnchanged: Bool { get throws }

    /// Another one for another content: the bare ETag of an object; the number, size and time of a file.
    var contentTag: String { get }

    /// When its content was written, in seconds since 1970; nil if the store does not say it.
    var modified: Int? { get }
}

extension StoredFile {
    /// The SHA-256 of all bytes, as 64 hexadecimal digits.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package func sha256() throws -> String {
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while offset < byteCount {
            try Task.checkCancellation()
            let count = min(buffer.count, byteCount - offset)
            try buffer.withUnsafeMutableBytes { buffer in
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                try read(at: offset, into: part)
                hash.update(UnsafeRawBufferPointer(part))
            }
            offset += count
        }
        return Hexadecimal.text(hash.finalize())
    }
}
