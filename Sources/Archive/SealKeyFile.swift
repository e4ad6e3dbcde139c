internal import Glibc
internal import Storage

/// The file that keeps the secret of an installation: one line, for its owner alone.
package struct SealKeyFile: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// The key in it; nil where there is no such file.
    ///
    /// - Throws: `StorageError.io` for a file that others could have read or written, or that holds no key.
    package func read() throws -> SealKey? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            // No folder, or one that is not for us: either way there is no key here.
            guard errno != ENOENT, errno != ENOTDIR, errno != EACCES else { return nil }
            throw StorageError.system(path, "could not be opened")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.io, "\(path) is not a file", hint: "remove it, and a new one is made")
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw StorageError(
                .io,
                "\(path) may be known to others, so it proves nothing",
                hint: "remove it, and a new one is made; archives that it sealed then need --trust"
            )
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count > 0, let text = String(validating: buffer[..<count], as: UTF8.self), let key = SealKey(text) else {
            throw StorageError(.io, "\(path) holds no key", hint: "remove it, and a new one is made")
        }
        return key
    }

    /// The key in it, made first where there is none, with the folders around it.
    ///
    /// - Throws: `StorageError.io`.
    package func readOrMake() throws -> SealKey {
        if let key = try read() { return key }
        try makeFolders()
        let draft = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        let descriptor = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StorageError.system(draft, "could not be made") }
        defer { unlink(draft) }
        do {
            defer { close(descriptor) }
            let line = Array((SealKey.random() + "\n").utf8)
            try line.withUnsafeBytes { try writeAll($0, to: descriptor, name: draft) }
            guard fsync(descriptor) == 0 else { throw StorageError.system(draft, "could not be synced") }
        }
        // Of two first backups at once one is first, and both take what it made.
        guard link(draft, path) == 0 || errno == EEXIST else { throw StorageError.system(path, "could not be named") }
        guard let key = try read() else { throw StorageError(.io, "\(path) cannot be read") }
        return key
    }

    private func makeFolders() throws {
        guard let slash = path.lastIndex(of: "/") else { return }
        do {
            try Files.makeFolders(String(path[..<slash]), mode: 0o700)
        } catch {
            throw StorageError(error, "could not be made")
        }
    }
}
