internal import Glibc
internal import Storage
internal import SyntheticData

/// Writes generated rows to a file as COPY text. Only the owner may read the file.
enum RowFile {
    /// - Throws: `SeedingError` with `.file` or `.busy`.
    static func append(_ tables: [GeneratedRows], to path: String, jobs: Int) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        // Two processes that append at the same time would mix their rows.
        guard FileLock.take(descriptor) != .busy else {
            throw SeedingError(.busy, "another run is writing \(path)", hint: "try again when it is done")
        }
        for rows in tables {
            try rows.table.render(jobs: jobs) { bytes, _ in
                do {
                    try writeAll(bytes, to: descriptor, name: path)
                } catch {
                    throw problem(path, "\(error)")
                }
            }
        }
    }

    private static func problem(_ path: String, _ reason: String) -> SeedingError {
        SeedingError(.file, "\(path) cannot be written: \(reason)")
    }
}
