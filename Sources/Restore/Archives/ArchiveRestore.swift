internal import Archive
internal import Bookkeeping
internal import Databases
internal import Logging
internal import PostgresClient

/// A restore of an archive: what the plan, the question and the restore itself share.
///
///     in a new database   check the server; refuse, or create the database → making, by workers → the swap
///     in the target       check the server; refuse, or BEGIN → making, refilling, adding or copying → COMMIT
struct ArchiveRestore: Sendable {
    let archive: RestoreArchive
    /// Completed for the target.
    let options: RestoreOptions
    let target: TargetDatabase
    /// What was requested.
    let selection: Selection
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    /// - Throws: `RestoreError.selection`.
    init(
        _ archive: RestoreArchive,
        _ options: RestoreOptions,
        _ target: TargetDatabase,
        logger: Logger,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) throws {
        let scope = archive.manifest.scope
        try options.requireSense(scope)
        guard !archive.holdsRowsAlone || options.dataOnly || options.rows != nil else {
            throw RestoreError(
                .selection,
                "\(options.file) holds rows and no tables",
                hint: "load them into tables that exist with --data-only"
            )
        }
        self.archive = archive
        self.options = try options.chosen(in: archive.manifest).settled(for: target, scope)
        try self.options.requireNothingDropped(scope, in: target)
        self.target = target
        self.logger = logger
        self.progress = progress
        selection = try Selection(archive.manifest, self.options)
    }

    var manifest: Manifest { archive.manifest }
    var isInPlace: Bool { options.restoresInPlace(manifest.scope) }
    var state: StateReturn { StateReturn(manifest, options) }
    /// The tables of the target that the restore replaces or changes.
    var reach: RestoreReach { RestoreReach(manifest, settled: options, selection) }

    func run() async throws -> RestoreReport {
        try requireTrust()
        try await requireContentOfManifest()
        progress(.phase("looking at the server"))
        return isInPlace ? try await runInPlace() : try await runBeside()
    }

    func isSealed() throws -> Bool {
        guard case .sealed(let keys) = options.trust else { return false }
        return try archive.isSealed(by: keys)
    }

    /// - Throws: `RestoreError.untrusted`.
    private func requireTrust() throws {
        // An archive of pg_dump cannot have a seal. Its code is listed, as that of a plain dump.
        guard archive.isOurs, options.trust != .anyone, try !isSealed() else { return }
        let code = try CodeReader(manifest, options).inventory
        guard !code.isHarmless else { return }
        let origin =
            archive.repacked == nil
            ? "was not made by this installation"
            : "was packed again by another program, so that its seal proves nothing"
        throw RestoreError(
            .untrusted,
            "\(options.file) \(origin), and would run code: \(code.lines.joined(separator: ", "))",
            hint: "nothing was changed; if you know who made it, restore it with --trust"
        )
    }

    /// Compares an archive that was packed again with its manifest before anything is made, because its chunks have no
    /// SHA-256 that a worker could check.
    ///
    /// - Throws: `RestoreError.mismatch` with the first problem; `ArchiveError.io`; `CancellationError`.
    private func requireContentOfManifest() async throws {
        guard let repacked = archive.repacked else { return }
        progress(.phase("comparing the archive with its manifest"))
        let report = try await Verification(repacked, jobs: options.jobs).run()
        guard let problem = report.problems.first else { return }
        throw RestoreError(
            .mismatch,
            "\(options.file) was packed again and differs from its manifest: \(problem.member): \(problem.problem)",
            hint:
                "nothing was changed; `granary verify` lists all differences; put back the files as the backup had them"
        )
    }

    /// Checks on the server and in the target what would fail, and what the restore needs to know.
    ///
    /// - Parameter session: In place a session with the target, otherwise one with the maintenance database.
    func inspect(_ session: borrowing Session) throws -> (Preflight.Findings, PartCheck.Outcome) {
        var findings = try Preflight(manifest: manifest, options: options, target: target).inspect(session)
        findings.notes += archive.notes + selection.excluded.notes
        findings.obstacles += missingMembers
        if isInPlace, !options.dataOnly, !archive.isOurs, selection.isWholeDatabase {
            findings.notes.append(
                "an archive of pg_dump does not tell whether it is of a whole database: --schema leaves the other schemas alone"
            )
        }
        let check = PartCheck(manifest, options, selection)
        let isInside = isInPlace && target.exists
        var part = isInside ? try check.inspect(session) : check.ofNewDatabase(target.name)
        findings.notes += part.notes
        findings.obstacles += part.obstacles
        (part.notes, part.obstacles) = ([], [])
        let owner = try findings.existing?.owner ?? properties(findings).owner
        if var needed = NeededRights(manifest, options, selection.leavingOut(part.leftOut)) {
            if isInPlace {
                let staying = try selection.extensionsThatStay(manifest, options, session)
                needed.extensions.removeAll { staying.contains($0) }
            }
            findings.obstacles += try RightsCheck(
                needed: needed,
                noOwner: options.noOwner,
                isInPlace: isInPlace,
                findings: findings,
                databaseOwner: owner
            ).obstacles(session)
        }
        if isInside {
            findings.obstacles += try InPlaceRights(
                manifest: manifest,
                options: options,
                selection: selection,
                findings: findings
            ).obstacles(session)
        }
        Preflight.settle(&findings, keepGoing: options.keepGoing, isInPlace: isInPlace)
        return (findings, part)
    }

    /// Without reading the contents, which only the restore itself compares with the manifest.
    private var missingMembers: [Preflight.Obstacle] {
        guard let missing = archive.repacked?.missingMembers, !missing.isEmpty else { return [] }
        return [
            .init(
                message: "the archive was packed again without \(missing.listed())",
                hint: "put back the files as the backup had them"
            )
        ]
    }

    func work(
        _ findings: Preflight.Findings,
        _ selection: Selection,
        isInPlace: Bool
    ) -> RestoreWork {
        RestoreWork(archive, options, selection, findings, isInPlace: isInPlace, progress: progress)
    }
}

// In a new database.
extension ArchiveRestore {
    private func runBeside() async throws -> RestoreReport {
        try await requireOneServer()
        let part = PartCheck(manifest, options, selection).ofNewDatabase(target.name)
        let roles = CreatedRoles()
        return try await roles.droppedOnFailure(target.maintenance, logger: logger) {
            try await RestoreBeside(
                target: target,
                options: options,
                state: state,
                logger: logger,
                progress: progress
            ).run(
                inspect: { session in
                    let (findings, _) = try inspect(session)
                    return (findings, try properties(findings))
                },
                prepare: { session, findings in try findings.created.map { try roles.create($0, session) } ?? [] },
                fill: { beginning in try await fill(beginning, selection.leavingOut(part.leftOut)) }
            )
        }
    }

    /// - Throws: `RestoreError.preflight` if the target is distributed over several servers.
    private func requireOneServer() async throws {
        guard target.exists else { return }
        do {
            let check = ClusterCheck(target: target)
            let obstacle = try await withSession(target.address, logger: logger) { try check.obstacle($0) }
            if let failure = Preflight.failure(obstacle.map { [$0] } ?? []) { throw failure }
        } catch let error as PostgresError where error.code == .connection {
            // A target that will be replaced need not permit a connection.
        }
    }

    private func fill(_ beginning: RestoreBeside.Beginning, _ selection: Selection) async throws -> RestoreReport {
        let findings = beginning.findings
        let work = work(findings, selection, isInPlace: false)
        let database = target.maintenance.database(beginning.name)
        let steps = StepsBeside(
            database: database,
            workers: options.jobs,
            logger: logger,
            progress: progress,
            prepare: { session, step in
                try SchemaStatements.pin(session, work.record.now.userCode)
                try work.prepare(session, step)
            }
        )
        try await steps.run([work.schema])
        // Only now, because the schema may contain the text search configuration that a setting of the database names.
        let userCode = try await withSession(database, logger: logger) { try $0.userCodeSettings() }
        work.record.update { $0.userCode = userCode }
        try await steps.run(work.filling)
        let unset = try await withSession(target.maintenance, logger: logger) { session in
            try SchemaStatements.pin(session, UserCodeSettings())
            return try NewDatabase.apply(
                beginning.properties,
                to: beginning.name,
                role: { findings.existing == nil ? work.roles.present($0) : $0 },
                session
            )
        }
        for unset in unset { work.record.leftOut.add(unset.property, because: unset.reason, .fallback) }
        var report = work.report(on: target.name)
        report.notes = findings.notes + report.notes
        return report
    }

    /// The properties of the old database; if there is none, those of the archive.
    private func properties(_ findings: Preflight.Findings) throws -> DatabaseProperties {
        var properties = try findings.existing ?? DatabaseProperties(manifest.database)
        let roles = RoleMap(names: options.roleMap)
        if findings.existing == nil {
            if options.noOwner {
                // The rights of the archived owner become those of the new owner.
                properties.privileges = properties.privileges?.map { privilege in
                    var privilege = privilege
                    if privilege.grantee == properties.owner { privilege.grantee = findings.user }
                    return privilege
                }
            }
            properties.owner = options.noOwner ? findings.user : roles.role(properties.owner)
            if options.noTablespaces { properties.tablespace = "pg_default" }
            if options.noPrivileges { properties.privileges = nil }
        }
        if !findings.tablespaces.contains(properties.tablespace) { properties.tablespace = "pg_default" }
        return properties
    }
}

// In the target itself: one session, one transaction.
extension ArchiveRestore {
    private func runInPlace() async throws -> RestoreReport {
        let start = ContinuousClock.now
        let (findings, part) = try await withSession(target.address, logger: logger) { try inspect($0) }
        if let failure = Preflight.failure(findings.obstacles) { throw failure }
        let selection = selection.leavingOut(part.leftOut)
        var report = try await withSession(target.address, logger: logger) { session in
            let userCode = try session.userCodeSettings()
            try SchemaStatements.pin(session, userCode, [("lock_timeout", "10s")])
            let locks = LockNeed(manifest: manifest, selection: selection, options: options)
            if let failure = Preflight.failure(try locks.obstacle(session).map { [$0] } ?? []) { throw failure }
            return try session.decisiveTransaction { try restore(selection, findings, userCode, &$0) }
        }
        report.notes += findings.notes
        report.seconds = (.now - start) / .seconds(1)
        return report
    }

    private func restore(
        _ selection: Selection,
        _ findings: Preflight.Findings,
        _ userCode: UserCodeSettings,
        _ session: inout Session
    ) throws -> RestoreReport {
        let created = try findings.created?.create(session) ?? []
        // Otherwise Citus refuses or deadlocks when tables are dropped and distributed in one transaction.
        if try session.hasCitus() { try session.set([("citus.multi_shard_modify_mode", "sequential")]) }
        try session.setValueFormats()
        let schema = StateSchema(options.stateSchema)
        let before =
            try options.targetIsNew
            ? TargetState.new(schema, environment: options.environment)
            : TargetState.read(schema, before: state.extent, &session)
        try session.set(userCode.whileMaking)
        let refills = options.dataOnly || options.rows == .replace
        let work = work(findings, refills ? selection.leavingOutExtensions : selection, isInPlace: true)
        work.record.update { $0.userCode = userCode }
        try StepsInPlace(progress: progress, prepare: work.prepare).run(try steps(work, session), &session)
        try work.record.leftOut.requireNothingMissing()
        var report = work.report(on: target.name)
        try session.setValueFormats()
        report.rewinds = try state.write(before, &session)
        report.notes += created + state.ledger.notes(over: before.applied)
        return report
    }

    /// The steps in the target, according to the options and the existing tables.
    private func steps(_ work: RestoreWork, _ session: borrowing Session) throws -> [RestoreStep] {
        if options.dataOnly { return work.refilling }
        guard !options.tables.isEmpty else { return [work.clearing] + work.making }
        let obstacles = try TableObstacles.tables(manifest, options, session)
        if let failure = Preflight.failure(obstacles) { throw failure }
        guard options.tables.allSatisfy({ $0.newName == nil }) else { return work.copying }
        // Their sequences may exist, and be used meanwhile.
        work.record.update { $0.own = .current }
        guard try !TableObstacles.existing(work.selection.tables.map(\.tableName), session).isEmpty else {
            return work.making
        }
        return switch options.rows {
        case nil: work.making
        case .replace: work.refilling
        case .missing: work.adding
        }
    }
}

extension DatabaseProperties {
    /// - Throws: `RestoreError.statement` if a keyword is not one.
    init(_ database: Manifest.Database) throws {
        self.init(
            name: database.name,
            owner: database.owner,
            encoding: database.encoding,
            collate: database.collate,
            ctype: database.ctype,
            localeProvider: try ArchivedWord(database.localeProvider).text,
            locale: database.locale,
            icuRules: database.icuRules,
            tablespace: database.tablespace,
            connectionLimit: database.connectionLimit,
            comment: database.comment,
            privileges: try database.privileges?.map {
                Privilege(
                    grantee: $0.grantee,
                    privilege: try ArchivedWord($0.privilege).text,
                    grantable: $0.grantable
                )
            },
            settings: database.settings.map { Setting(role: $0.role, name: $0.name, value: $0.value) }
        )
    }
}
