internal import Glibc
internal import Storage

/// The file with the secret of an installation: one line, readable only by its owner.
package struct SealKeyFile: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// The key in the file; nil if there is no such file.
    ///
    /// - Throws: `StorageError.io` for a file that others can read or write, or that holds no key.
    package func read() throws -> SealKey? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            // The folder does not exist or cannot be entered: there is no key.
            guard errno != ENOENT, errno != ENOTDIR, errno != EACCES else { return nil }
            throw StorageError.system(path, "could not be opened")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.io, "\(path) is not a file", hint: "remove it; the next command creates a new one")
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw StorageError(
                .io,
                "\(path) may be known to others, so it proves nothing",
                hint: "remove it, so that a new one is created; archives that it sealed then need --trust"
            )
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count > 0, let text = String(validating: buffer[..<count], as: UTF8.self), let key = SealKey(text) else {
            throw StorageError(.io, "\(path) holds no key", hint: "remove it; the next command creates a new one")
        }
        return key
    }

    /// The key in the file. If there is none, creates it, with its folders.
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
        // If two first backups run at once, one creates the file, and both use it.
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
