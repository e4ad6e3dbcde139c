internal import Archive
internal import LocalServer
internal import Logging
internal import PostgresClient
internal import Restore
internal import Synchronization

/// The restore of a drill. If the backup itself is to blame for a failure, that is a finding.
struct RestoreTrial: Sendable {
    private let file: RestoreFile
    private let options: DrillOptions
    private let journal: DrillJournal
    private let logger: Logger
    private let progress: @Sendable (DrillProgress) -> Void

    init(
        _ file: RestoreFile,
        _ options: DrillOptions,
        _ journal: DrillJournal,
        _ logger: Logger,
        _ progress: @escaping @Sendable (DrillProgress) -> Void
    ) {
        self.file = file
        self.options = options
        self.journal = journal
        self.logger = logger
        self.progress = progress
    }

    /// Extensions that cannot be created unless the server was started with their library.
    private static let preloaded: Set<String> = ["citus", "pg_cron", "timescaledb"]

    /// - Returns: The restored database; nil if the restore failed.
    /// - Throws: `DrillError`; the errors of a restore that say nothing about the backup.
    func run(into target: DrillPlace.Target) async throws -> ServerAddress? {
        try requireLibraries()
        let server = target.server
        let restore = restoreOptions(into: target)
        let clock = PhaseClock()
        let progress = progress
        do {
            var looking = restore
            looking.trust = .sealed(by: options.keys)
            let plan = RestoreRun(looking, file: file, server: server, logger: logger) { progress(.restore($0)) }
            try requireHarmless(try await plan.plan(listsCode: false))
            let report = try await RestoreRun(restore, file: file, server: server, logger: logger) { event in
                if case .phase(let name) = event { clock.begin(name) }
                progress(.restore(event))
            }.run()
            journal.update { $0.phases += clock.phases }
            note(report)
            return server.database(target.name)
        } catch {
            if let lack = Self.lack(error) { throw obstacle(lack) }
            guard let problem = Self.finding(error) else { throw error }
            journal.update { $0.phases += clock.phases }
            journal.check(.restore, isOK: false, problem)
            journal.omit("every check after the restore", because: "the restore failed")
            return nil
        }
    }

    /// - Throws: `DrillError.obstacles`.
    private func requireLibraries() throws {
        guard case .temporary = options.place else { return }
        let names = (file.manifest?.extensions ?? []).map(\.name).filter(Self.preloaded.contains)
        guard !names.isEmpty else { return }
        throw DrillError(
            .obstacles,
            "\(options.file) cannot be drilled on a temporary server, which does not load \(names.listed())",
            hint: "nothing was restored; name a server that loads it, with --server"
        )
    }

    private func restoreOptions(into target: DrillPlace.Target) -> RestoreOptions {
        var restore = RestoreOptions(file: options.file)
        restore.into = target.name
        // A swap is of one server, so a cluster is filled in place.
        restore.inPlace = target.isPrepared
        restore.targetIsNew = target.isPrepared
        restore.jobs = options.jobs
        restore.stateSchema = options.stateSchema
        restore.environment = file.manifest?.environment
        restore.noTablespaces = true
        // The server may be one of production.
        restore.withoutForeignRows = true
        restore.maintenanceDatabase = target.server.resolvedDatabase
        let roles = Set(file.manifest?.roles ?? [])
        let isDefined = roles.isSubset(of: Set((file.manifest?.roleDefinitions ?? []).map(\.name)))
        if case .temporary = options.place, file.isOurs, isDefined {
            restore.createsRoles = true
            noteSuperuser()
        } else {
            restore.noOwner = true
            journal.omit(
                "owners, and privileges of roles that the server lacks",
                because: file.isOurs && isDefined
                    ? "no role is created on another server" : "the backup does not describe its roles"
            )
        }
        return restore
    }

    /// A role that the server has already is not created again, so one with the name of the superuser is a superuser.
    private func noteSuperuser() {
        let name = TemporaryServer.superuser
        let role = file.manifest?.roleDefinitions?.first { $0.name == name }
        guard let role, !role.attributes.contains("SUPERUSER") else { return }
        journal.omit(
            "the rights of the role \(name)",
            because: "the superuser of a temporary server has this name"
        )
    }

    /// - Throws: `DrillError.untrusted`, `.obstacles`; `RestoreError.incomplete`, which is a finding.
    private func requireHarmless(_ outlook: RestorePlanReport) throws {
        if let code = outlook.code, !code.isHarmless, outlook.isSealed != true, !options.trusts {
            throw DrillError(
                .untrusted,
                "\(options.file) has no known seal, and would run \(code.lines.joined(separator: ", "))",
                hint: "nothing was restored; if you know who made it, add --trust"
            )
        }
        if let refusal = outlook.refusal { throw refusal }
        if !outlook.obstacles.isEmpty { throw obstacle(outlook.obstacles.joined(separator: "; ")) }
    }

    private func obstacle(_ problem: String) -> DrillError {
        DrillError(
            .obstacles,
            "\(options.file) cannot be drilled here: \(problem)",
            hint: "give the server what it lacks, or name another with --server"
        )
    }

    private func note(_ report: RestoreReport) {
        journal.update { drill in
            drill.rtoSeconds = report.seconds
            drill.tables = report.tables
            drill.rows = report.rows
            drill.notes += report.notes
        }
        let missing = report.leftOut.missing
        for one in missing { journal.omit(one.object, because: one.reason) }
        journal.check(
            .restore,
            report.invalid.map { "NOT VALID: \($0)" },
            else: "\(counted(report.rows, "row")) in \(counted(report.tables, "table"))"
        )
    }

    /// What the server lacks, such as a locale; nil if the failure has another reason.
    private static func lack(_ error: any Error) -> String? {
        switch error {
        case let error as RestoreError: error.code == .preflight ? error.message : nil
        default: nil
        }
    }

    /// Why the backup cannot be restored; nil if the failure says nothing about it.
    private static func finding(_ error: any Error) -> String? {
        switch error {
        case let error as RestoreError:
            switch error.code {
            case .statement, .mismatch, .format, .dump, .incomplete: error.description
            case .selection, .usage, .preflight, .refused, .untrusted, .busy: nil
            }
        case let error as ArchiveError: error.code == .io ? nil : error.description
        // An error without a subject is about the server, such as a locale that it lacks.
        case let error as PostgresError: error.isOfStatement && error.subject != nil ? error.description : nil
        default: nil
        }
    }
}

/// The times of the phases of a restore.
private final class PhaseClock: Sendable {
    private let marks = Mutex<[(name: String, start: ContinuousClock.Instant)]>([])

    func begin(_ name: String) { marks.withLock { $0.append((name, .now)) } }

    var phases: [DrillReport.Phase] {
        let marks = marks.withLock { $0 }
        let ends = marks.dropFirst().map(\.start) + [.now]
        return zip(marks, ends).map { mark, end in
            DrillReport.Phase(name: "restore: \(mark.name)", seconds: (end - mark.start) / .seconds(1))
        }
    }
}
