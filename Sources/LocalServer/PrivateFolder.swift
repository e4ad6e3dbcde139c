internal import Glibc
internal import Storage

/// Folders that only one account can enter.
enum PrivateFolder {
    /// Creates a folder that only its owner can enter, or checks that an existing folder is like that.
    ///
    /// A folder that another account created under this name could hold a socket of that account, so it is refused.
    ///
    /// - Throws: `LocalServerError` with `.folder`.
    static func make(_ path: String, owner: uid_t, group: gid_t) throws {
        if mkdir(path, 0o700) == 0 {
            // mkdir applies the umask, which may have removed too many rights.
            guard chmod(path, 0o700) == 0 else { throw LocalServerError.cannot("make the folder", path) }
            if owner != geteuid() {
                guard lchown(path, owner, group) == 0 else {
                    throw LocalServerError.cannot("hand over the folder", path)
                }
            }
            return
        }
        guard errno == EEXIST else { throw LocalServerError.cannot("make the folder", path) }
        var info = stat()
        guard lstat(path, &info) == 0 else { throw LocalServerError.cannot("read the folder", path) }
        guard info.st_mode & S_IFMT == S_IFDIR, info.st_uid == owner else {
            throw LocalServerError(
                .folder,
                "\(path) is not a folder of the account that runs the local server",
                hint: "remove it, or have its owner remove it, and try again"
            )
        }
        if info.st_mode & 0o077 != 0 {
            guard chmod(path, 0o700) == 0 else { throw LocalServerError.cannot("close to others the folder", path) }
        }
    }
}

extension LocalServerError {
    /// The failure of the last system call on a path.
    static func cannot(_ verb: String, _ path: String) -> LocalServerError {
        cannot(verb, SystemError.last(path))
    }

    static func cannot(_ verb: String, _ error: SystemError) -> LocalServerError {
        let isForbidden = [EACCES, EPERM, EROFS].contains(error.number)
        return LocalServerError(
            .folder,
            "cannot \(verb) \(error.path): \(error)",
            hint: isForbidden ? "go to a folder that you may write to, or name another database with DATABASE_URL" : nil
        )
    }
}
