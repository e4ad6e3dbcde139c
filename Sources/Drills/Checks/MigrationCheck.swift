internal import Archive
internal import Migrations
internal import PostgresClient
internal import SQLText

// The ledger of the backup against the files, and the pending migrations on the copy.
extension DrillBench {
    func checkLedger() async throws {
        guard let migrator = migrator() else {
            return journal.omit("the ledger of migrations", because: "there is no folder of migrations")
        }
        try await journal.phase("ledger") {
            let services = try await migrator.status()
            let problems = services.flatMap(Self.problems)
            let applied = services.flatMap(\.standings.all).count(where: \.isApplied)
            let pending = services.flatMap(\.standings.all).count { $0.state == .pending || $0.state == .outOfOrder }
            journal.check(
                .ledger,
                problems,
                else: "\(counted(applied, "migration")) applied, unchanged in the files; \(pending) pending"
            )
        }
    }

    private static func problems(_ service: ServiceState) -> [String] {
        let standings = service.standings.all.compactMap { standing -> String? in
            switch standing.state {
            case .missing: "\(standing.name) is applied, and its file is missing"
            case .modified: "\(standing.name) is applied, and its file has changed since"
            case .failed: "\(standing.name) was not finished when the backup was made"
            case .applied, .pending, .newer, .outOfOrder, .otherLayer, .unverified: nil
            }
        }
        return standings + service.disagreements.map(\.message) + service.tree.problems.map(\.description)
    }

    /// Applies one migration after the other, and looks at what each has done.
    func applyPendingMigrations() async throws {
        guard options.migrates else { return }
        guard let migrator = migrator() else {
            return journal.omit("pending migrations", because: "there is no folder of migrations")
        }
        try await journal.phase("pending migrations") {
            do {
                while let step = try await next(migrator) {
                    if let statement = step.script.statements.first(where: reachesBeyond) {
                        omitPending(from: step, because: statement)
                        break
                    }
                    let before = try await reading { try RelationFiles($0) }
                    let start = ContinuousClock.now
                    _ = try await migrator.run(.up(1))
                    let seconds = (.now - start) / .seconds(1)
                    let after = try await reading { try RelationFiles($0) }
                    journal.update { report in
                        report.migrations.append(
                            .init(step, seconds: seconds, rewritten: after.rewritten(since: before))
                        )
                    }
                }
            } catch let error as any GranaryError where Self.isOfMigration(error) {
                return journal.check(.migrations, isOK: false, error.description)
            }
            let done = journal.now.migrations
            let seconds = done.reduce(0) { $0 + $1.seconds }
            journal.check(
                .migrations,
                isOK: true,
                done.isEmpty
                    ? "nothing was applied"
                    : "\(counted(done.count, "pending migration")) applied in \((seconds * 10).rounded() / 10) s"
            )
        }
    }

    /// Whether a statement acts on more than the copy. A temporary server may be changed, but another one may not, and
    /// the publisher of a subscription never.
    private func reachesBeyond(_ statement: MigrationStatement) -> Bool {
        if statement.tag.hasSuffix(" SUBSCRIPTION") { return true }
        let words = ["ROLE", "DATABASE", "TABLESPACE", "SYSTEM", "OWNED"]
        let kinds: Set<ObjectKind> = [.role, .database, .tablespace]
        return !isOnOwnServer
            && (words.contains { statement.tag.hasSuffix(" \($0)") }
                || statement.effects.touches.contains { kinds.contains($0.kind) })
    }

    private func omitPending(from step: MigrationStep, because statement: MigrationStatement) {
        let reason =
            statement.tag.hasSuffix(" SUBSCRIPTION")
            ? "a drill connects to no publisher" : "only a temporary server may be changed as a whole"
        journal.omit(
            "\(step.title) and the migrations after it",
            because: "\(step.script.path):\(statement.line) is \(statement.tag), and \(reason)"
        )
    }

    /// Whether the migration itself failed, and not the server or a lock.
    private static func isOfMigration(_ error: any GranaryError) -> Bool {
        switch error {
        case let error as MigrationError:
            error.exitStatus != .busy && !["40", "53", "57", "58"].contains(error.sqlState?.prefix(2) ?? "")
        case let error as PostgresError: error.isOfStatement
        default: false
        }
    }

    /// The next step up; nil if nothing is pending.
    private func next(_ migrator: Migrator) async throws -> MigrationStep? {
        let plan = try await migrator.plan(.up(1))
        if let obstacle = plan.obstacles.first { throw obstacle }
        return plan.steps.first
    }

    private func migrator() -> Migrator? {
        guard var migrations = options.migrations else { return nil }
        if let environment = manifest?.environment { migrations.environment = environment }
        migrations.isRehearsal = true
        let progress = progress
        return Migrator(
            migrations,
            server: database,
            logger: logger,
            // A rehearsal asks for no backup.
            backUp: { _, _ in "" },
            progress: { progress(.migrate($0)) }
        )
    }
}

extension DrillReport.Migration {
    fileprivate init(_ step: MigrationStep, seconds: Double, rewritten: [String]) {
        self.init(
            service: step.service,
            version: step.version,
            name: step.name,
            seconds: seconds,
            locks: step.script.locks.filter(\.value.blocksWrites).map { "\($0.key): \($0.value)" }.sorted(),
            rewritten: rewritten
        )
    }
}

/// The number of each table's file, which changes when the table is written anew.
private struct RelationFiles: Sendable {
    private let files: [UInt32: (name: TableName, node: UInt32)]

    init(_ session: borrowing Session) throws {
        let rows = try session.query(
            """
            SELECT c.oid, n.nspname, c.relname, c.relfilenode
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND c.reltuples > 0
            """
        )
        files = Dictionary(
            rows.map { row in
                let name = TableName(schema: row.text("nspname"), name: row.text("relname"))
                return (row.oid("oid"), (name, row.oid("relfilenode")))
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    func rewritten(since before: RelationFiles) -> [String] {
        files.compactMap { oid, file in
            before.files[oid].flatMap { $0.node == file.node ? nil : file.name.description }
        }.sorted()
    }
}
