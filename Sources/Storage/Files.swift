internal import Glibc

/// Why a system call on a path failed. Each module makes a message from it.
package struct SystemError: Error, Sendable, CustomStringConvertible {
    package let path: String
    /// An `errno`.
    package let number: CInt

    package init(_ path: String, _ number: CInt) {
        self.path = path
        self.number = number
    }

    /// The failure of the last call, from `errno`.
    package static func last(_ path: String) -> SystemError { SystemError(path, errno) }

    /// The system's description, such as `Permission denied`.
    package var description: String { String(cString: strerror(number)) }

    /// Whether the file or folder does not exist.
    package var isMissing: Bool { number == ENOENT || number == ENOTDIR }
}

/// Files and folders by their paths.
package enum Files {
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func isFolder(_ path: String) -> Bool { kind(path) == S_IFDIR }

    /// Whether the path exists and is not a folder.
    package static func isFile(_ path: String) -> Bool { kind(path).map { $0 != S_IFDIR } ?? false }

    /// Whether the path is a regular file, or a link to one.
    package static func isRegular(_ path: String) -> Bool { kind(path) == S_IFREG }

    package static func isExecutable(_ path: String) -> Bool { isRegular(path) && access(path, X_OK) == 0 }

    package static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    private static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Size in bytes; 0 if there is no file.
    package static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Seconds since 1970 of its last change; 0 if there is no file.
    package static func modified(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_mtim.tv_sec) : 0
    }

    /// Another one for another content of a file; nil if there is none. See `StoredFile.contentTag`.
    static func contentTag(_ path: String) -> String? {
        var status = stat()
        return stat(path, &status) == 0 ? contentTag(status) : nil
    }

    static func contentTag(_ status: stat) -> String {
        let time = status.st_mtim
        return "\(status.st_dev)-\(status.st_ino)-\(status.st_size)-\(time.tv_sec).\(time.tv_nsec)"
    }

    package static func joined(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// The path with all links resolved; nil if it does not exist.
    package static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    package static func currentFolder() throws(SystemError) -> String {
        guard let found = getcwd(nil, 0) else { throw .last(".") }
        defer { free(found) }
        return String(cString: found)
    }
}

// Reading.
extension Files {
    /// The names in a folder, sorted byte by byte, independently of the locale.
    package static func names(in folder: String) throws(SystemError) -> [String] {
        guard let stream = opendir(folder) else { throw .last(folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(cString: $0.assumingMemoryBound(to: CChar.self).baseAddress!)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The names that do not begin with a dot; empty if the folder cannot be read.
    package static func visibleNames(in folder: String) -> [String] {
        ((try? names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }
    }

    /// All bytes of a file from `offset` on.
    ///
    /// - Parameter onlyRegular: Refuse anything but a regular file. Opening a pipe, for example, would wait for a
    ///   writer.
    package static func bytes(
        of path: String,
        from offset: Int = 0,
        onlyRegular: Bool = false
    ) throws(SystemError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | (onlyRegular ? O_NONBLOCK : 0))
        guard file >= 0 else { throw .last(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .last(path) }
        let kind = status.st_mode & S_IFMT
        guard !onlyRegular || kind == S_IFREG else { throw SystemError(path, kind == S_IFDIR ? EISDIR : EINVAL) }
        if offset > 0 { lseek(file, off_t(offset), SEEK_SET) }
        // One byte more than expected, so that the end of the file is seen without growing the buffer.
        return try readAll(file, path, expected: max(Int(status.st_size) - offset, 0) + 1)
    }

    /// All bytes of a file with its mode, both of the same opened file.
    package static func bytesAndMode(of path: String) throws(SystemError) -> (bytes: [UInt8], mode: UInt32) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .last(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .last(path) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw SystemError(path, EISDIR) }
        return (try readAll(file, path, expected: max(Int(status.st_size), 0) + 1), status.st_mode)
    }

    private static func readAll(_ file: CInt, _ path: String, expected: Int) throws(SystemError) -> [UInt8] {
        // Files of the kernel, such as those in /proc, have no size.
        var bytes = [UInt8](repeating: 0, count: expected > 1 ? expected : 4096)
        var filled = 0
        while true {
            if filled == bytes.count { bytes.append(contentsOf: repeatElement(0, count: bytes.count)) }
            let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + filled, $0.count - filled) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last(path) }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// The text of a small file. Bytes that are not UTF-8 are replaced.
    package static func text(of path: String) throws(SystemError) -> String {
        String(decoding: try bytes(of: path), as: UTF8.self)
    }
}

// Writing.
extension Files {
    /// Creates a file that must not exist. A failure leaves no file.
    package static func create(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o666) throws(SystemError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw .last(path) }
        defer { close(file) }
        do throws(SystemError) {
            try write(bytes, to: file, path)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Overwrites an existing file in place.
    package static func overwrite(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o666) throws(SystemError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw .last(path) }
        defer { close(file) }
        try write(bytes, to: file, path)
    }

    /// Replaces the content of a file completely or not at all: a new file takes its name.
    ///
    /// - Parameter mode: For a new file; an existing one keeps its mode.
    package static func replace(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
        // A link stays a link, and the file that it points to is replaced.
        let place = resolved(path) ?? path
        var status = stat()
        let mode = stat(place, &status) == 0 ? status.st_mode & 0o777 : mode
        var template = Array("\(place).XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw .last(path) }
        let draft = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do throws(SystemError) {
            defer { close(file) }
            try write(bytes, to: file, path)
            guard fchmod(file, mode) == 0, fsync(file) == 0 else { throw SystemError.last(path) }
            guard rename(draft, place) == 0 else { throw SystemError.last(path) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    private static func write(_ bytes: [UInt8], to file: CInt, _ path: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last(path) }
            written += count
        }
    }

    /// Creates a folder and its missing parents.
    ///
    /// - Returns: The folders that were created, the outermost first. A failure removes all of them.
    @discardableResult
    package static func makeFolders(_ path: String, mode: UInt32) throws(SystemError) -> [String] {
        var made: [String] = []
        var folder = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            folder = folder.isEmpty ? String(part) : joined(folder, String(part))
            guard !isFolder(folder) else { continue }
            if mkdir(folder, mode) == 0 {
                made.append(folder)
            } else if errno != EEXIST || !isFolder(folder) {
                let error = SystemError.last(folder)
                for one in made.reversed() { rmdir(one) }
                throw error
            }
        }
        return made
    }

    /// Syncs a folder, so that a new name in it survives a power cut.
    ///
    /// Some network file systems cannot sync a folder, and do not need it.
    package static func syncFolder(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .last(path) }
    }
}
