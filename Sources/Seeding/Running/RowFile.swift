internal import Glibc
internal import Storage
internal import SyntheticData

/// `--output`: a file for generated rows as COPY text, to which they are appended. Only the owner may read it.
///
/// The file is opened before any other work, so that a path that cannot be written is reported at once. If the run
/// fails, a file that it has created is removed.
struct RowFile: ~Copyable {
    private let descriptor: CInt
    private let path: String
    private let isNew: Bool
    private var isComplete = false

    /// - Throws: `SeedingError` with `.file` or `.busy`.
    init(_ path: String) throws(SeedingError) {
        let isNew = !Files.exists(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.problem(path, String(cString: strerror(errno))) }
        // Two processes that append at the same time would mix their rows.
        guard FileLock.take(descriptor) != .busy else {
            close(descriptor)
            throw SeedingError(.busy, "another run is writing \(path)", hint: "try again when it is done")
        }
        self.descriptor = descriptor
        self.path = path
        self.isNew = isNew
    }

    deinit {
        if isNew, !isComplete { unlink(path) }
        close(descriptor)
    }

    /// - Throws: `SeedingError` with `.file`.
    mutating func append(_ tables: [GeneratedRows], jobs: Int) throws {
        let (descriptor, path) = (descriptor, path)
        for rows in tables {
            try rows.table.render(jobs: jobs) { bytes, _ in
                do {
                    try writeAll(bytes, to: descriptor, name: path)
                } catch {
                    throw Self.problem(path, "\(error)")
                }
            }
        }
        isComplete = true
    }

    private static func problem(_ path: String, _ reason: String) -> SeedingError {
        SeedingError(.file, "\(path) cannot be written: \(reason)")
    }
}
