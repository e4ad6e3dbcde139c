internal import Glibc

/// Stores the content of a pipe, so that it can be checked before it is used.
enum PipeSpool {
    /// - Returns: A descriptor of an unnamed file, which disappears with the process.
    /// - Throws: `StorageError.io`; `CancellationError`.
    static func contents(of pipe: CInt, _ path: String) throws -> CInt {
        let folder = folder
        let file = try create(in: folder)
        do {
            try copy(pipe, to: file, path, folder)
            return file
        } catch {
            close(file)
            throw error
        }
    }

    /// `/tmp` is in memory on many systems, `/var/tmp` never.
    private static var folder: String {
        if let named = getenv("TMPDIR").map({ String(cString: $0) }), !named.isEmpty { return named }
        return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp"
    }

    private static func create(in folder: String) throws -> CInt {
        let name = "\(folder)/granary-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        let file = open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw StorageError.system("a temporary file in \(folder)", "could not be made") }
        unlink(name)
        return file
    }

    private static func copy(_ pipe: CInt, to file: CInt, _ path: String, _ folder: String) throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { memory.deallocate() }
        while true {
            try Task.checkCancellation()
            var ready = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 100) > 0 else { continue }
            let count = read(pipe, memory.baseAddress, memory.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count >= 0 else { throw StorageError.system(path, "could not be read") }
            guard count > 0 else { return }
            do {
                try writeAll(UnsafeRawBufferPointer(rebasing: memory[..<count]), to: file, name: folder)
            } catch var error as StorageError {
                error.hint = "input from a pipe is stored there first: free some space, or set TMPDIR to another folder"
                throw error
            }
        }
    }
}
