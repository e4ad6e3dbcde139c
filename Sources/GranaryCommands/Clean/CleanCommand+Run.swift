internal import AgeEncryption
internal import Archive
internal import ArgumentParser
internal import Bookkeeping
internal import Cleaning
internal import PostgresClient
internal import Project
internal import Storage
internal import Synchronization

extension CleanCommand {
    package func run(on console: Console) async throws {
        let services = try service.services(variables: console.environment)
        let connected = try await database.connect(on: console, migrations: services[0].service.folder)
        if !selection.all, selection.schema.isEmpty,
            let assumed = try await AssumedSchemas.missing(service, in: connected, on: console)
        {
            throw assumed.error
        }
        let options = try options(services.map(\.service))
        let confirmation = Confirmation(
            database: connected.name,
            host: connected.host,
            given: manner.confirm,
            console: console
        )
        try await confirmation.settle(isNeeded: false)
        guard !plan else {
            return try await show(
                Self.cleaner(options, connected, console),
                of: connected,
                services.map(\.file),
                on: console
            )
        }
        let gate = Gate(database: connected, schema: service.state.schema, console: console)
        let (environment, policy) = try await gate.admit()
        let files = (services.map(\.file) + [connected.environments]).map { $0.with(policy, of: environment) }
        if let refusal = try environmentRefusal(of: environment, files, connected) { throw refusal }
        let audience = try undoAudience(environment, files, on: console)
        let job = Job(database: connected, environment: environment, audience: audience, console: console)
        let planned = PlannedCleaning()
        let report = try await clean(job, options) { plan in
            planned.plan = plan
            for line in CleanLines.plan(plan, at: connected.host, in: environment) { console.note(line) }
            try plan.requireNoObstacle()
            guard !plan.isEmpty else { return false }
            try requireUndo(plan)
            try await confirmation.settle(isNeeded: true, isRequired: true)
            return true
        }
        if let plan = planned.plan { try tell(plan, report, job) }
    }

    /// The database and the services to clean.
    struct Job: Sendable {
        var database: ConnectedDatabase
        var environment: String
        /// Who can read the backup; nil leaves it in clear.
        var audience: AgeAudience?
        var console: Console
    }

    private func clean(
        _ job: Job,
        _ options: CleanOptions,
        approve: @escaping @Sendable (CleanPlan) async throws -> Bool
    ) async throws -> CleanReport? {
        let made = MadeBackup()
        do {
            return try await ProgressRenderer.drawing(on: job.console) { renderer in
                let cleaner = Cleaner(options, server: job.database.address, logger: job.console.logger) { event in
                    switch event {
                    case .phase(let name): renderer.receive(.phase(name))
                    case .blocked(let who): job.console.note("waiting for \(who)")
                    }
                }
                guard !manner.noUndo else { return try await cleaner.run(approve: approve, backUp: nil) }
                let backup = safetyBackup(job)
                return try await cleaner.run(approve: approve) { try await made.take(backup, of: $0) }
            }
        } catch {
            // If the connection broke during COMMIT, the outcome is unknown, so the backup is kept.
            if let file = made.file { job.console.note("the backup \(file) had been made, and is kept") }
            throw error
        }
    }

    private func safetyBackup(_ job: Job) -> SafetyBackup {
        SafetyBackup(
            server: job.database.address,
            database: job.database.name,
            // The undo may be needed much later, so the backup must not be in a folder that a container loses.
            folder: manner.backups ?? "backups",
            migrations: service.migrations,
            postgresBin: database.programs.postgresBin,
            environment: job.environment,
            stateSchema: service.state.stateSchema,
            // Only rows are restored; the applied migrations do not change.
            services: [:],
            audience: job.audience,
            console: job.console,
            stores: manner.store.stores(on: job.console),
            upload: manner.upload,
            occasion: .cleaning,
            // A table that inherits from one of them may keep its rows.
            withInheritors: false,
            // The tables are locked against writers until it is done.
            lockTimeout: manner.lockTimeout.duration
        )
    }
}

/// Remembers the plan that was shown.
private final class PlannedCleaning: Sendable {
    private let shown = Mutex<CleanPlan?>(nil)
    var plan: CleanPlan? {
        get { shown.withLock(\.self) }
        set { shown.withLock { $0 = newValue } }
    }
}

/// Remembers the backup, even if the cleaning fails.
private final class MadeBackup: Sendable {
    private let made = Mutex<String?>(nil)
    var file: String? { made.withLock(\.self) }

    func take(_ backup: SafetyBackup, of tables: [TableName]) async throws -> CleanBackup {
        let taken = try await backup.take(tables: tables.map(\.spelling), schemas: [])
        made.withLock { $0 = taken.file }
        let tables = try ArchiveReader(taken.source).manifest.tables
        let rows = tables.map { (TableName(schema: $0.schema, name: $0.name), $0.rows) }
        return CleanBackup(file: taken.file, rows: Dictionary(rows, uniquingKeysWith: { first, _ in first }))
    }
}

// Permissions.
extension CleanCommand {
    private func options(_ services: [Service]) throws -> CleanOptions {
        let lists = try seedsFiles(services)
        let schemas = selection.schema.isEmpty ? services.flatMap(\.schemas) : selection.schema
        var options = CleanOptions(schemas: selection.all ? nil : schemas)
        options.keep = selection.keep
        options.protect = lists.flatMap(\.protect)
        options.services = services.map(\.name)
        options.stateSchema = service.state.stateSchema
        options.lockTimeout = manner.lockTimeout.duration
        if selection.keepReference {
            options.reference = lists.flatMap(\.reference)
            guard !options.reference.isEmpty else {
                throw CommandError(
                    .usage,
                    "--keep-reference: \(lists.map(\.path).joined(separator: ", ")) lists no tables under reference:",
                    hint: "list them there, or name them with --keep"
                )
            }
        }
        return options
    }

    /// The lists in the seeds folder of each service.
    private func seedsFiles(_ services: [Service]) throws -> [SeedsFile] {
        if let seeds = selection.seeds, service.root == nil, !Files.exists(seeds) {
            throw CommandError(
                .usage,
                "there is no folder \(seeds)",
                hint: "--seeds names the folder with the seeds.yaml that lists protected tables"
            )
        }
        return try services.map { one in
            try SeedsFile.read(folder: service.seeds(of: one, folder: selection.seeds ?? "seeds"))
        }
    }

    /// Production is never cleaned, nor is an environment that forbids destructive operations.
    ///
    /// - Parameter files: `environments.json` of each service that is cleaned and of the database, with the rules that
    ///   the database has stored.
    /// - Throws: `EnvironmentsError` for a misplaced rule that might forbid it.
    private func environmentRefusal(
        of name: String,
        _ files: [EnvironmentsFile],
        _ database: ConnectedDatabase
    ) throws -> CommandError? {
        for file in files { try file.requireRulesInPlace([.production, .allowDestructiveOperations], of: name) }
        let rules = files.map { $0.rules(of: name) }
        let isProduction = rules.contains(where: \.isProduction)
        guard isProduction || rules.contains(where: { !$0.allowsDestructiveOperations }) else { return nil }
        return CommandError(
            .refused,
            "the database \(database.name) at \(database.host) is \(name), which is not cleaned: "
                + (isProduction ? "it counts as production" : "its allow_destructive_operations is false"),
            hint: isProduction
                ? "production is never cleaned; give another database"
                : "the rule is in environments.json"
        )
    }

    /// Who can read the backup of the rows; nil leaves it in clear.
    ///
    /// - Throws: `CommandError` with `.refused` if it must be encrypted and no recipient is known; `EnvironmentsError`
    ///   with `.refused`; `AgeError.key`.
    private func undoAudience(
        _ environment: String,
        _ files: [EnvironmentsFile],
        on console: Console
    ) throws -> AgeAudience? {
        guard !manner.noUndo else { return nil }
        for file in files { try file.requireRulesInPlace([.encrypted, .recipients], of: environment) }
        return try EncryptionPolicy(files.map { $0.rules(of: environment) }).audience(on: console)
    }

    private func requireUndo(_ plan: CleanPlan) throws {
        guard let refusal = undoRefusal(plan) else { return }
        throw CommandError(
            .refused,
            "nothing was changed, because \(refusal)",
            hint: "raise --undo-limit, or clean without a backup with --no-undo"
        )
    }

    /// Why a backup is required but not possible.
    private func undoRefusal(_ plan: CleanPlan) -> String? {
        guard !manner.noUndo, plan.dataBytes > manner.undoLimit.bytes else { return nil }
        return "the rows (\(Formatting.bytes(plan.dataBytes))) exceed --undo-limit "
            + "(\(Formatting.bytes(manner.undoLimit.bytes))), the most that is backed up first"
    }

    private static func cleaner(_ options: CleanOptions, _ database: ConnectedDatabase, _ console: Console) -> Cleaner {
        Cleaner(options, server: database.address, logger: console.logger) { event in
            if case .blocked(let who) = event { console.note("waiting for \(who)") }
        }
    }
}

// Output.
extension CleanCommand {
    private func show(
        _ cleaner: Cleaner,
        of connected: ConnectedDatabase,
        _ files: [EnvironmentsFile],
        on console: Console
    ) async throws {
        let gate = Gate(database: connected, schema: service.state.schema, console: console)
        let situation = try await gate.situation()
        let environment = situation.choice?.name
        let files = (files + [connected.environments]).map {
            $0.with(situation.policy, of: situation.marker.name ?? "")
        }
        var plan = try await cleaner.plan()
        let refusal = try environment.flatMap { try environmentRefusal(of: $0, files, connected) }
        if let refusal { plan.notes.append(refusal.message) }
        var refusals = [undoRefusal(plan)].compactMap(\.self)
        if let environment, refusal == nil {
            do {
                _ = try undoAudience(environment, files, on: console)
            } catch let error as any GranaryError where error.exitStatus == .refused {
                refusals.append("\(error)")
            }
        }
        plan.obstacles += refusals
        try console.result(
            CleanLines.planResult.document((plan, environment)),
            else: CleanLines.plan(plan, at: connected.host, in: environment)
        )
        guard plan.hits.isEmpty, refusals.isEmpty else {
            throw ExitCode(ExitStatus.refused.rawValue)
        }
        guard plan.obstacles.isEmpty else { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    /// The shell command that restores the deleted rows.
    private func undoLine(_ file: String, _ plan: CleanPlan, _ database: ConnectedDatabase) -> String {
        RestoreLine(self.database, service.state, manner.store, migrations: service.migrations, database)
            .text(file, ["--data-only", "--if-empty"] + (plan.undoNeedsAllowInvalid ? ["--allow-invalid"] : []))
    }

    private func tell(_ plan: CleanPlan, _ report: CleanReport?, _ job: Job) throws {
        let undo = report?.undo.map { undoLine($0, plan, job.database) }
        if let report { for line in CleanLines.report(report) { job.console.note(line) } }
        if let undo {
            if let note = RestoreLine.identityNote([undo]) { job.console.note(note) }
            job.console.note("to undo it:")
        }
        if job.console.settings.isJSON {
            try job.console.result(CleanLines.result.document((plan, report, job.environment, undo)))
        } else if let undo {
            try job.console.result(undo)
        }
    }
}
