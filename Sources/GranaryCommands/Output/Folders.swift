internal import Glibc

/// Questions about files, without Foundation.
enum Folders {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    /// Makes the folder if it is not there, for the owner alone: backups hold everything a database holds.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func make(_ path: String) throws {
        if isFolder(path) { return }
        guard mkdir(path, 0o700) == 0 || (errno == EEXIST && isFolder(path)) else {
            throw CommandError(
                .file,
                "cannot make the folder \(path): \(String(cString: strerror(errno)))",
                hint: "make it, or name another with --backups"
            )
        }
    }

    static func joined(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }
}
