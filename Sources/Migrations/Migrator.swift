internal import Bookkeeping
package import Logging
package import PostgresClient
internal import Project
package import SQLText
internal import Synchronization

/// Applies and reverts migrations.
///
///     take the lock: only one runner at a time
///     read the files, the ledger and golang-migrate's row → make the plan → throw the first obstacle
///     back up the rows that the plan destroys
///     for each step: run its statements and write the ledger, in one transaction where possible
///
/// *Layer*: the base folder, or that of an environment. *Ledger*: the applied migrations. *Standing*: the state of a
/// migration, from its file and its row in the ledger. *Step*: a file that will run, up or down. *Sibling*:
/// golang-migrate's table, which granary keeps up to date.
package struct Migrator: Sendable {
    let options: MigratorOptions
    let server: ServerAddress
    let logger: Logger
    /// Makes a verified backup of tables and schemas, and returns the path of its file. The caller passes this function,
    /// because this module does not import Backup.
    let backUp: @Sendable (_ tables: [RelationName], _ schemas: [String]) async throws -> String
    let progress: @Sendable (MigrationEvent) -> Void

    package init(
        _ options: MigratorOptions,
        server: ServerAddress,
        logger: Logger,
        backUp: @escaping @Sendable (_ tables: [RelationName], _ schemas: [String]) async throws -> String,
        progress: @escaping @Sendable (MigrationEvent) -> Void
    ) {
        self.options = options
        self.server = server
        self.logger = logger
        self.backUp = backUp
        self.progress = progress
    }

    var reader: ServiceReader { ServiceReader(options: options) }

    /// The same migrator with granary's tables `examined`, to read and to plan.
    private func knowing(_ schema: StateSchema) -> Migrator {
        var options = options
        options.stateSchema = schema
        return Migrator(options, server: server, logger: logger, backUp: backUp, progress: progress)
    }

    var context: RunContext {
        RunContext(
            environment: options.environment,
            actor: options.actor,
            host: options.host,
            toolVersion: options.toolVersion
        )
    }

    /// The state of every migration, with the contradictions between ledger and catalog. Takes no lock and changes
    /// nothing.
    package func status() async throws -> [ServiceState] {
        try await withSession(server, logger: logger) { session in
            // A table could be replaced by a view between the look at it and the reading.
            try session.refuseViews()
            return try reader.readAll(session).map { state in
                var state = state
                state.disagreements = try CatalogComparison(state).disagreements(session)
                state.otherLedgerObstacle = try otherLedgers(of: state, session).obstacle
                return state
            }
        }
    }

    /// The steps of a run, and the obstacles to it. Changes nothing.
    package func plan(_ request: MigrationRequest) async throws -> MigrationPlan {
        try await withSession(server, logger: logger) { session in
            try session.refuseViews()
            _ = try OtherLedgers.named(options.beside, session)
            let planner = knowing(try options.stateSchema.examined(session))
            return try planner.planBesideWhatIsThere(request, try planner.reader.readAll(session), session)
        }
    }

    /// Runs the migrations of a request.
    ///
    /// - Throws: `MigrationError`, `EnvironmentsError`, `PostgresError`, `CancellationError`.
    package func run(_ request: MigrationRequest) async throws -> MigrationReport {
        try await holdingLock { lock, session in
            let planner = knowing(try options.stateSchema.ensure(&session))
            let beside = try OtherLedgers.named(options.beside, session)
            try OtherLedgers.remember(beside, options, context, session)
            var services = try planner.reader.readAll(session)
            services = try adoptNew(services, &session)
            let plan = try planner.planBesideWhatIsThere(request, services, session)
            if let obstacle = plan.obstacles.first { throw obstacle }
            for note in plan.notes + plan.runningBackups.map(\.note) { progress(.note(note)) }
            let doomed = try DoomedTables(plan, session)
            let backup = try backUpWhatIsDestroyed(plan, services, &session)
            try writeMoves(services, session)
            return try run(plan, services, backup: backup, doomed, lock, &session)
        }
    }

    /// The plan, with the tables and backups that are in its way.
    private func planBesideWhatIsThere(
        _ request: MigrationRequest,
        _ services: [ServiceState],
        _ session: borrowing Session
    ) throws -> MigrationPlan {
        var plan = try plan(request, services, session)
        plan.obstacles += try tablesInTheWay(of: plan, services, session)
        plan.obstacles += [missingConfirmation(of: plan, request, services)].compactMap(\.self)
        plan.runningBackups = try plan.backupsInTheWay(session)
        return plan
    }

    /// An obstacle for each table that exists although the plan will create it.
    private func tablesInTheWay(
        of plan: MigrationPlan,
        _ services: [ServiceState],
        _ session: borrowing Session
    ) throws -> [MigrationError] {
        // A step down may drop the table first.
        guard !plan.steps.isEmpty, plan.reverts.isEmpty else { return [] }
        return try services.flatMap { state -> [MigrationError] in
            let versions = Set(plan.steps.filter { $0.service == state.name }.map(\.version))
            guard !versions.isEmpty else { return [] }
            return try CatalogComparison(state).disagreements(session)
                .filter { $0.problem == .present && $0.version.map(versions.contains) == true }
                .map { disagreement in
                    MigrationError(
                        .disagreement,
                        disagreement.message,
                        hint: state.entries.isEmpty
                            ? "if its file has already run, `granary migrate baseline \(disagreement.version ?? 0)` records the files up to "
                                + "it as applied; otherwise drop or rename the table"
                            : "drop or rename the table if it was created by hand, or remove it from the file"
                    )
                }
        }
    }

    /// Finds ledgers of other tools: those that stop the run, and those that only deserve a note.
    private func otherLedgers(
        of state: ServiceState,
        _ session: borrowing Session
    ) throws -> (obstacle: MigrationError?, note: String?) {
        guard !state.otherLedgers.isEmpty,
            let service = options.services.first(where: { $0.service.name == state.name })
        else { return (nil, nil) }
        let current = try session.query("SELECT pg_catalog.current_schema() AS name")[0]["name"]
        let blocking = state.blockingLedgers(service.service, currentSchema: current)
        let others = state.otherLedgers.filter { ledger in !blocking.contains(ledger) }
        return (state.obstacle(of: blocking), state.note(on: others))
    }

    func plan(
        _ request: MigrationRequest,
        _ services: [ServiceState],
        _ session: borrowing Session
    ) throws -> MigrationPlan {
        let elsewhere = try reader.elsewhere(session)
        let planner = MigrationPlanner(
            services: services,
            appliedElsewhere: elsewhere.applied,
            neededElsewhere: elsewhere.needs,
            allowsOutOfOrder: options.allowsOutOfOrder,
            redoesModified: options.isForPlay
        )
        var plan = try planner.plan(request)
        for index in plan.steps.indices { plan.steps[index].isOfSeveralServices = services.count > 1 }
        for state in services where plan.steps.contains(where: { $0.service == state.name }) {
            let found = try otherLedgers(of: state, session)
            if let obstacle = found.obstacle { plan.obstacles.insert(obstacle, at: 0) }
            if let note = found.note { plan.notes.append(note) }
        }
        plan.obstacles = services.compactMap(Adoption.obstacle) + plan.obstacles
        if !options.isRehearsal { plan.obstacles += policy.obstacles(plan, services) }
        plan.notes += services.compactMap(\.tree.noteOnIgnoredFiles) + policy.notes(plan, services)
        return plan
    }

    var policy: MigrationPolicy {
        MigrationPolicy(
            environment: options.environment,
            rules: options.rules,
            windowOverride: options.windowOverride,
            now: options.now,
            files: options.services.map(\.file)
        )
    }
}

extension Migrator {
    /// Takes the lock in one session, and works in another one, so that the statements of a file cannot release the
    /// lock.
    ///
    /// - Parameter adopting: The table of golang-migrate that `adopt` names.
    /// - Throws: `MigrationError` with `.busy` if the lock is lost; the errors of `body`.
    func holdingLock<R: Sendable>(
        adopting: TableName? = nil,
        _ body: @escaping @Sendable (RunLock.Held, inout Session) throws -> R
    ) async throws -> R {
        if options.services.contains(where: { !$0.file.locking.isEnabled }) {
            progress(.note("migration_locking is disabled in environments.json; granary takes the lock anyway"))
        }
        // The first error of `body`. If the session of the lock is lost, the other one is cancelled, and this error may
        // be the cause.
        let inner = Mutex<(any Error)?>(nil)
        do {
            return try await withHeldSession(
                server,
                logger: logger,
                prepare: { session in try takeLock(adopting, &session) },
                release: { session in try RunLock.releaseAll(session) },
                while: { lock in
                    do {
                        return try await withSession(server, logger: logger) { session in
                            try session.setPatience()
                            try lock.beginWork(within: options.lockLimit, session) {
                                progress(.waitingForRunner($0))
                            }
                            let result = try body(lock, &session)
                            try RunLock.releaseAll(session)
                            return result
                        }
                    } catch {
                        let error = Self.explained(error)
                        inner.withLock { $0 = $0 ?? error }
                        throw error
                    }
                }
            )
        } catch let lock as RunLock.Occupied {
            throw MigrationError.busy(lock)
        } catch let error as PostgresError where error.code == .connectionLost {
            if let reason = inner.withLock({ $0 }), !(reason is CancellationError) { throw reason }
            throw MigrationError.lostLock(error.message)
        }
    }

    /// Adds a hint to a timeout: a small connection pool may have no room for the second session.
    private static func explained(_ error: any Error) -> any Error {
        if let lock = error as? RunLock.Occupied { return MigrationError.busy(lock) }
        guard var error = error as? PostgresError, error.code == .timeout else { return error }
        error.hint = "a run needs two connections, one for its lock and one for the files: enlarge the pool"
        return error
    }

    private func takeLock(_ adopting: TableName?, _ session: inout Session) throws -> RunLock.Held {
        try SessionPooling.requireOwnSession(&session)
        try session.setPatience()
        let lock = RunLock(
            services: options.services.map(\.service.name).sorted(),
            foreign: try siblingKeys(adopting, session)
        )
        return try lock.take(within: options.lockLimit, session) { progress(.waitingForRunner($0)) }
    }

    /// The keys of golang-migrate's own locks. Holding them keeps golang-migrate from running at the same time.
    private func siblingKeys(_ adopting: TableName?, _ session: borrowing Session) throws -> [Int] {
        var tables = adopting.map { [$0] } ?? []
        for folder in options.services {
            let ledger = Ledger(service: folder.service.name, options.stateSchema, session)
            let candidates =
                try ledger.adoptedTable(session).map { [$0] }
                ?? folder.service.schemas.map { TableName(schema: $0, name: "schema_migrations") }
            for table in candidates where !tables.contains(table) {
                if try GolangMigrateLedger.find(table, session) != nil { tables.append(table) }
            }
        }
        return tables.flatMap { GolangMigrateLedger.lockKeys($0, database: session.database) }
    }

    private func adoptNew(_ services: [ServiceState], _ session: inout Session) throws -> [ServiceState] {
        var isAdopted = false
        for state in services where state.isSiblingNew {
            guard Adoption.obstacle(state) == nil else { continue }
            let ledger = Ledger(service: state.name, options.stateSchema, session)
            try Adoption.adopt(state, ledger, context, &session)
            progress(.note("took over \(state.entries.count) migrations that golang-migrate has applied"))
            isAdopted = true
        }
        return isAdopted ? try reader.readAll(session) : services
    }

    /// Why the plan may revert migrations only with `--confirm-version`; nil if it may.
    private func missingConfirmation(
        of plan: MigrationPlan,
        _ request: MigrationRequest,
        _ services: [ServiceState]
    ) -> MigrationError? {
        guard let first = plan.reverts.first else { return nil }
        let names = plan.reverts.map(\.title).listed()
        // 0 means all, as in `goto 0`.
        if let confirmed = options.confirmed, confirmed != 0, !plan.reverts.contains(where: { $0.version == confirmed })
        {
            return MigrationError(
                .policy,
                "--confirm-version names \(confirmed), but this would revert \(names)",
                hint: "nothing was changed; `granary migrate status` shows what is applied"
            )
        }
        if case .up = request { return nil }
        guard options.confirmed != first.version else { return nil }
        let state = services.first { $0.name == first.service }
        if let failed = failedBefore(state, first, "this would revert \(names)") { return failed }
        if case .redo = request { return nil }
        guard policy.requiresConfirmation(of: plan.reverts) else { return nil }
        return MigrationError(
            .policy,
            "\(options.environment) allows no destructive operations, and this would revert \(names)",
            hint: "to revert anyway, add --confirm-version \(first.version)"
        )
    }

    /// After a failure `down` and `redo` usually mean the migration that failed, but would revert an earlier one.
    private func failedBefore(_ state: ServiceState?, _ first: MigrationStep, _ loss: String) -> MigrationError? {
        let anyway = "to revert anyway, add --confirm-version \(first.version)"
        if state?.lastUpLeftNothing == true {
            return MigrationError(
                .policy,
                "the last migration failed and left nothing behind: there is nothing to undo, and \(loss)",
                hint: "correct the file and run `up` again; \(anyway)"
            )
        }
        guard let interruption = state?.standings.all.lazy.compactMap(\.interruption).first else { return nil }
        return MigrationError(
            .policy,
            "\(interruption), and \(loss)",
            hint: "correct the file and run `granary migrate repair`, which continues it; \(anyway)"
        )
    }

    /// Backs up the tables and schemas that the plan destroys. Meanwhile the locks stay held and the connection is kept
    /// alive.
    ///
    /// - Returns: The path of the backup; nil if nothing is destroyed, or if no rule asks for a backup.
    private func backUpWhatIsDestroyed(
        _ plan: MigrationPlan,
        _ services: [ServiceState],
        _ session: inout Session
    ) throws -> String? {
        let tables = plan.tablesThatLoseRows
        guard policy.requiresBackup(services), !options.isRehearsal else { return nil }
        let schemas = try plan.schemasThatAreDropped.filter { try session.exists(schema: $0) }
        let there = try tables.filter { table in
            let name =
                table.schema.map { "\(session.quoted($0)).\(session.quoted(table.name))" } ?? session.quoted(table.name)
            return try session.relation(named: name) != nil
        }
        guard !there.isEmpty || !schemas.isEmpty else { return nil }
        let backUp = backUp
        let file = try session.waiting { try await backUp(there, schemas) }
        progress(.backedUp(file: file))
        return file
    }

    private func writeMoves(_ services: [ServiceState], _ session: borrowing Session) throws {
        for state in services {
            let ledger = Ledger(service: state.name, options.stateSchema, session)
            try ledger.moveLayers(state.standings.moves, session)
        }
    }
}
