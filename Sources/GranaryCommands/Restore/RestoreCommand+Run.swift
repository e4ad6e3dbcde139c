internal import ArgumentParser
internal import Bookkeeping
internal import PostgresClient
internal import Project
package import Restore
internal import Storage

extension RestoreCommand {
    package mutating func validate() throws {
        let archived = manner.roleMap.map(\.archived)
        if let twice = archived.first(where: { name in archived.filter { $0 == name }.count > 1 }) {
            throw ValidationError("--role-map names \(twice) twice")
        }
        if target.inPlace && target.dropOld {
            throw ValidationError("--in-place and --drop-old contradict each other: in place there is no old database")
        }
        if selection.ifEmpty && !selection.dataOnly { throw ValidationError("--if-empty requires --data-only") }
        if target.kept, !file.isEmpty || target.dropKept { throw ValidationError("--kept only lists; give it alone") }
        if file.isEmpty, !target.kept, !target.dropKept { throw ValidationError("give the backup to restore") }
        if target.into?.isEmpty == true { throw ValidationError("--into is empty") }
        if target.confirm?.isEmpty == true { throw ValidationError("--confirm is empty") }
        if target.from?.isEmpty == true { throw ValidationError("--from is empty") }
    }

    package func run(on console: Console) async throws {
        if target.kept || target.dropKept { return try await runOnKept(on: console) }
        let stores = store.stores(on: console)
        let path = try BackupFile.found(file, backups: backups, in: stores, takesAll: true)
        let file = readsStandardInput ? FileSource.standardInputName : path
        let connected = try await database.connect(
            on: console,
            mayBeMissing: true,
            maintenance: target.maintenanceDb,
            migrations: migrations
        ).ignoringReadOnlyDefault
        var options = try options(file: file, connected, on: console)
        var goal = try await goal(connected, on: console)
        try requireNoTemplate(goal.name)
        let (environment, policy) = try await environment(of: goal, on: console)
        goal.environments = goal.environments.with(policy, of: environment ?? "")
        if !goal.exists { options.environment = try environmentOfNew(goal, on: console) }
        options.trust = .sealed(by: try Installation(console).knownKeys())
        let opened = try RestoreFile(path, keyring: try keys.keyring(on: console), stores: stores)
        if opened.manifest != nil {
            // A variable may be meant for plain dumps; an archive is whole, and says its encoding.
            if OptionVariables.used["allow-incomplete"] != nil { options.allowIncomplete = false }
            if OptionVariables.used["encoding"] != nil { options.encoding = nil }
        }
        let looking = options
        var outlook = try await ProgressRenderer.drawing(on: console) { renderer in
            try await RestoreRun(looking, file: opened, server: connected.address, logger: console.logger) {
                renderer.receive(ProgressEvent($0))
            }.plan(listsCode: plan)
        }
        let run = RestoreRun(options, file: opened, server: connected.address, logger: console.logger) { _ in }
        let production = try await productionAnswers(run, opened, outlook, options, goal, environment)
        let confirmation = Confirmation(
            database: goal.name,
            host: goal.host,
            given: answer("confirm", target.confirm, isProduction: production != nil),
            console: console
        )
        if plan {
            try await confirmation.settle(isNeeded: false)
            outlook.steps += production?.steps ?? []
            outlook.obstacles += try await refusal(of: goal, on: console).map { [$0] } ?? []
            return try tell(outlook, on: console)
        }
        if let refusal = outlook.refusal { throw refusal }
        try requireOrigin(outlook.environment, isProduction: production != nil)
        try production?.require(on: console)
        for line in RestoreIntent(file: options.file, goal: goal, steps: outlook.steps).lines { console.note(line) }
        try await TrustQuestion(
            file: options.file,
            outlook: outlook,
            isTrusted: target.trust,
            line: Self.trustingLine(Array(CommandLine.arguments.dropFirst())),
            console: console
        ).settle()
        let isOurs = outlook.isSealed
        options.trust = .anyone
        let destroys = options.destroys(isPartial: opened.isPartialArchive)
        try await confirmation.settle(
            isNeeded: goal.exists && destroys || production != nil,
            isRequired: production != nil
        )
        let settled = options
        let report = try await ProgressRenderer.drawing(on: console) { renderer in
            try await RestoreRun(settled, file: opened, server: connected.address, logger: console.logger) {
                renderer.receive(ProgressEvent($0))
            }.run()
        }
        try tell(report, of: connected, isOurs: isOurs, on: console)
    }

    /// Every database that is created later would be a copy of the backup.
    private func requireNoTemplate(_ name: String) throws {
        guard ["template0", "template1"].contains(name) else { return }
        throw CommandError(
            .refused,
            "\(name) is the template of new databases, so nothing is restored into it",
            hint: "name another database with --into"
        )
    }

    /// Passes the guard, unless this is only a plan.
    ///
    /// - Returns: The environment of the target, and the rules that are stored in it; nil if the target does not exist or
    ///   is not marked.
    /// - Throws: `EnvironmentsError` with `.refused`.
    private func environment(
        of goal: ConnectedDatabase,
        on console: Console
    ) async throws -> (environment: String?, policy: MarkerPolicy?) {
        guard goal.exists else { return (nil, nil) }
        let gate = Gate(database: goal, schema: state.schema, console: console)
        guard !plan else {
            let situation = try await gate.situation()
            return (situation.marker.name, situation.policy)
        }
        let (environment, policy) = try await gate.admit()
        try goal.environments.requireRulesInPlace([.production], of: environment)
        return (environment, policy)
    }

    /// Why the guard would refuse the restore; nil if it would not.
    private func refusal(of goal: ConnectedDatabase, on console: Console) async throws -> String? {
        guard goal.exists else { return nil }
        do {
            let situation = try await Gate(database: goal, schema: state.schema, console: console).situation()
            let environment = try Guard.admit(situation).environment
            try goal.environments.requireRulesInPlace([.production], of: environment)
            return nil
        } catch let error as EnvironmentsError where error.exitStatus == .refused {
            return error.hint.map { "\(error.description) (\($0))" } ?? error.description
        }
    }

    /// nil if no rows of production are affected.
    private func productionAnswers(
        _ run: RestoreRun,
        _ opened: RestoreFile,
        _ outlook: RestorePlanReport,
        _ options: RestoreOptions,
        _ goal: ConnectedDatabase,
        _ environment: String?
    ) async throws -> ProductionAnswers? {
        guard let environment, goal.environments.rules(of: environment).isProduction,
            let table = try await run.tableWithRows()
        else { return nil }
        return ProductionAnswers(
            file: options.file,
            goal: goal,
            environment: environment,
            table: table,
            archived: outlook.environment,
            losesRows: options.destroys(isPartial: opened.isPartialArchive),
            from: answer("from", target.from, isProduction: true),
            confirm: answer("confirm", target.confirm, isProduction: true)
        )
    }

    private func requireOrigin(_ archived: String?, isProduction: Bool) throws {
        guard let named = answer("from", target.from, isProduction: isProduction) else { return }
        try BackupOrigin(file: file, archived: archived).require(named)
    }

    /// The value of an option. For production it counts only if it is on the command line.
    private func answer(_ option: String, _ value: String?, isProduction: Bool) -> String? {
        isProduction && OptionVariables.used[option] != nil ? nil : value
    }

    /// The guard would mark an empty database in the same way: only if the environment was given for this run.
    private func environmentOfNew(_ goal: ConnectedDatabase, on console: Console) throws -> String? {
        let choice = try EnvironmentChoice.resolve(
            option: goal.environmentOption,
            from: OptionVariables.used["env"],
            variables: console.environment,
            marker: nil,
            file: goal.environments
        )
        if let choice, choice.source.isExplicit { return choice.name }
        return goal.isLocal ? "development" : nil
    }

    private func options(
        file: String,
        _ connected: ConnectedDatabase,
        on console: Console
    ) throws -> RestoreOptions {
        var options = RestoreOptions(file: file)
        options.into = target.into
        options.inPlace = target.inPlace
        options.dropOld = target.dropOld
        options.force = target.force
        options.maintenanceDatabase = target.maintenanceDb
        options.schemas = selection.schema
        options.tables = selection.table.map(\.selection)
        options.excludedSchemas = selection.excludeSchema
        options.excludedTables = selection.excludeTable
        options.tablesWithoutData = selection.excludeTableData
        options.rows = selection.rows
        options.dataOnly = selection.dataOnly
        options.ifEmpty = selection.ifEmpty
        options.withSubscriptions = selection.withSubscriptions
        options.jobs = try connected.workers(manner.workers, on: console)
        options.noOwner = manner.noOwner
        options.roleMap = Dictionary(uniqueKeysWithValues: manner.roleMap.map { ($0.archived, $0.here) })
        options.createsRoles = manner.roles
        options.noPrivileges = manner.noPrivileges
        options.noTablespaces = manner.noTablespaces
        options.database = manner.database
        options.encoding = manner.encoding
        options.allowInvalid = manner.allowInvalid
        options.keepGoing = manner.keepGoing
        options.allowIncomplete = manner.allowIncomplete
        options.withoutAnalyze = manner.noAnalyze
        options.stateSchema = state.stateSchema
        options.services = try connected.services(migrations: migrations, variables: console.environment)
        return options
    }

    /// The target database: that of the connection, or of `--into`.
    private func goal(_ connected: ConnectedDatabase, on console: Console) async throws -> ConnectedDatabase {
        guard let name = target.into, name != connected.name else { return connected }
        let probe = DatabaseProbe(address: connected.address.database(name), patience: .zero, console: console)
        var goal = try await probe.existing(orThrough: connected.exists ? [connected.name] : ["postgres", "template1"])
        goal.isLocal = connected.isLocal
        goal.environmentOption = connected.environmentOption
        goal.environmentName = connected.environmentName
        goal.environments = connected.environments
        return goal
    }
}

// The outcome.
extension RestoreCommand {
    private func tell(
        _ report: RestoreReport,
        of connected: ConnectedDatabase,
        isOurs: Bool?,
        on console: Console
    ) throws {
        let drop =
            report.kept.map { dropLine(for: $0, of: connected) } ?? report.beside.map { connected.dropCommand(for: $0) }
        let swap = report.laterSwap.map {
            connected.swapCommand($0, of: report.database, through: target.maintenanceDb)
        }
        for line in Self.lines(report, drop: drop, swap: swap) { console.note(line) }
        if console.settings.isQuiet, let kept = report.kept { console.insist("the old database is kept as \(kept)") }
        if console.settings.isJSON { try console.result(Self.result.document((report, isOurs))) }
        let isWhole = report.invalid.isEmpty && report.leftOut.missing.isEmpty && report.isComplete != false
        if !isWhole { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    /// - Parameters:
    ///   - drop: The line for a shell that drops the database that is kept, or the new one that stays beside the target.
    ///   - swap: The line that puts the new database in the target's place.
    package static func lines(_ report: RestoreReport, drop: String?, swap: String? = nil) -> [String] {
        var lines = report.notes.map { "note: \($0)" }
        lines += report.rewinds.map { "the ledger of \($0.service) went \($0.change)" }
        lines += report.invalid.map { "left NOT VALID: \($0)" }
        lines += report.leftOut.missing.flatMap { one in
            ["left out: \(Formatting.harmless("\(one.object): \(one.reason)"))"]
                + one.dependents.map { "  and with it: \(Formatting.harmless($0))" }
        }
        lines.append(
            [
                report.database,
                "\(counted(report.rows, "row")) in \(counted(report.tables, "table"))",
                Formatting.duration(seconds: report.seconds),
            ].joined(separator: "  ")
        )
        if let kept = report.kept {
            let size = report.keptBytes.map { " (\(Formatting.bytes($0)))" } ?? ""
            lines.append("the old database is kept as \(kept)\(size)")
            if let drop { lines.append("to drop it: \(drop)") }
        } else if report.swapped {
            lines.append("the new database took the place of the old one, which was dropped")
        } else if let beside = report.beside {
            lines.append(
                "\(report.database) is unchanged, because skipped objects protect its data; the new database is \(beside)"
            )
            if let swap { lines.append("to replace the old one: \(swap)") }
            if let drop { lines.append("to drop it: \(drop)") }
        }
        return lines
    }

    /// A report, and whether this installation made the backup; nil for a plain dump.
    package static let result = ResultDescription<(report: RestoreReport, isOurs: Bool?)>([
        .init("database", \.report.database), .init("rows", \.report.rows), .init("tables", \.report.tables),
        .init("seconds", \.report.seconds), .init("swapped", \.report.swapped), .init("kept", \.report.kept),
        .init("kept_bytes", \.report.keptBytes), .init("invalid", \.report.invalid), .init("notes", \.report.notes),
        .init("rewinds", each: rewind, \.report.rewinds), .init("trusted", \.isOurs),
        .init("complete", \.report.isComplete), .init("left_out", each: leftOut, \.report.leftOut),
        .init("beside", \.report.beside),
    ])

    private static let leftOut = ResultDescription<LeftOut>([
        .init("object", \.object), .init("reason", \.reason), .init("effect", \.effect.rawValue),
        .init("dependents", \.dependents),
    ])

    private static let rewind = ResultDescription<ServiceRewind>([
        .init("service", \.service), .init("from", \.from), .init("to", \.to),
    ])

    private func tell(_ report: RestorePlanReport, on console: Console) throws {
        try console.result(Self.planResult.document(report), else: Self.lines(report))
        if !report.obstacles.isEmpty { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    package static func lines(_ report: RestorePlanReport) -> [String] {
        let amount = [
            counted(report.tables, "table"), report.rows.map { counted($0, "row") }, Formatting.bytes(report.rawBytes),
        ].compactMap(\.self)
        let steps = report.steps.enumerated().map { "\($0.offset + 1). \(Formatting.harmless($0.element))" }
        let obstacles = report.obstacles.map { "- \(Formatting.harmless($0))" }
        let code = report.code.flatMap { code -> [String]? in
            guard !code.isHarmless else { return nil }
            let stranger = report.isRepacked ? ", packed again by another program" : ", not made by this installation"
            let origin = report.isSealed.map { $0 ? ", made by this installation" : stranger }
            return ["It runs\(origin ?? "")\(code.isPartial ? " (as far as it was read)" : ""):"]
                + (code.lines + code.roleLines).map { "- \(Formatting.harmless($0))" }
        }
        return ["database \(Formatting.harmless(report.database)): \(amount.joined(separator: ", "))"] + steps
            + (code ?? []) + (obstacles.isEmpty ? [] : ["It would fail:"] + obstacles)
    }

    static let planResult = ResultDescription<RestorePlanReport>([
        .init("database", \.database), .init("tables", \.tables), .init("rows", \.rows),
        .init("raw_bytes", \.rawBytes), .init("steps", \.steps), .init("obstacles", \.obstacles),
        .init("rewinds", each: rewind, \.rewinds), .init("trusted", \.isSealed), .init("complete", \.isComplete),
        .init("runs", code, \.code),
    ])

    private static let code = ResultDescription<CodeInventory>([
        .init("functions", \.functions), .init("security_definers", \.securityDefiners), .init("triggers", \.triggers),
        .init("event_triggers", \.eventTriggers), .init("rules", \.rules), .init("extensions", \.extensions),
        .init("languages", \.languages), .init("calls", \.calls), .init("others", \.others), .init("unread", \.unread),
        .init("settings", \.settings), .init("down_migrations", \.downScripts), .init("owners", \.owners),
        .init("grantees", \.grantees), .init("roles", \.roles), .init("partial", \.isPartial),
    ])
}

extension RestoreIntent {
    init(file: String, goal: ConnectedDatabase, steps: [String]) {
        self.init(file: file, database: goal.name, host: goal.host, exists: goal.exists)
        tables = goal.tables
        rowsEstimate = goal.rowsEstimate
        bytes = goal.bytes
        self.steps = steps
    }
}
