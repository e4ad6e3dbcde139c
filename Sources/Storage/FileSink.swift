internal import Basics
internal import Glibc
internal import Synchronization

/// A file that gets its name when it is whole: until then it is `<path>.partial`, for its owner alone.
///
/// The partial is locked (`flock`) while it is written, so that others can tell one in the making from one that was
/// left behind by a process that is no more.
package final class FileSink: ByteSink {
    private struct State {
        /// -1 when the file has been committed or discarded.
        var descriptor: CInt
        var count = 0
        /// Bytes are missing in it, so it never gets its name.
        var hasFailed = false
    }

    package let path: String
    private let replaces: Bool
    private let state: Mutex<State>
    private var partial: String { path + FileSink.suffix }
    private static let suffix = ".partial"

    /// - Parameter overwrite: replaces a file of that name in the end; otherwise one is an error, now or then.
    /// - Throws: `StorageError.exists`, `.busy` when another backup writes under that name, `.io`.
    package init(path: String, overwrite: Bool = false) throws {
        self.path = path
        replaces = overwrite
        try FileSink.requireFree(path, overwrite: overwrite)
        let partial = path + FileSink.suffix
        let descriptor = try FileSink.create(partial)
        do {
            // Another backup may have got its name between the two: from here on the partial reserves the name.
            try FileSink.requireFree(path, overwrite: overwrite)
        } catch {
            FileSink.remove(partial, descriptor)
            close(descriptor)
            throw error
        }
        state = Mutex(State(descriptor: descriptor))
    }

    /// The first of `stem.ending`, `stem-2.ending` and so on that is free and that no other backup writes.
    ///
    /// - Throws: `StorageError.busy` when there is none, `.io`.
    package static func firstFree(stem: String, ending: String) throws -> FileSink {
        for number in 1...1000 {
            do {
                return try FileSink(path: stem + (number > 1 ? "-\(number)" : "") + ending)
            } catch let error as StorageError where error.code == .exists || error.code == .busy {
                continue
            }
        }
        throw StorageError(.busy, "a thousand backups are named \(stem)", hint: "try again, or name a file")
    }

    deinit { discard() }

    private static func create(_ partial: String) throws -> CInt {
        for _ in 0..<3 {
            let descriptor = open(partial, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if descriptor >= 0 {
                // Whoever cleans up may have been there between the two calls; a file system without locks has nobody
                // who cleans up.
                if FileLock.lock(descriptor) != .busy, isNamed(descriptor, partial) { return descriptor }
                close(descriptor)
                errno = EEXIST
                continue
            }
            guard errno == EEXIST else { break }
            _ = removeIfStale(partial)
            errno = EEXIST
        }
        guard errno != EEXIST else {
            throw StorageError(
                .busy,
                "another backup is writing \(partial)",
                hint: "wait for it, or take another name"
            )
        }
        throw StorageError.system(partial, "could not be made")
    }

    /// Said before hours of reading, not after: a taken name, and one that a rename would destroy or fail at.
    private static func requireFree(_ path: String, overwrite: Bool) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard overwrite else { throw taken(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.exists, "\(path) is there and is not a file", hint: "take another name")
        }
    }

    private static func taken(_ path: String) -> StorageError {
        StorageError(.exists, "\(path) exists already", hint: "take another name, or replace it with --force")
    }

    package var byteCount: Int { state.withLock(\.count) }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            guard state.descriptor >= 0, !state.hasFailed else {
                throw StorageError(.io, "\(partial) takes no more bytes: it was closed, or could not be written before")
            }
            do {
                try writeAll(bytes, to: state.descriptor, name: partial)
            } catch {
                state.hasFailed = true
                throw error
            }
            state.count += bytes.count
        }
    }

    /// Syncs the bytes, gives the file its name, and syncs the folder: after this it survives a power cut.
    ///
    /// - Throws: `StorageError.io`, also where an earlier write failed or another program replaced the partial; `.exists` when
    ///   another program took the name meanwhile.
    package func commit() throws {
        try state.withLock { state in
            guard state.descriptor >= 0, !state.hasFailed else {
                throw StorageError(.io, "\(path) gets no file: \(partial) could not be written, or was discarded")
            }
            guard fsync(state.descriptor) == 0 else {
                // Asked again, the system would call it well: it has forgotten the pages it could not write.
                state.hasFailed = true
                throw StorageError.system(partial, "could not be synced")
            }
            try takeName(state.descriptor)
            close(state.descriptor)
            state.descriptor = -1
        }
        try syncFolder()
    }

    /// What gets the name is the file that we wrote, whatever has the partial's name by now.
    private func takeName(_ descriptor: CInt) throws {
        guard FileSink.isNamed(descriptor, partial) else { throw lost() }
        if replaces {
            guard rename(partial, path) == 0 else { throw StorageError.system(path, "could not be named") }
        } else {
            try linkName(descriptor)
        }
        guard FileSink.isNamed(descriptor, path) else { throw lost() }
    }

    /// A hard link is refused where the name is taken, however late someone took it; a rename would replace it.
    private func linkName(_ descriptor: CInt) throws {
        let isLinked = linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
        if isLinked || (errno != EEXIST && link(partial, path) == 0) {
            FileSink.remove(partial, descriptor)
            return
        }
        if errno == EEXIST { throw FileSink.taken(path) }
        // A file system without hard links: the name was free a moment ago.
        try FileSink.requireFree(path, overwrite: false)
        guard rename(partial, path) == 0 else { throw StorageError.system(path, "could not be named") }
    }

    private func lost() -> StorageError {
        StorageError(
            .io,
            "\(path) gets no file: another program has removed or replaced \(partial) while it was written",
            hint: "keep other programs out of that folder, and back up again"
        )
    }

    /// Takes the partial away, if that is still the file that we opened.
    private static func remove(_ partial: String, _ descriptor: CInt) {
        if isNamed(descriptor, partial) { unlink(partial) }
    }

    private func syncFolder() throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.system(folder, "could not be synced") }
        defer { close(descriptor) }
        // Some network file systems cannot sync a folder, and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw StorageError.system(folder, "could not be synced")
        }
    }

    /// Takes the partial away. Does nothing once the file has its name.
    package func discard() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            FileSink.remove(partial, state.descriptor)
            close(state.descriptor)
            state.descriptor = -1
        }
    }
}

// What others left behind.
extension FileSink {
    /// Removes partials of ours in `folder` that no process writes any more, and returns their names.
    ///
    /// - Parameter isOurs: the folder holds backups, so that the usual names are enough. Elsewhere, and under another
    ///   name, a partial must also be for its owner alone and begin as a backup does.
    package static func removeStalePartials(in folder: String, isOurs: Bool = true) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(cString: $0.assumingMemoryBound(to: CChar.self).baseAddress!)
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted().filter { name in
            let isUsual = isOurs && [".zip", ".sql", ".sql.gz"].contains { name.hasSuffix($0 + suffix) }
            return removeIfStale("\(folder)/\(name)") { isUsual || looksLikeOurs($0, name) }
        }
    }

    private static func looksLikeOurs(_ descriptor: CInt, _ name: String) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o777 == 0o600 else {
            return false
        }
        var first = [UInt8](repeating: 0, count: 64)
        let count = pread(descriptor, &first, first.count, 0)
        guard count > 0 else { return count == 0 }
        first.removeSubrange(count...)
        if name.hasSuffix(".sql.gz" + suffix) { return first.starts(with: [0x1F, 0x8B]) }
        // The name of the first member follows 30 bytes of its header.
        let member = first.dropFirst(30)
        let isArchive =
            first.starts(with: Array("PK".utf8) + [3, 4])
            && ["data/", "large-objects/", "schema/"].contains { member.starts(with: $0.utf8) }
        return isArchive || first.starts(with: "-- A plain dump of the PostgreSQL database ".utf8)
    }

    /// The lock of a process goes with it, so a partial that can be locked has no writer.
    private static func removeIfStale(_ partial: String, _ isOurs: (CInt) -> Bool = { _ in true }) -> Bool {
        // Non-blocking, because a pipe of that name would be waited for.
        let descriptor = open(partial, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Another cleaner may have removed it meanwhile, and another writer have begun one of the same name.
        guard FileLock.lock(descriptor) == .held, isNamed(descriptor, partial), isOurs(descriptor) else { return false }
        return unlink(partial) == 0
    }

    /// Whether `path` is still the name of the open file, and the file a regular one.
    private static func isNamed(_ descriptor: CInt, _ path: String) -> Bool {
        var (open, named) = (stat(), stat())
        guard fstat(descriptor, &open) == 0, lstat(path, &named) == 0 else { return false }
        return open.st_ino == named.st_ino && open.st_dev == named.st_dev && open.st_mode & S_IFMT == S_IFREG
    }
}
