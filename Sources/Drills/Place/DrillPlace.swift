internal import Archive
internal import Bookkeeping
internal import Databases
internal import LocalServer
internal import Logging
internal import PostgresClient
internal import Project

/// Where the backup is restored: a temporary server, or a database of its own on another server.
struct DrillPlace: Sendable {
    private let options: DrillOptions
    private let manifest: Manifest?
    private let journal: DrillJournal
    private let logger: Logger

    /// The name of the database on a temporary server.
    private static let database = "drill"

    init(_ options: DrillOptions, _ manifest: Manifest?, _ journal: DrillJournal, _ logger: Logger) {
        self.options = options
        self.manifest = manifest
        self.journal = journal
        self.logger = logger
    }

    /// Where to restore.
    struct Target: Sendable {
        var server: ServerAddress
        /// The name of the database.
        var name: String
        /// Whether the database exists, on every node of a cluster, so that the restore fills it in place.
        var isPrepared = false
    }

    /// Passes a server and the name of a database to `body`, and drops both afterwards, or keeps them.
    ///
    /// - Throws: `DrillError.refused`, `.obstacles`, `LocalServerError`, `PostgresError`, errors of `body`.
    func with(_ body: @escaping @Sendable (Target) async throws -> Void) async throws {
        switch options.place {
        case .temporary(let folder, let postgresBin): try await withServer(in: folder, postgresBin, body)
        case .server(let address):
            try await withDatabase(on: try await ServerCheck(options, manifest, logger).run(address), body)
        }
    }

    private func withServer(
        in folder: String,
        _ postgresBin: String?,
        _ body: @escaping @Sendable (Target) async throws -> Void
    ) async throws {
        try await TemporaryServer.with(
            in: folder,
            atLeast: manifest.map { $0.server.versionNumber / 10_000 },
            postgresBin: postgresBin,
            logger: logger,
            keeps: keeps
        ) { server in
            journal.update { report in
                report.server = "a temporary server"
                report.serverVersion = server.version
            }
            try await body(Target(server: ServerAddress(server.url(database: "postgres")), name: Self.database))
            guard keeps(.success(())) else { return }
            journal.update { report in
                report.kept = DrillReport.Kept(
                    database: Self.database,
                    url: server.url(database: Self.database),
                    folder: server.folder,
                    dataFolder: server.dataFolder
                )
            }
        }
    }

    private func withDatabase(
        on server: ServerCheck.Server,
        _ body: @escaping @Sendable (Target) async throws -> Void
    ) async throws {
        journal.update { report in
            report.server = server.host
            report.serverVersion = server.version
        }
        if manifest?.distribution != nil, let cluster = try await ClusterDatabase(of: server.address, logger: logger) {
            return try await withDatabase(on: cluster, server, body)
        }
        let kept = "granary_drilled_\(options.now)_\(String(UInt32.random(in: 1 << 28 ... .max), radix: 16))"
        let keptName = { @Sendable (result: Result<Void, any Error>) in keeps(result) ? kept : nil }
        try await ScratchDatabase.withName(
            server.address,
            for: .drill,
            logger: logger,
            keptName: keptName
        ) { name in
            try await body(Target(server: server.address, name: name))
            guard keeps(.success(())) else { return }
            journal.update { $0.kept = DrillReport.Kept(database: kept) }
        }
    }

    /// The database is not kept, because it would have to be renamed on all nodes.
    private func withDatabase(
        on cluster: ClusterDatabase,
        _ server: ServerCheck.Server,
        _ body: @escaping @Sendable (Target) async throws -> Void
    ) async throws {
        journal.update { $0.notes.append("the database of the drill is on \(cluster.summary)") }
        try await ScratchDatabase.withName(server.address, for: .drill, logger: logger) { name in
            try await cluster.with(name) {
                try await body(Target(server: server.address, name: name, isPrepared: true))
            }
        }
        guard keeps(.success(())) else { return }
        journal.update { $0.notes.append("the database was not kept, because it was on several servers") }
    }

    /// A restore that failed has dropped its database already.
    private func keeps(_ result: Result<Void, any Error>) -> Bool {
        guard options.keepsOnFailure, case .success = result else { return false }
        let report = journal.now
        return !report.findings.isEmpty && report.rtoSeconds != nil
    }
}
