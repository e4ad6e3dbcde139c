import Glibc

/// The few file operations this module needs, with the path in every error.
enum Files {
    /// The path without symbolic links, or nil where nothing is.
    static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isExecutable(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// The names in a folder; none where there is no folder.
    static func names(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The whole of a small file, or nil if it cannot be read.
    static func text(_ path: String) -> String? {
        bytes(path, from: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    static func size(_ path: String) -> Int {
        var info = stat()
        return stat(path, &info) == 0 ? Int(info.st_size) : 0
    }

    /// The bytes of a file from `offset` on, at most one mebibyte of them, the last ones.
    static func bytes(_ path: String, from offset: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        lseek(file, max(offset, size(path) - 1 << 20), SEEK_SET)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Writes a small file under another name and renames it, so that it is whole or not there.
    ///
    /// - Throws: `LocalServerError` with `.folder`.
    static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        let partial = "\(path).partial"
        unlink(partial)
        let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("write", partial) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let error = failure("write", partial)
                close(file)
                unlink(partial)
                throw error
            }
            written += count
        }
        let synced = fsync(file) == 0
        guard close(file) == 0, synced, rename(partial, path) == 0 else { throw failure("write", path) }
    }

    /// Makes a folder that only its owner may enter, or checks that the one found is such a folder.
    ///
    /// A folder that someone else made under our name could hold their socket, so it is refused rather than used.
    ///
    /// - Throws: `LocalServerError` with `.folder`.
    static func makePrivateFolder(_ path: String, owner: uid_t, group: gid_t) throws {
        if mkdir(path, 0o700) == 0 {
            // mkdir obeys the umask, which may have taken more away than it should.
            guard chmod(path, 0o700) == 0 else { throw failure("make the folder", path) }
            if owner != geteuid() {
                guard lchown(path, owner, group) == 0 else { throw failure("hand over the folder", path) }
            }
            return
        }
        guard errno == EEXIST else { throw failure("make the folder", path) }
        var info = stat()
        guard lstat(path, &info) == 0 else { throw failure("read the folder", path) }
        guard info.st_mode & S_IFMT == S_IFDIR, info.st_uid == owner else {
            throw LocalServerError(
                .folder,
                "\(path) is not a folder of the account that runs the local server",
                hint: "remove it, or have its owner remove it, and try again"
            )
        }
        if info.st_mode & 0o077 != 0 {
            guard chmod(path, 0o700) == 0 else { throw failure("close to others the folder", path) }
        }
    }

    /// Syncs a folder, so that a rename in it survives a power cut.
    static func sync(folder: String) {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    static func failure(_ verb: String, _ path: String) -> LocalServerError {
        let number = errno
        let isForbidden = [EACCES, EPERM, EROFS].contains(number)
        return LocalServerError(
            .folder,
            "cannot \(verb) \(path): \(String(cString: strerror(number)))",
            hint: isForbidden ? "go to a folder that you may write to, or name another database with DATABASE_URL" : nil
        )
    }

    /// 64-bit FNV-1a in hexadecimal: a short name for a long path. See RFC 9923.
    static func shortName(for path: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
