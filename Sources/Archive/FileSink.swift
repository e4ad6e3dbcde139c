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
    }

    private let path: String
    private let replaces: Bool
    private let state: Mutex<State>
    private var partial: String { path + FileSink.suffix }
    private static let suffix = ".partial"

    /// - Parameter overwrite: replaces a file of that name in the end; otherwise one is an error, now or then.
    /// - Throws: `ArchiveError.exists`, `.io`.
    package init(path: String, overwrite: Bool = false) throws {
        self.path = path
        replaces = overwrite
        if !overwrite, access(path, F_OK) == 0 { throw FileSink.taken(path) }
        state = Mutex(State(descriptor: try FileSink.create(path + FileSink.suffix)))
    }

    deinit { discard() }

    private static func create(_ partial: String) throws -> CInt {
        for _ in 0..<2 {
            let descriptor = open(partial, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if descriptor >= 0 {
                flock(descriptor, LOCK_EX | LOCK_NB)
                return descriptor
            }
            guard errno == EEXIST, removeIfStale(partial) else { break }
        }
        guard errno != EEXIST else {
            throw ArchiveError(
                .exists,
                "another backup is writing \(partial)",
                hint: "wait for it, or take another name"
            )
        }
        throw ArchiveError.system(partial, "could not be made")
    }

    private static func taken(_ path: String) -> ArchiveError {
        ArchiveError(.exists, "\(path) exists already", hint: "take another name, or replace it with --force")
    }

    package var byteCount: Int { state.withLock(\.count) }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            precondition(state.descriptor >= 0, "the file was committed or discarded")
            try writeAll(bytes, to: state.descriptor, name: partial)
            state.count += bytes.count
        }
    }

    /// Syncs the bytes, gives the file its name, and syncs the folder: after this it survives a power cut.
    package func commit() throws {
        try state.withLock { state in
            guard state.descriptor >= 0 else { return }
            guard fsync(state.descriptor) == 0 else { throw ArchiveError.system(partial, "could not be synced") }
            try takeName()
            close(state.descriptor)
            state.descriptor = -1
        }
        try syncFolder()
    }

    /// A hard link is refused where the name is taken, however late someone took it; a rename would replace it.
    private func takeName() throws {
        if !replaces {
            if link(partial, path) == 0 {
                unlink(partial)
                return
            }
            if errno == EEXIST { throw FileSink.taken(path) }
            // A file system without hard links: the name was free a moment ago.
            if access(path, F_OK) == 0 { throw FileSink.taken(path) }
        }
        guard rename(partial, path) == 0 else { throw ArchiveError.system(path, "could not be named") }
    }

    private func syncFolder() throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveError.system(folder, "could not be synced") }
        defer { close(descriptor) }
        // Some network file systems cannot sync a folder, and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw ArchiveError.system(folder, "could not be synced")
        }
    }

    /// Takes the partial away. Does nothing once the file has its name.
    package func discard() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            unlink(partial)
            close(state.descriptor)
            state.descriptor = -1
        }
    }
}

// What others left behind.
extension FileSink {
    /// Removes partials of ours in `folder` that nobody writes any more; returns their names.
    package static func removeStalePartials(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(cString: $0.assumingMemoryBound(to: CChar.self).baseAddress!)
            }
            if [".zip", ".sql", ".sql.gz"].contains(where: { name.hasSuffix($0 + suffix) }) { names.append(name) }
        }
        return names.sorted().filter { removeIfStale("\(folder)/\($0)") }
    }

    /// The lock of a process goes with it, so a partial that can be locked has no writer.
    private static func removeIfStale(_ partial: String) -> Bool {
        let descriptor = open(partial, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
        return unlink(partial) == 0
    }
}
