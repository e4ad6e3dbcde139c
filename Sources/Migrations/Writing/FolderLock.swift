internal import Glibc
internal import Storage

/// Locks folders whose files are read and then edited, so that no concurrent change is lost.
///
/// The lock is on the folder itself, so it leaves no file behind. Editors ignore it.
package final class FolderLock: Sendable {
    /// How long to wait for another process.
    package static let patience = Duration.seconds(30)

    private let descriptors: [CInt]

    private init(_ descriptors: [CInt]) { self.descriptors = descriptors }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// Waits for the locks of all these folders, and holds them while `body` runs.
    ///
    /// - Throws: `MigrationError` with `.file` for a missing folder, with `.busy` if another process holds a lock
    ///   longer than `patience`; `CancellationError`.
    package static func holding<R>(_ folders: [String], _ body: () throws -> R) throws -> R {
        let lock = try take(folders)
        return try withExtendedLifetime(lock, body)
    }

    /// Takes the locks. They are held until the value is destroyed: keep it alive with `withExtendedLifetime`.
    ///
    /// - Throws: The same errors as `holding`.
    package static func take(_ folders: [String]) throws -> FolderLock {
        var opened: [(descriptor: CInt, device: UInt, inode: UInt, path: String)] = []
        func closing<E: Error>(_ error: E) -> E {
            for one in opened { close(one.descriptor) }
            return error
        }
        for path in folders {
            let descriptor = open(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw closing(missing(path)) }
            var status = stat()
            fstat(descriptor, &status)
            guard !opened.contains(where: { $0.device == UInt(status.st_dev) && $0.inode == UInt(status.st_ino) })
            else {
                close(descriptor)
                continue
            }
            opened.append((descriptor, UInt(status.st_dev), UInt(status.st_ino), path))
        }
        // Always in the same order, so that two processes do not wait for each other.
        opened.sort { ($0.device, $0.inode) < ($1.device, $1.inode) }
        let deadline = ContinuousClock.now + patience
        for one in opened {
            while FileLock.take(one.descriptor) == .busy {
                guard !Task.isCancelled else { throw closing(CancellationError()) }
                guard .now < deadline else { throw closing(busy(one.path)) }
                usleep(10_000)
            }
        }
        return FolderLock(opened.map(\.descriptor))
    }

    private static func missing(_ path: String) -> MigrationError {
        MigrationError(
            .file,
            "there is no folder \(path)",
            hint: "--migrations names the folder of migrations; `granary init` creates one"
        )
    }

    private static func busy(_ path: String) -> MigrationError {
        MigrationError(.busy, "another granary is writing files of \(path)", hint: "try again when it is done")
    }
}
