internal import Glibc

/// Gives ranges of an archive.
package protocol ByteSource: Sendable {
    var byteCount: Int { get }
    /// Fills `buffer` from `offset` on.
    ///
    /// - Throws: `ArchiveError.damaged` when there are not so many bytes, `.io`.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// A file, read from any place by any thread (`pread`).
package final class FileSource: ByteSource {
    private let path: String
    private let descriptor: CInt
    package let byteCount: Int

    package init(path: String) throws {
        self.path = path
        // Non-blocking, because a pipe of that name would be waited for.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ArchiveError.system(path, "could not be opened") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ArchiveError(.io, "\(path) is not a file", hint: "name an archive")
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ArchiveError.system(path, "could not be read") }
            guard count > 0 else { throw ArchiveError.damaged(path, "the file ends early") }
            done += count
        }
    }
}

extension ByteSource {
    /// A small range, copied.
    func bytes(at offset: Int, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }
}
