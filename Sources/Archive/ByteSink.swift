internal import Glibc
internal import Synchronization

/// Takes the bytes of an archive in order.
package protocol ByteSink: Sendable {
    func append(_ bytes: UnsafeRawBufferPointer) throws
    var byteCount: Int { get }
}

package final class FileSink: ByteSink {
    private struct State { var descriptor: CInt; var count = 0 }
    private let path: String
    private let overwrite: Bool
    private let state: Mutex<State>

    package init(path: String, overwrite: Bool = false) throws {
        self.path = path
        self.overwrite = overwrite
        if !overwrite, access(path, F_OK) == 0 {
            throw ArchiveError(.exists, "\(path) exists", hint: "take another name, or --force")
        }
        let partial = path + ".partial"
        unlink(partial)
        let descriptor = open(partial, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ArchiveError(.io, "\(partial): \(String(cString: strerror(errno)))") }
        state = Mutex(State(descriptor: descriptor))
    }

    package var byteCount: Int { state.withLock(\.count) }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            try writeAll(bytes, to: state.descriptor, name: path)
            state.count += bytes.count
        }
    }

    package func commit() throws {
        try state.withLock { state in
            guard fsync(state.descriptor) == 0 else { throw ArchiveError(.io, "\(path): fsync failed") }
            close(state.descriptor)
            state.descriptor = -1
            guard rename(path + ".partial", path) == 0 else { throw ArchiveError(.io, "\(path): rename failed") }
        }
    }

    package func discard() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            close(state.descriptor)
            state.descriptor = -1
            unlink(path + ".partial")
        }
    }
}

package final class PipeSink: ByteSink {
    private let descriptor: CInt
    private let count = Mutex(0)
    package init(descriptor: CInt) { self.descriptor = descriptor }
    package var byteCount: Int { count.withLock { $0 } }
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try writeAll(bytes, to: descriptor, name: "the output")
        count.withLock { $0 += bytes.count }
    }
}

func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, name: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let written = write(descriptor, piece.baseAddress, piece.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw ArchiveError(.io, "\(name): \(String(cString: strerror(errno)))") }
        rest = rest.dropFirst(written)
    }
}

/// Gives ranges of an archive.
package protocol ByteSource: Sendable {
    var byteCount: Int { get }
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
}

package final class FileSource: ByteSource {
    private let descriptor: CInt
    package let byteCount: Int
    package init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveError(.io, "\(path): \(String(cString: strerror(errno)))") }
        byteCount = Int(lseek(descriptor, 0, SEEK_END))
    }
    deinit { close(descriptor) }
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let got = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            guard got > 0 else { throw ArchiveError(.damaged, "the file ends early") }
            done += got
        }
    }
}
