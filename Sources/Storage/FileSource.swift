internal import Glibc

/// A file that any thread can read at any offset (`pread`).
package final class FileSource: StoredFile {
    package let path: String
    private let descriptor: CInt
    package let byteCount: Int
    private let changed: timespec
    package let contentTag: String
    /// - Parameters:
    ///   - takesPipes: Also accept a pipe, and copy its content into an unnamed temporary file, so that it can be read
    ///     more than once. Without it only regular files are accepted.
    ///   - followsLinks: Accept a symbolic link.
    /// - Throws: `StorageError.io`; `CancellationError` while a pipe is read.
    package convenience init(path: String, takesPipes: Bool = false, followsLinks: Bool = true) throws {
        // Non-blocking, because opening a pipe would wait for a writer.
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard opened >= 0 else { throw StorageError.system(path, "could not be opened") }
        try self.init(path, opened, takesPipes: takesPipes)
    }

    /// The name of standard input in messages.
    package static let standardInputName = "standard input"

    /// Standard input: a regular file is used directly, and anything else is stored first, like a pipe.
    ///
    /// - Throws: `StorageError.io`, also for a terminal; `CancellationError` while a pipe is read.
    package static func standardInput() throws -> FileSource {
        let name = standardInputName
        guard isatty(STDIN_FILENO) == 0 else {
            throw StorageError(.io, "\(name) is a terminal", hint: "name a file, or pipe one into the command")
        }
        let opened = dup(STDIN_FILENO)
        guard opened >= 0 else { throw StorageError.system(name, "could not be opened") }
        return try FileSource(name, opened, takesPipes: true)
    }

    /// Takes over the descriptor.
    private init(_ path: String, _ opened: CInt, takesPipes: Bool) throws {
        self.path = path
        var status = stat()
        let kind = fstat(opened, &status) == 0 ? status.st_mode & S_IFMT : 0
        let isStream = kind == S_IFIFO || kind == S_IFSOCK || kind == S_IFCHR
        if takesPipes, isStream || lseek(opened, 0, SEEK_CUR) > 0 {
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
        changed = status.st_mtim
        contentTag = Files.contentTag(status)
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

    /// Reads as much as one system call returns. Returns the number of bytes, 0 at the end.
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

    /// Whether the opened file still has the size and the modification time that it had when it was opened.
    package var isUnchanged: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && Int(status.st_size) == byteCount
            && status.st_mtim.tv_sec == changed.tv_sec && status.st_mtim.tv_nsec == changed.tv_nsec
    }

    package var modified: Int? { Int(changed.tv_sec) }
}
