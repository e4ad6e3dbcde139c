internal import Glibc
internal import Storage
internal import SyntheticData

/// Generated rows in a file, as COPY text. The file is private to its owner.
enum RowFile {
    /// - Throws: `SeedingError` with `.file`.
    static func append(_ table: GeneratedTable, to path: String, jobs: Int) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem(path) }
        defer { close(descriptor) }
        // Two processes that append at once would interleave their rows.
        guard FileLock.take(descriptor) != .busy else {
            throw SeedingError(.busy, "another run is writing \(path)", hint: "try again when it is done")
        }
        try table.render(jobs: jobs) { bytes, _ in
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest)
                let written = write(descriptor, piece.baseAddress, piece.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw problem(path) }
                rest = rest.dropFirst(written)
            }
        }
    }

    private static func problem(_ path: String) -> SeedingError {
        SeedingError(.file, "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
