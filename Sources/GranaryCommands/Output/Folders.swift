internal import Glibc
internal import Storage

/// Folders that commands make.
enum Folders {
    /// Makes the folder if it is not there, for the owner alone: backups hold everything a database holds.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func make(_ path: String) throws {
        if Files.isFolder(path) { return }
        guard mkdir(path, 0o700) == 0 || (errno == EEXIST && Files.isFolder(path)) else {
            throw CommandError(
                .file,
                "cannot make the folder \(path): \(String(cString: strerror(errno)))",
                hint: "make it, or name another with --backups"
            )
        }
    }
}
