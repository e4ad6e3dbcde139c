// A private PostgreSQL server for projects without a database.
//
// open    the project's `.granary/cluster`, if there is one → where the data and the socket are
// start   one command at a time: create the cluster → running? → remove a stale pid file → pg_ctl → wait for an answer
// → create the database
// stop    asks the postmaster for a fast shutdown, and waits until it has ended
//
// cluster (the data of one server) · postmaster (its first process) · record (the content of `.granary/cluster`)

internal import Glibc
package import Logging
internal import Storage

/// The local server of one project: a cluster on a Unix socket that only the calling account can reach.
///
/// For an ordinary user the data are in `.granary/server/data`. For root the server runs as the account `postgres`, and
/// the data are in `/var/lib/granary` (or the folder in `GRANARY_SERVER_FOLDER`), which that account can enter.
package struct LocalCluster: Sendable {
    let place: ClusterPlace
    /// Whether a cluster of this project is recorded, so that its data must exist.
    let isRecorded: Bool
    let account: ServerAccount
    let search: PostgresInstallation.Search
    let logger: Logger
    /// The database that `start` creates if it is missing.
    package let database: String
    /// The oldest version to create the cluster with; nil takes the first that is found.
    let leastMajor: Int?

    /// Whether the project has a local server, running or not.
    package static func exists(project: String) -> Bool {
        // A record that cannot be read belongs to another account. `open` reports that, so this must not report "no
        // database given".
        access("\(project)/.granary/cluster", F_OK) == 0 || errno == EACCES
    }

    /// Whether `stop` has stopped it, and nothing has started it since. Then only a command that names the local server
    /// may start it.
    package static func isStopped(project: String) -> Bool { Files.exists("\(project)/.granary/stopped") }

    /// Looks the cluster up, without creating or starting anything.
    ///
    /// - Parameters:
    ///   - project: The project folder, with or without `.granary/`.
    ///   - postgresBin: The folder of `initdb`, `pg_ctl` and `postgres`; nil to search for it.
    ///   - leastMajor: The oldest version of PostgreSQL to create the cluster with; nil takes the first that is found.
    ///   - shared: The folder for the data of clusters created by root.
    /// - Throws: `LocalServerError` with `.folder` or `.account`.
    package static func open(
        project: String,
        postgresBin: String? = nil,
        leastMajor: Int? = nil,
        database: String = "granary",
        shared: String = getenv("GRANARY_SERVER_FOLDER").map { String(cString: $0) } ?? "/var/lib/granary",
        logger: Logger
    ) throws -> LocalCluster {
        guard let resolved = Files.resolved(project) else {
            throw LocalServerError.cannot("open the project folder", project)
        }
        let account = try ServerAccount.forCaller()
        let record = try record(of: resolved)
        if let record, record.owner != geteuid() {
            let owner = ServerAccount.entry(userID: record.owner)?.name ?? "the user id \(record.owner)"
            throw LocalServerError(
                .account,
                "the local server of \(resolved) belongs to \(owner)",
                hint: "run granary as \(owner), or move \(resolved)/.granary away to start with an empty server"
            )
        }
        return LocalCluster(
            place: try ClusterPlace(project: resolved, record: record, account: account, shared: shared),
            isRecorded: record != nil,
            account: account,
            search: PostgresInstallation.Search(explicitFolder: postgresBin),
            logger: logger,
            database: database,
            leastMajor: leastMajor
        )
    }

    /// Whether the data are where a cluster of this project is created, and not elsewhere, as a record may say.
    var hasOwnData: Bool {
        place.data.hasPrefix("\(place.project)/")
            || place.dataParent.hasSuffix("/\(FNV1a.digits(of: place.project))")
    }

    /// PostgreSQL's data folder.
    package var dataFolder: String { place.data }

    /// The connection URL of the database, valid once the server has been started.
    package var url: String { url(database: database) }

    /// The connection URL of any database of this server. It includes the port, so that `PGPORT` has no effect.
    package func url(database: String) -> String {
        "postgresql:///\(PercentEncoding.encoded(database))?host=\(PercentEncoding.encoded(place.socket))&port=\(ClusterPlace.port)"
            + "&user=\(ClusterSettings.superuser)"
    }

    private static func record(of project: String) throws -> ClusterRecord? {
        let folder = "\(project)/.granary"
        let file = "\(folder)/cluster"
        let text: String
        do {
            text = try Files.text(of: file)
        } catch {
            if error.isMissing { return nil }
            throw LocalServerError(
                .account,
                "cannot read \(file): \(error)",
                hint: "the local server belongs to another account: run granary as that account"
            )
        }
        guard let record = ClusterRecord(text: text) else {
            throw LocalServerError(
                .folder,
                "\(file) is not understood",
                hint: "move \(folder) away to start with an empty server"
            )
        }
        // A copy of a project folder contains the record too, and must not use the server of the original. If the
        // original is gone, the folder was moved, and the server belongs to the new one.
        if record.project != project, Files.exists("\(record.project)/.granary/cluster") { return nil }
        return record
    }

    /// Allows one command at a time to change the cluster.
    ///
    /// - Throws: `LocalServerError` with `.busy` after ten minutes, and errors of `body`.
    func withCommandLock<R>(_ body: () async throws -> R) async throws -> R {
        try PrivateFolder.make(place.folder, owner: geteuid(), group: getegid())
        let lock = try await InheritedLock.wait(for: place.commandLock, within: .seconds(600)) {
            logger.debug("another command is busy with the local server; waiting")
        }
        guard let lock else {
            throw LocalServerError(
                .busy,
                "another granary command has been busy with the local server for ten minutes",
                hint: "`granary server status` shows its state"
            )
        }
        let result = try await body()
        _ = consume lock
        return result
    }
}
