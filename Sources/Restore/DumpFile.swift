internal import Archive
internal import Glibc

/// A plain dump on disk, packed with gzip or not, read from its beginning to its end. Never leaves its thread.
final class DumpFile {
    let path: String
    /// Of the file, packed as it is.
    let byteCount: Int
    private let descriptor: CInt
    /// Bytes of the file that were read.
    private(set) var position = 0

    /// - Throws: `ArchiveError.io` when the file cannot be opened.
    init(_ path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        self.path = path
        var status = stat()
        byteCount = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    deinit { close(descriptor) }

    /// What `DumpScript` reads: the text, unpacked.
    func text() throws -> (UnsafeMutableRawBufferPointer) throws -> Int {
        guard path.hasSuffix(".gz") else { return { try self.read($0) } }
        let unpacked = Unpacked(try GzipReader(name: path) { try self.read($0) })
        return { try unpacked.reader.read(into: $0) }
    }

    private final class Unpacked {
        var reader: GzipReader
        init(_ reader: consuming GzipReader) { self.reader = reader }
    }

    private func read(_ memory: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, memory.baseAddress, memory.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path) }
            position += count
            return count
        }
    }

    private static func failure(_ path: String) -> ArchiveError {
        ArchiveError(.io, "\(path): \(String(cString: strerror(errno)))")
    }
}
