internal import Glibc
package import Logging
internal import Storage

/// A private PostgreSQL server that exists while a closure runs.
///
///     a new folder, closed to other accounts → its lock → a server in it → body → stopped and deleted
///
/// The lock is held while this process lives. The next run deletes the folders whose lock is free, because their process
/// was killed.
package struct TemporaryServer: Sendable {
    /// It contains the data, unless root starts the server; see `LocalCluster`.
    package let folder: String
    /// PostgreSQL's version, such as `15.18`.
    package let version: String
    let cluster: LocalCluster

    /// The role that owns the server.
    package static let superuser = ClusterSettings.superuser

    /// The connection URL of a database of this server.
    package func url(database: String) -> String { cluster.url(database: database) }

    /// PostgreSQL's data folder.
    package var dataFolder: String { cluster.dataFolder }

    /// Starts a server, passes it to `body`, then stops it and deletes everything.
    ///
    /// - Parameters:
    ///   - parent: The folder for these servers, which is created if missing.
    ///   - major: The oldest version of PostgreSQL to use; the same version is preferred. nil takes the first one found.
    ///   - postgresBin: The folder of PostgreSQL's programs; nil searches for it.
    ///   - keeps: Whether to leave the server running. No later run deletes it then.
    /// - Throws: `LocalServerError`, `CancellationError`, errors of `body`.
    package static func with<R: Sendable>(
        in parent: String,
        atLeast major: Int?,
        postgresBin: String?,
        logger: Logger,
        keeps: (Result<R, any Error>) -> Bool,
        _ body: (TemporaryServer) async throws -> R
    ) async throws -> R {
        do {
            try Files.makeFolders(parent, mode: 0o700)
        } catch {
            throw LocalServerError.cannot("make the folder", error)
        }
        // Whoever can write to it could have any server deleted as a leftover.
        try PrivateFolder.make(parent, owner: geteuid(), group: getegid())
        await removeLeftOvers(in: parent, postgresBin: postgresBin, logger)
        let place = try TemporaryPlace.make(in: parent)
        let (folder, lockFile) = (place.folder, place.lockFile)
        let result: Result<R, any Error>
        do {
            result = .success(
                try await body(try await start(folder, atLeast: major, postgresBin: postgresBin, logger))
            )
        } catch {
            result = .failure(error)
        }
        if keeps(result) {
            place.forgetLock()
        } else {
            // In a new task, because the current one may be cancelled.
            await Task { await remove(folder, lockFile: lockFile, postgresBin: postgresBin, logger) }.value
        }
        _ = consume place
        return try result.get()
    }

    private static func start(
        _ folder: String,
        atLeast major: Int?,
        postgresBin: String?,
        _ logger: Logger
    ) async throws -> TemporaryServer {
        var logger = logger
        // Its location and its creation do not matter to the user.
        if logger.logLevel == .notice { logger.logLevel = .warning }
        let cluster = try LocalCluster.open(
            project: folder,
            postgresBin: postgresBin,
            leastMajor: major,
            database: "postgres",
            logger: logger
        )
        try await cluster.start()
        let version = try await cluster.installation().version
        return TemporaryServer(folder: folder, version: version, cluster: cluster)
    }

    /// Deletes the servers of killed processes. Reports no error, because a new server does not depend on it.
    private static func removeLeftOvers(in parent: String, postgresBin: String?, _ logger: Logger) async {
        for name in Files.visibleNames(in: parent) where name.hasSuffix(TemporaryPlace.lockSuffix) {
            let lockFile = "\(parent)/\(name)"
            guard TemporaryPlace.isName(name) else { continue }
            guard let lock = TemporaryPlace.abandoned(lockFile) else { continue }
            let folder = String(lockFile.dropLast(TemporaryPlace.lockSuffix.count))
            await remove(folder, lockFile: lockFile, postgresBin: postgresBin, logger)
            logger.notice("deleted \(folder), which a killed run had left")
            _ = consume lock
        }
    }

    /// The lock file is removed last, so that an interrupted removal is repeated.
    private static func remove(_ folder: String, lockFile: String, postgresBin: String?, _ logger: Logger) async {
        do {
            if Files.exists(folder) {
                guard !Files.isLink(folder) else { throw LocalServerError.cannot("remove the link", folder) }
                let cluster = try LocalCluster.open(project: folder, postgresBin: postgresBin, logger: logger)
                guard cluster.hasOwnData else {
                    throw LocalServerError(.folder, "\(folder) names data elsewhere, \(cluster.dataFolder)")
                }
                try await cluster.delete()
                guard rmdir(folder) == 0 else { throw LocalServerError.cannot("remove the folder", folder) }
            }
            unlink(lockFile)
        } catch {
            logger.warning("the temporary server in \(folder) could not be deleted; the next run tries again: \(error)")
        }
    }
}

/// The folder of a temporary server, and the lock that shows that its process lives.
private struct TemporaryPlace: ~Copyable {
    static let lockSuffix = ".lock"

    let folder: String
    let lock: InheritedLock

    var lockFile: String { folder + Self.lockSuffix }

    /// Whether a lock file can be that of a temporary server.
    static func isName(_ lockFile: String) -> Bool {
        lockFile.wholeMatch(of: #/[0-9a-f]{16}\.lock/#) != nil
    }

    /// - Throws: `LocalServerError` with `.folder`.
    static func make(in parent: String) throws -> TemporaryPlace {
        guard let parent = Files.resolved(parent) else { throw LocalServerError.cannot("open the folder", parent) }
        while true {
            let folder = "\(parent)/\(String(UInt64.random(in: 1 << 60 ... .max), radix: 16))"
            let lockFile = folder + lockSuffix
            // Between its creation and its lock, another run may have taken the file for a leftover and deleted it.
            guard let lock = try InheritedLock.attempt(lockFile), isThere(lock, lockFile) else { continue }
            try LockHolder.here.write(to: lock)
            try PrivateFolder.make(folder, owner: geteuid(), group: getegid())
            return TemporaryPlace(folder: folder, lock: lock)
        }
    }

    /// The lock of a process that has ended; nil if it lives or may live on another host, or if the file system has no
    /// locks.
    static func abandoned(_ lockFile: String) -> InheritedLock? {
        let descriptor = open(lockFile, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        let lock = InheritedLock(descriptor: descriptor)
        guard FileLock.take(descriptor) == .held, isThere(lock, lockFile),
            LockHolder(ofFile: lockFile)?.mayBeHere ?? true
        else { return nil }
        return lock
    }

    /// Whether the locked file is still the one with this name.
    private static func isThere(_ lock: borrowing InheritedLock, _ path: String) -> Bool {
        var (locked, named) = (stat(), stat())
        return fstat(lock.descriptor, &locked) == 0 && stat(path, &named) == 0 && locked.st_ino == named.st_ino
            && locked.st_dev == named.st_dev
    }

    /// Without its lock file, no later run deletes the folder.
    func forgetLock() { unlink(lockFile) }
}
