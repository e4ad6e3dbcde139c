internal import Glibc

/// Gives ranges of an archive.
package protocol ByteSource: Sendable {
    var byteCount: Int { get }
    /// Fills `buffer` from `offset` on.
    ///
    /// - Throws: `StorageError.endsEarly` when there are not so many bytes, `.io`.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// A file, read from any place by any thread (`pread`).
package final class FileSource: ByteSource {
    package let path: String
    private let descriptor: CInt
    package let byteCount: Int
    private let modified: timespec
    /// The bytes came through a pipe, so the name tells nothing about them.
    package let wasPipe: Bool

    /// - Parameters:
    ///   - takesPipes: what comes through a pipe is kept in a temporary file without a name, so that it can be read more
    ///     than once; without it only files are taken.
    ///   - followsLinks: without it a symbolic link is refused.
    /// - Throws: `StorageError.io`; `CancellationError` while a pipe is read.
    package init(path: String, takesPipes: Bool = false, followsLinks: Bool = true) throws {
        self.path = path
        // Non-blocking, because a pipe of that name would be waited for.
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard opened >= 0 else { throw StorageError.system(path, "could not be opened") }
        var status = stat()
        let kind = fstat(opened, &status) == 0 ? status.st_mode & S_IFMT : 0
        wasPipe = kind == S_IFIFO
        if wasPipe, takesPipes {
            defer { close(opened) }
            descriptor = try PipeSpool.contents(of: opened, path)
        } else {
            guard kind == S_IFREG else {
                close(opened)
                throw StorageError(.io, "\(path) is not a file", hint: "name an archive")
            }
            descriptor = opened
        }
        fstat(descriptor, &status)
        byteCount = Int(status.st_size)
        modified = status.st_mtim
    }

    deinit { close(descriptor) }

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = try readSome(at: offset + done, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            guard count > 0 else { throw StorageError.endsEarly(path) }
            done += count
        }
    }

    /// Reads what one call of the system brings, and returns how many bytes that is; 0 at the end.
    ///
    /// - Throws: `StorageError.io`.
    package func readSome(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw StorageError.system(path, "could not be read") }
            return count
        }
    }

    /// Whether the opened file still has the size and the time of change that it had when it was opened.
    package var isUnchanged: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && Int(status.st_size) == byteCount
            && status.st_mtim.tv_sec == modified.tv_sec && status.st_mtim.tv_nsec == modified.tv_nsec
    }
}

/// Bytes in memory.
package struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    package var byteCount: Int { bytes.count }

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard offset >= 0, offset <= bytes.count, buffer.count <= bytes.count - offset else {
            throw StorageError.endsEarly("memory")
        }
        buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
    }
}

extension ByteSource {
    /// A small range, copied.
    package func bytes(at offset: Int, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }
}
