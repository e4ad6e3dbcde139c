internal import Archive
internal import Bookkeeping
internal import Citus
package import Logging
package import PostgresClient
internal import Storage

/// A backup, from the snapshot to the finished file.
///
///     the leader takes a snapshot and keeps it open
///     pg_dump describes the schema and workers read the rows, all in that snapshot
///     each chunk of rows is appended to the archive when it is complete
///     the manifest lists the content, and then the file gets its name
package struct BackupRun: Sendable {
    let options: BackupOptions
    let server: ServerAddress
    let logger: Logger
    let progress: @Sendable (BackupProgress) -> Void

    package init(
        _ options: BackupOptions,
        server: ServerAddress,
        logger: Logger,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) {
        self.options = options
        self.server = server
        self.logger = logger
        self.progress = progress
    }

    /// - Throws: `BackupError`, `PostgresError`, `ArchiveError`, `CancellationError`. No file with the final name
    ///   remains.
    package func run() async throws -> BackupReport {
        _ = try compression  // An invalid level is reported before the server is asked anything.
        let start = ContinuousClock.now
        var attempt = 1
        while true {
            let output = try BackupOutput(options)
            do {
                let (manifest, notes) = try await output.givenUpWithTask {
                    try await options.format == .zip ? archive(to: output) : plainDump(to: output)
                }
                let sha256 = try output.commit()
                var report = report(manifest, output, seconds: (.now - start) / .seconds(1))
                report.notes += notes
                if let path = output.path, let sha256, options.format == .zip {
                    report.notes += describe(manifest, path, output, sha256)
                }
                return report
            } catch let error as BackupError
                where error.isWorthAnotherAttempt && output.canStartOver
                && (.now - start < options.lockTimeout || error.code == .changing && attempt < 4)
            {
                output.discard()
                progress(.restarted(error.message))
                logger.debug("attempt \(attempt): \(error.message)")
                // A random delay, so that attempts do not coincide with changes made at regular intervals.
                try await Task.sleep(for: .milliseconds(Int.random(in: 100...200) * min(attempt, 5)))
                attempt += 1
            } catch {
                output.discard()
                throw BackupError.conflict(error) ?? error
            }
        }
    }

    /// Writes the sidecar. Returns why that failed; the backup is there all the same.
    private func describe(_ manifest: Manifest, _ path: String, _ output: BackupOutput, _ sha256: String) -> [String] {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var sidecar = Sidecar(
            file: name,
            bytes: output.bytes,
            sha256: sha256,
            isEncrypted: options.audience != nil,
            manifest
        )
        if ObjectAddress.isMeant(by: path) {
            (sidecar.address, sidecar.etag) = (path, output.etag)
            sidecar.serverSideEncryption = options.upload.serverSideEncryption
            sidecar.kmsKey = options.upload.kmsKey
        }
        sidecar.lockedUntil = options.upload.retention.map { UTCTime.extended($0.until) }
        let place = path + Sidecar.ending
        do {
            try SidecarFile.write(sidecar, beside: path, sealedBy: options.sealKey, in: options.stores)
            return []
        } catch let error as StorageError where error.code == .exists {
            return ["\(place) is another file, or cannot be read, so the backup has no description beside it"]
        } catch {
            return ["the description of the backup, \(place), could not be written: \(error)"]
        }
    }
}

// Writing the archive.
extension BackupRun {
    private func archive(to output: BackupOutput) async throws -> (Manifest, notes: [String]) {
        progress(.phase("taking the snapshot"))
        let writer = ArchiveWriter(sink: output.sink)
        var (manifest, notes) = try await withSnapshot { snapshot in
            (try await read(snapshot, into: writer, output), snapshot.notes)
        }
        progress(.phase("finishing the archive"))
        if let folder = options.migrationsFolder {
            for file in try MigrationFiles.read(folder) {
                manifest.files.append(try writer.add("migrations/\(file.path)", file.contents))
            }
        }
        try writer.finish(manifest, sealedBy: options.sealKey)
        return (manifest, notes)
    }

    /// Reads schema and rows at the same time, from one snapshot.
    private func read(
        _ snapshot: ExportedSnapshot,
        into writer: ArchiveWriter,
        _ output: BackupOutput
    ) async throws -> Manifest {
        let plan = BackupPlan(snapshot, jobs: options.jobs, splitBytes: options.splitBytes)
        // What is not compressed may be larger than its rows on disk, where long values are.
        output.expect(bytes: (options.level == 0 ? 2 : 1) * plan.bytes)
        let board = DumpBoard(plan, largeObjects: snapshot.largeObjects)
        progress(.phase("reading schema and rows"))
        progress(.planned(tables: plan.tables.count { $0.kind == .ordinary }, bytes: plan.bytes))
        let schema = try await withThrowingTaskGroup(of: DumpedSchema?.self) { group in
            group.addTask { try await SchemaDump(options, snapshot, logger).run() }
            for _ in 0..<min(options.jobs, plan.jobs.count) {
                group.addTask {
                    try await output.givenUpWithTask { try await work(snapshot, board, writer) }
                    return nil
                }
            }
            var schema = DumpedSchema()
            for try await part in group { schema = part ?? schema }
            return schema
        }
        return try await describe(snapshot, schema, board, writer)
    }

    /// Takes jobs until none is left, with a session on the node of its first job, and then on nodes that have others.
    func work(_ snapshot: ExportedSnapshot, _ board: DumpBoard, _ writer: ArchiveWriter) async throws {
        while let job = board.jobs.first() {
            do {
                try await work(from: job, snapshot, board, writer)
            } catch let error as PostgresError {
                throw snapshot.cluster.map { error.at("node \($0.nodes[job.node].place)") } ?? error
            }
            board.jobs.leave(job.node)
        }
    }

    private func work(
        from first: DumpJob,
        _ snapshot: ExportedSnapshot,
        _ board: DumpBoard,
        _ writer: ArchiveWriter
    ) async throws {
        try await withSession(snapshot.address(ofNode: first.node), logger: logger) { session in
            try TableDump.join(snapshot, node: first.node, &session)
            var dump = try TableDump(
                snapshot,
                board: board,
                writer: writer,
                compression: compression,
                chunkBytes: options.chunkBytes,
                progress: progress
            )
            var next: DumpJob? = first
            while let job = next {
                try dump.run(job, &session)
                next = board.jobs.next(onNode: first.node)
            }
            try session.execute("COMMIT")
        }
    }

    /// Writes the manifest and the readable members.
    private func describe(
        _ snapshot: ExportedSnapshot,
        _ schema: DumpedSchema,
        _ board: DumpBoard,
        _ writer: ArchiveWriter
    ) async throws -> Manifest {
        let roles = snapshot.roles.filter { role in
            snapshotTaker.scope.isWholeDatabase
                || schema.items.contains { $0.owner == role.name || $0.sql.contains(role.name) }
        }
        var manifest = Manifest(snapshot, schema, options)
        manifest.roles = roles.map(\.name)
        manifest.roleDefinitions = roles.map(Manifest.Role.init)
        (manifest.tables, manifest.largeObjects) = board.outcome()
        let described = manifest
        manifest.files = try await withSession(snapshot.address, logger: logger) { session in
            let script = RecoveryScript(manifest: described, isEncrypted: options.audience != nil)
            let distribution = described.distribution.map {
                (MemberName.citus, DistributionStatements($0, session).script)
            }
            return try
                ([
                    (MemberName.roles, RolesScript(roles: roles).text(session)), (MemberName.preData, schema.preData),
                ] + [distribution].compactMap(\.self) + [
                    (MemberName.postData, schema.postData),
                    (MemberName.restore, script.script(session)), (MemberName.readme, script.readme),
                ]).map { try writer.add($0.0, snapshot.codec.bytes($0.1)) }
        }
        return manifest
    }
}

// The snapshot.
extension BackupRun {
    /// Takes the snapshot, and keeps it while `body` reads.
    ///
    /// - Parameter fromNodes: Whether rows that a cluster has on several nodes may be read there.
    /// - Throws: `BackupError`, `PostgresError`, `CancellationError`, and errors of `body`.
    func withSnapshot<R: Sendable>(
        fromNodes: Bool = true,
        _ body: @escaping @Sendable (ExportedSnapshot) async throws -> R
    ) async throws -> R {
        let taker = snapshotTaker
        return try await withDirectedSessions([server], logger: logger) { leaders in
            let leader = leaders[0]
            let (expected, cluster) = try await leader.perform { session in
                let expected = try taker.prepare(&session)
                return (expected, try ClusterSnapshotTaker(taker, expected, logger, session))
            }
            guard let cluster else {
                var snapshot = try await leader.perform { try taker.take(expected, &$0) }
                // Distributed tables without shards have no rows elsewhere.
                snapshot.distribution?.moment = .nodes
                // Only if a table was distributed after the catalog was read.
                snapshot.readThroughCoordinator(because: nil)
                return try await body(snapshot)
            }
            let reason = fromNodes ? try await cluster.obstacle() : "a plain dump is read in one session"
            guard reason == nil else {
                let sizes = try await leader.perform { session in
                    try session.setLockTimeout(taker.lockTimeout)
                    return try session.sizesOfDistributedTables()
                }
                var snapshot = try await leader.perform { try taker.take(expected, &$0) }
                snapshot.readThroughCoordinator(because: reason)
                snapshot.sizes.merge(sizes) { _, size in size }
                return try await body(snapshot)
            }
            return try await withDirectedSessions(cluster.workers, logger: logger) { workers in
                try await body(try await cluster.take(leader, workers))
            }
        }
    }
}

// The meaning of options.
extension BackupRun {
    var snapshotTaker: SnapshotTaker {
        SnapshotTaker(
            scope: CatalogScope(
                schemas: options.schemas,
                tables: options.tables,
                excludedSchemas: options.excludedSchemas,
                excludedTables: options.excludedTables,
                tablesWithoutData: options.tablesWithoutData,
                withInheritors: options.withInheritors
            ),
            jobs: options.jobs,
            lockTimeout: options.lockTimeout,
            withRolePasswords: options.withRolePasswords,
            stateSchema: StateSchema(options.stateSchema),
            services: options.services,
            place: options.isAnnounced ? BackupPlace(options.output) : nil
        )
    }

    private var compression: Compression {
        get throws { try Compression(engine: options.engine, level: options.level) }
    }
}

extension BackupError {
    /// A later snapshot may succeed.
    fileprivate var isWorthAnotherAttempt: Bool { code == .busy || code == .changing }
}
