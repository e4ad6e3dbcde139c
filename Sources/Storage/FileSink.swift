internal import Glibc
internal import Synchronization

/// A file that gets its name when it is complete. Until then it is `<path>.partial`, readable only by its owner.
///
/// The partial is locked (`flock`) while it is written. So other processes can distinguish it from one that a dead
/// process left behind.
package final class FileSink: ByteSink {
    private struct State {
        /// -1 after the file was committed or discarded.
        var descriptor: CInt
        var count = 0
        /// A write failed, so the file must never get its name.
        var hasFailed = false
    }

    package let path: String
    private let replaces: Bool
    private let state: Mutex<State>
    private var partial: String { path + FileSink.suffix }
    private static let suffix = ".partial"

    /// - Parameter overwrite: Replace an existing file in the end. Otherwise an existing file is an error, now or at
    ///   the commit.
    /// - Throws: `StorageError.exists`; `.busy` if another backup writes under that name; `.io`.
    package init(path: String, overwrite: Bool = false) throws {
        self.path = path
        replaces = overwrite
        try FileSink.requireFree(path, overwrite: overwrite)
        let partial = path + FileSink.suffix
        let descriptor = try FileSink.create(partial)
        do {
            // Another backup may have got the name between the two calls. From here on the partial reserves it.
            try FileSink.requireFree(path, overwrite: overwrite)
        } catch {
            FileSink.remove(partial, descriptor)
            close(descriptor)
            throw error
        }
        state = Mutex(State(descriptor: descriptor))
    }

    /// The first of `stem.ending`, `stem-2.ending` and so on that is free and that no other backup is writing.
    ///
    /// - Throws: `StorageError.busy` if all are taken, `.io`.
    package static func firstFree(stem: String, ending: String) throws -> FileSink {
        for number in 1...1000 {
            do {
                return try FileSink(path: stem + (number > 1 ? "-\(number)" : "") + ending)
            } catch let error as StorageError where error.code == .exists || error.code == .busy {
                continue
            }
        }
        throw StorageError(.busy, "there are a thousand backups named \(stem)", hint: "try again, or give a file name")
    }

    deinit { discard() }

    private static func create(_ partial: String) throws -> CInt {
        for _ in 0..<3 {
            let descriptor = open(partial, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if descriptor >= 0 {
                // Another process may have removed the partial between the two calls. On a file system without locks no
                // process removes partials.
                if FileLock.take(descriptor) != .busy, isNamed(descriptor, partial) { return descriptor }
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
                hint: "wait for it, or use another name"
            )
        }
        throw StorageError.system(partial, "could not be made")
    }

    /// Checks the target name first, so that a conflict is reported before hours of reading: an existing file, or one
    /// that a rename would destroy or fail at.
    ///
    /// - Throws: `StorageError.exists`.
    package static func requireFree(_ path: String, overwrite: Bool) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard overwrite else { throw StorageError.taken(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.exists, "\(path) exists and is not a file", hint: "take another name")
        }
    }

    package var byteCount: Int { state.withLock(\.count) }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            guard state.descriptor >= 0, !state.hasFailed else {
                throw StorageError(
                    .io,
                    "\(partial) cannot be written any more: it is closed, or an earlier write failed"
                )
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

    /// Syncs the bytes, renames the file, and syncs the folder. After this it survives a power cut.
    ///
    /// - Throws: `StorageError.io`, also if an earlier write failed or another program replaced the partial; `.exists`
    ///   if another program took the name meanwhile.
    package func commit() throws {
        try state.withLock { state in
            guard state.descriptor >= 0, !state.hasFailed else {
                throw StorageError(.io, "\(path) was not created: \(partial) could not be written, or was discarded")
            }
            guard fsync(state.descriptor) == 0 else {
                // A second fsync would succeed, because the kernel has forgotten the pages that it could not write.
                state.hasFailed = true
                throw StorageError.system(partial, "could not be synced")
            }
            try takeName(state.descriptor)
            close(state.descriptor)
            state.descriptor = -1
        }
        try syncFolder()
    }

    /// Gives the name to the file that this process wrote, even if the partial's name now belongs to another file.
    private func takeName(_ descriptor: CInt) throws {
        guard FileSink.isNamed(descriptor, partial) else { throw lost() }
        if replaces {
            guard rename(partial, path) == 0 else { throw StorageError.system(path, "could not be named") }
        } else {
            try linkName(descriptor)
        }
        guard FileSink.isNamed(descriptor, path) else { throw lost() }
    }

    /// `link` fails if the name exists, even if it was taken a moment ago; `rename` would replace that file.
    private func linkName(_ descriptor: CInt) throws {
        let isLinked = linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
        if isLinked || (errno != EEXIST && link(partial, path) == 0) {
            FileSink.remove(partial, descriptor)
            return
        }
        if errno == EEXIST { throw StorageError.taken(path) }
        // A file system without hard links. The name was free a moment ago.
        try FileSink.requireFree(path, overwrite: false)
        guard rename(partial, path) == 0 else { throw StorageError.system(path, "could not be named") }
    }

    private func lost() -> StorageError {
        StorageError(
            .io,
            "\(path) was not created: another program removed or replaced \(partial) while it was written",
            hint: "keep other programs out of that folder, and back up again"
        )
    }

    /// Removes the partial if its name still belongs to the file that this process opened.
    private static func remove(_ partial: String, _ descriptor: CInt) {
        if isNamed(descriptor, partial) { unlink(partial) }
    }

    private func syncFolder() throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do {
            try Files.syncFolder(folder.isEmpty ? "/" : folder)
        } catch {
            throw StorageError(error, "could not be synced")
        }
    }

    /// Removes the partial. Does nothing after the commit.
    package func discard() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            FileSink.remove(partial, state.descriptor)
            close(state.descriptor)
            state.descriptor = -1
        }
    }
}

// Partials that other processes left behind.
extension FileSink {
    /// A partial that no process is writing.
    package struct Stale {
        /// The file's name without `.partial`.
        package let name: String
        private let descriptor: CInt

        fileprivate init(_ name: String, _ descriptor: CInt) {
            self.name = name
            self.descriptor = descriptor
        }

        /// Whether the current user owns the file and no other user may read or write it.
        package var isPrivate: Bool {
            var status = stat()
            return fstat(descriptor, &status) == 0 && status.st_uid == geteuid() && status.st_mode & 0o777 == 0o600
        }

        /// At most `count` of its first bytes; nil if it cannot be read.
        package func first(_ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            let count = pread(descriptor, &bytes, count, 0)
            guard count >= 0 else { return nil }
            return Array(bytes[..<count])
        }
    }

    /// Removes the partials in `folder` that no process is writing and for which `isOurs` returns true.
    ///
    /// - Returns: Their names.
    package static func removeStalePartials(in folder: String, where isOurs: (Stale) -> Bool) -> [String] {
        ((try? Files.names(in: folder)) ?? []).filter { name in
            name.hasSuffix(suffix)
                && removeIfStale("\(folder)/\(name)") { isOurs(Stale(String(name.dropLast(suffix.count)), $0)) }
        }
    }

    /// A process loses its locks when it ends, so a partial that can be locked has no writer.
    private static func removeIfStale(_ partial: String, _ isOurs: (CInt) -> Bool = { _ in true }) -> Bool {
        // Non-blocking, because opening a pipe would wait for a writer.
        let descriptor = open(partial, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Another process may have removed it meanwhile, and a new writer may have created one with the same name.
        guard FileLock.take(descriptor) == .held, isNamed(descriptor, partial), isOurs(descriptor) else { return false }
        return unlink(partial) == 0
    }

    /// Whether `path` still names the open file, and that is a regular file.
    private static func isNamed(_ descriptor: CInt, _ path: String) -> Bool {
        var (open, named) = (stat(), stat())
        guard fstat(descriptor, &open) == 0, lstat(path, &named) == 0 else { return false }
        return open.st_ino == named.st_ino && open.st_dev == named.st_dev && open.st_mode & S_IFMT == S_IFREG
    }
}
