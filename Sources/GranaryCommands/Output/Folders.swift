internal import Glibc
internal import Storage

/// Folders that commands create.
enum Folders {
    /// Creates the folder if it is missing, accessible only for its owner, because backups hold everything in a
    /// database.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func make(_ path: String) throws {
        // A folder of a bucket needs not be made.
        if Files.isFolder(path) || ObjectAddress.isMeant(by: path) { return }
        guard mkdir(path, 0o700) == 0 || (errno == EEXIST && Files.isFolder(path)) else {
            throw CommandError(
                .file,
                "cannot make the folder \(path): \(String(cString: strerror(errno)))",
                hint: "make it, or name another with --backups"
            )
        }
    }

    /// `~/.cache/granary/<name>`, which is created if missing.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func cache(_ name: String, _ variables: [String: String]) throws -> String {
        guard
            let cache = variables["XDG_CACHE_HOME"].flatMap({ $0.hasPrefix("/") ? $0 : nil })
                ?? variables["HOME"].flatMap({ $0.hasPrefix("/") ? "\($0)/.cache" : nil })
        else {
            // Anyone could make a folder in /tmp first.
            throw CommandError(
                .file,
                "there is no folder for temporary servers, because HOME is not set",
                hint: "set HOME or XDG_CACHE_HOME to a folder of this account"
            )
        }
        var folder = cache
        try make(folder)
        for part in ["granary", name] {
            folder = Files.joined(folder, part)
            try make(folder)
        }
        return folder
    }
}
