internal import Archive
internal import Bookkeeping
internal import Databases
package import Logging
package import PostgresClient

/// One restore, from the file to the database: whole, or not at all.
package struct RestoreRun: Sendable {
    let options: RestoreOptions
    private let file: RestoreFile?
    let server: ServerAddress
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    /// - Parameter file: the file as it is open already, for who plans first and restores later; nil opens it.
    package init(
        _ options: RestoreOptions,
        file: RestoreFile? = nil,
        server: ServerAddress,
        logger: Logger,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.options = options
        self.file = file
        self.server = server
        self.logger = logger
        self.progress = progress
    }

    /// - Throws: `RestoreError`, `PostgresError`, `ArchiveError`, `CancellationError`; the target is as it was.
    package func run() async throws -> RestoreReport {
        do {
            return try await restore()
        } catch let error as PostgresError {
            var error = error
            error.hint = error.restoreHint
            throw error
        } catch let error as DatabaseError {
            throw RestoreError(error)
        }
    }

    private func restore() async throws -> RestoreReport {
        let target = try await findTarget()
        let file = try open()
        guard case .archive(let archive) = file.content else { return try await plainDump(file, target).run() }
        try requireSense(archive.manifest)
        let options = options.settled(for: target, archive.manifest.scope)
        try requireTrust(archive, options)
        if options.restoresInPlace(archive.manifest.scope) {
            return try await InPlaceRestore(
                archive: archive,
                options: options,
                target: target,
                logger: logger,
                progress: progress
            ).run()
        }
        return try await ArchiveRestore(
            archive: archive,
            options: options,
            target: target,
            logger: logger,
            progress: progress
        ).run()
    }

    /// Looks at the archive and the target, says what would happen, and changes nothing.
    ///
    /// - Parameter listsCode: Tells what would run in an archive that is trusted, too.
    package func plan(listsCode: Bool = true) async throws -> RestorePlanReport {
        let target = try await findTarget()
        let file = try open()
        guard case .archive(let archive) = file.content else { return try await plainDump(file, target).plan() }
        try requireSense(archive.manifest)
        let options = options.settled(for: target, archive.manifest.scope)
        let preflight = Preflight(manifest: archive.manifest, options: options, target: target)
        var findings = try await withSession(target.maintenance, logger: logger) { try preflight.inspect($0) }
        findings.notes += preflight.grantsWithoutRole(findings.roles)
        let selection = try Selection(archive.manifest, options)
        let partCheck = PartCheck(archive.manifest, options, selection)
        let part =
            options.restoresInPlace(archive.manifest.scope) && target.exists
            ? try await withSession(target.address, logger: logger) { try partCheck.inspect($0) }
            : partCheck.ofNewDatabase(target.name)
        findings.obstacles += part.obstacles
        findings.notes += part.notes
        findings.notes += try await distribution(in: target, options)
        if options.restoresInPlace(archive.manifest.scope), !options.tables.isEmpty, target.exists {
            findings.obstacles += try await withSession(target.address, logger: logger) { session in
                try TableRestore.obstacles(archive.manifest, options, session)
            }
        }
        if options.restoresInPlace(archive.manifest.scope), target.exists {
            let locks = LockNeed(manifest: archive.manifest, selection: selection, options: options)
            findings.obstacles += try await withSession(target.address, logger: logger) { session in
                try locks.obstacle(session).map { [$0] } ?? []
            }
        }
        if options.ifEmpty, target.exists {
            findings.obstacles += try await withSession(target.address, logger: logger) { session in
                let there = try DataOnlyRestore.there(selection.leavingOutExtensions.tablesWithRows, session)
                return try DataOnlyRestore.obstacle(there, session).map { [$0] } ?? []
            }
        }
        let rewinds = try await rewinds(archive.manifest, options, target)
        var report = try RestoreOutlook(archive.manifest, options, target, findings, rewinds).report()
        report.environment = archive.manifest.environment
        let isSealed = try isSealed(archive)
        report.isSealed = isSealed
        if listsCode || !isSealed { report.code = try CodeReader(archive.manifest, options).inventory }
        return report
    }

    /// What Citus has distributed in the target and would not be distributed afterwards.
    private func distribution(in target: TargetDatabase, _ options: RestoreOptions) async throws -> [String] {
        guard target.exists, !options.dataOnly, options.rows == nil else { return [] }
        do {
            let tables = try await withSession(target.address, logger: logger) { try $0.distributedTables() }
            guard !tables.isEmpty else { return [] }
            return [
                "Citus distributes \(tables.map(\.spelling).listed()) of \(target.name): what is made anew is not distributed"
            ]
        } catch let error as PostgresError where error.code == .connection {
            return []
        }
    }

    private func isSealed(_ archive: ArchiveReader) throws -> Bool {
        guard case .sealed(let keys) = options.trust else { return false }
        return try archive.isSealed(by: keys)
    }

    /// - Throws: `RestoreError.untrusted`.
    private func requireTrust(_ archive: ArchiveReader, _ settled: RestoreOptions) throws {
        guard options.trust != .anyone, try !isSealed(archive) else { return }
        let code = try CodeReader(archive.manifest, settled).inventory
        guard !code.isHarmless else { return }
        throw RestoreError(
            .untrusted,
            "\(options.file) was not made by this installation, and would run code: \(code.lines.joined(separator: ", "))",
            hint: "nothing was changed; if you know who made it, restore it with --trust"
        )
    }

    /// The services that would be taken to another version; none where the target does not let us look.
    private func rewinds(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetDatabase
    ) async throws -> [ServiceRewind] {
        let returning = StateReturn(manifest, options).ledger
        let schema = StateSchema(options.stateSchema)
        guard target.exists, returning.extent.changesLedger else { return [] }
        do {
            let before = try await withSession(target.address, logger: logger) { try TargetState.applied(schema, $0) }
            return returning.outcome(over: before).map(before.rewinds) ?? []
        } catch let error as PostgresError where error.code == .connection {
            return []
        }
    }

    func open() throws -> RestoreFile { try file ?? RestoreFile(options.file) }

    private func plainDump(_ file: RestoreFile, _ target: TargetDatabase) -> PlainDumpRestore {
        PlainDumpRestore(file: file, options: options, target: target, logger: logger, progress: progress)
    }

    func findTarget() async throws -> TargetDatabase {
        let name = options.into ?? server.resolvedDatabase
        guard !name.isEmpty else {
            throw RestoreError(.selection, "no database to restore into was named", hint: "add --into DB")
        }
        do {
            return try await TargetDatabase.find(
                name,
                on: server,
                maintenanceDatabase: options.maintenanceDatabase,
                logger: logger
            )
        } catch let error as DatabaseError {
            throw RestoreError(error)
        }
    }

    private func requireSense(_ manifest: Manifest) throws {
        if options.allowIncomplete {
            throw RestoreError(
                .selection,
                "--allow-incomplete goes with a plain dump",
                hint: "leave it out: an archive is whole, or cannot be read"
            )
        }
        if options.rows != nil, options.tables.isEmpty {
            throw RestoreError(.selection, "--rows goes with --table", hint: "name the tables with --table")
        }
        if options.ifEmpty, !options.dataOnly {
            throw RestoreError(.selection, "--if-empty goes with --data-only", hint: "add --data-only")
        }
        if options.dropOld, options.restoresInPlace(manifest.scope) {
            throw RestoreError(
                .selection,
                "--drop-old goes with a restore that swaps databases",
                hint: "leave --drop-old out"
            )
        }
        if options.tables.contains(where: { $0.newName != nil }), options.dataOnly || options.rows != nil {
            throw RestoreError(
                .selection,
                "--table T=U makes a new table, so --rows and --data-only do not go with it",
                hint: "leave them out"
            )
        }
        if Set(options.tables.map { $0.newName == nil }).count > 1 {
            throw RestoreError(
                .selection,
                "--table T=U and --table T do not go together",
                hint: "restore the copies first, then the others"
            )
        }
    }
}

/// What a restore would do, in sentences.
struct RestoreOutlook {
    private let manifest: Manifest
    private let options: RestoreOptions
    private let target: TargetDatabase
    private let findings: Preflight.Findings
    private let rewinds: [ServiceRewind]

    init(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ target: TargetDatabase,
        _ findings: Preflight.Findings,
        _ rewinds: [ServiceRewind]
    ) {
        self.rewinds = rewinds
        self.manifest = manifest
        self.options = options
        self.target = target
        self.findings = findings
    }

    func report() throws -> RestorePlanReport {
        let selection = try Selection(manifest, options)
        return RestorePlanReport(
            database: target.name,
            steps: steps(selection),
            tables: selection.tablesWithRows.count,
            rows: selection.rows,
            rawBytes: selection.rawBytes,
            obstacles: findings.obstacles.map { "\($0.message) (\($0.hint))" },
            rewinds: rewinds
        )
    }

    private func steps(_ selection: Selection) -> [String] {
        let content = [
            counted(selection.items.count, "object"), counted(selection.tablesWithRows.count, "table"),
            counted(selection.rows, "row"),
        ].joined(separator: ", ")
        guard !options.restoresInPlace(manifest.scope) else {
            return [inPlaceStep, "make or load \(content), in one transaction in \(target.name)"]
                + rewinds.map(\.sentence) + findings.notes
        }
        var steps = ["make a new database beside \(target.name)", "fill it with \(content)"]
        switch (findings.existing, options.dropOld) {
        case (nil, _): steps.append("name it \(target.name)")
        case (_, true): steps.append("swap it with \(target.name), and drop the old database")
        case (_, false): steps.append("swap it with \(target.name), and keep the old database under another name")
        }
        return steps + rewinds.map(\.sentence) + findings.notes
    }

    private var inPlaceStep: String {
        if options.ifEmpty { return "leave everything as it is if one of the tables holds a row" }
        if options.dataOnly || options.rows == .replace { return "empty the tables that come back" }
        if options.rows == .missing { return "leave the rows that are there" }
        if !options.tables.isEmpty { return "leave the other tables alone" }
        let schemas = options.schemas.isEmpty ? manifest.scope.schemas : options.schemas
        return "drop \(schemas.isEmpty ? "every schema" : "the schemas " + schemas.joined(separator: ", "))"
    }
}
