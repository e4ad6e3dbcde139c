internal import Archive
internal import Logging
internal import PostgresClient
internal import SQLText

/// What is made after the rows are there: indexes beside each other, constraints by one session, checks beside each
/// other again, then whatever acts on rows.
///
/// Constraints in parallel deadlock (two foreign keys between two tables, taken in opposite order), and each takes a
/// lock on both its tables: so they are added NOT VALID, which is quick, and validated afterwards.
struct PostData: Sendable {
    let plan: RestorePlan
    let manifest: Manifest
    let options: RestoreOptions
    /// The database that is being filled.
    let database: ServerAddress
    let statements: SchemaStatements
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    /// Builds indexes in parallel, the largest tables first.
    func buildIndexes() async throws {
        let sizes = Dictionary(
            manifest.tables.map { ("\($0.schema).\($0.name)", $0.rawBytes) },
            uniquingKeysWith: { first, _ in first }
        )
        let builds = plan.indexes.map { (build: $0, bytes: sizes[$0.tableName(in: manifest)] ?? 0) }
            .sorted { $0.bytes > $1.bytes }.map(\.build)
        let statements = statements
        let settings = statements.userCode.whileMaking
        try await inParallel(builds, settings, phase: "building indexes", name: \.item.title) { build, session in
            var statements = statements
            var item = build.item
            item.sql = build.sql
            item.ownable = nil
            try statements.make(item, &session)
        }
    }

    /// Adds constraints in pg_dump's order; returns those whose rows are still to be checked.
    func addConstraints(_ statements: inout SchemaStatements, _ session: inout Session) throws -> [Validation] {
        var validations: [Validation] = []
        for (index, item) in plan.constraints.enumerated() {
            progress(.made(object: item.title, number: index + 1, of: plan.constraints.count))
            if let attach = item.index?.attach {
                var item = item
                item.sql = attach
                try statements.make(item, &session)
            } else if let validation = Validation(item, manifest, serverVersion: session.serverVersion) {
                var item = item
                item.sql = validation.addition
                try statements.make(item, &session)
                validations.append(validation)
            } else {
                try statements.make(item, &session)
            }
        }
        return validations
    }

    /// Gathers statistics and checks constraints; returns the constraints that do not hold, where that is allowed.
    func analyzeAndValidate(_ validations: [Validation], analyze: [Analysis]) async throws -> [String] {
        // A check takes a fifth less time with statistics; and either would wait for the other's lock on its table.
        let tasks = analyze.map(FinalTask.analyze) + validations.map(FinalTask.validate)
        let invalid = InvalidConstraints()
        let allowInvalid = options.allowInvalid
        let settings = statements.userCode.own
        try await inParallel(tasks, settings, phase: "gathering statistics, checking constraints", name: \.name) {
            task,
            session in
            switch task {
            case .analyze(let analysis): try session.execute(analysis.sql(session))
            case .validate(let validation):
                do {
                    try session.execute(validation.validation)
                } catch let error as PostgresError where error.sqlState?.hasPrefix("23") == true {
                    guard allowInvalid else {
                        throw RestoreError(
                            .statement,
                            "\(validation.title) does not hold: \(error)",
                            hint: "--allow-invalid leaves such constraints NOT VALID and lists them"
                        )
                    }
                    invalid.add(validation.title)
                }
            }
        }
        return invalid.names
    }

    private func inParallel<Job: Sendable>(
        _ jobs: [Job],
        _ settings: [UserCodeSettings.Setting],
        phase: String,
        name: @escaping @Sendable (Job) -> String,
        _ body: @escaping @Sendable (Job, inout Session) throws -> Void
    ) async throws {
        guard !jobs.isEmpty else { return }
        progress(.phase(phase))
        let queue = WorkQueue(Array(jobs.enumerated()))
        let workers = min(options.jobs, jobs.count)
        // An index build may take helpers of its own: together they stay within what was asked for.
        let helpers = max(0, options.jobs / workers - 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    try await withSession(database, logger: logger) { session in
                        try SchemaStatements.pin(
                            session,
                            statements.userCode,
                            [
                                ("max_parallel_maintenance_workers", String(helpers)),
                                ("maintenance_work_mem", "256MB"),
                            ]
                        )
                        try session.set(settings)
                        while let (index, job) = queue.next() {
                            progress(.made(object: name(job), number: index + 1, of: queue.count))
                            try PostData.retryingDeadlocks { try body(job, &session) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func retryingDeadlocks(_ body: () throws -> Void) throws {
        for _ in 0..<5 {
            do {
                return try body()
            } catch  where PostgresError.isState("40P01", error) {
                continue
            }
        }
        try body()
    }
}

/// A constraint that is added NOT VALID and checked later.
struct Validation: Sendable {
    var title: String
    var addition: String
    var validation: String

    /// nil for items that are added as they are: other kinds, those that were NOT VALID in the backup, and before
    /// PostgreSQL 18 those of partitioned tables.
    init?(_ item: Manifest.SchemaItem, _ manifest: Manifest, serverVersion: Int) {
        guard item.kind == "FK CONSTRAINT", let schema = item.schema else { return nil }
        var statement = item.sql[...]
        while let last = statement.last, last.isWhitespace || last == ";" { statement.removeLast() }
        guard !statement.hasSuffix(" NOT VALID"), !statement.hasSuffix(" NOT ENFORCED") else { return nil }
        let parent = manifest.tables.first { table in
            table.schema == schema && table.kind == .partitioned && item.name.hasPrefix(table.name + " ")
        }
        guard parent == nil || serverVersion >= 180_000 else { return nil }
        guard let (table, name) = Validation.names(in: String(statement)) else { return nil }
        title = item.title
        addition = statement + " NOT VALID"
        validation = "\(table)VALIDATE CONSTRAINT \(name)"
    }

    /// pg_dump writes `ALTER TABLE [ONLY] name ADD CONSTRAINT name …`: what stands before ADD, and the second name.
    private static func names(in statement: String) -> (table: String, constraint: String)? {
        var table = ""
        var isPastAdd = false
        for lexeme in Lexeme.all(of: statement) {
            switch (lexeme.kind, lexeme.text) {
            case (.word, "ADD") where !isPastAdd: isPastAdd = true
            case (.word, "CONSTRAINT") where isPastAdd: continue
            case (.word, let text) where isPastAdd, (.quotedName, let text) where isPastAdd: return (table, text)
            case (_, let text): if !isPastAdd { table += text }
            }
        }
        return nil
    }
}

/// Statistics of one table; for rows that were loaded unfrozen also the visibility map, which the first scan would make.
struct Analysis: Sendable {
    var table: TableName
    var vacuums: Bool

    func sql(_ session: borrowing Session) -> String {
        vacuums ? "VACUUM (ANALYZE) \(session.quoted(table))" : "ANALYZE \(session.quoted(table))"
    }
}

private enum FinalTask: Sendable {
    case validate(Validation)
    case analyze(Analysis)

    var name: String {
        switch self {
        case .validate(let validation): validation.title
        case .analyze(let analysis): "statistics of \(analysis.table)"
        }
    }
}

extension RestorePlan.IndexBuild {
    /// The table that the index is on, as the manifest's tables are named: pg_dump tags a constraint with it, and
    /// an index depends on it.
    fileprivate func tableName(in manifest: Manifest) -> String {
        let owners = manifest.schema.filter { $0.kind == "TABLE" && item.dependsOn.contains($0.id) }
        return owners.first.map { "\($0.schema ?? "").\($0.name)" } ?? ""
    }
}
