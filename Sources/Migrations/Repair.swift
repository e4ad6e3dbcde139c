internal import Bookkeeping
internal import PostgresClient
internal import Project
internal import SQLText

/// The result of `repair`.
package struct RepairReport: Sendable {
    /// One sentence for each repair.
    package internal(set) var done: [String] = []
    package internal(set) var applied: [String] = []
}

/// Which of two contradicting records is right.
package enum Trusted: String, Sendable, CaseIterable {
    case row
    case ledger
}

extension Migrator {
    /// Repairs the state after a broken run: finishes interrupted files, and resolves contradictions between the ledger
    /// and that of another tool.
    ///
    /// - Throws: `MigrationError` if the user has to decide first.
    package func repair(trusting trusted: Trusted?) async throws -> RepairReport {
        try await holdingLock { lock, session in
            try options.stateSchema.ensure(&session)
            var report = RepairReport()
            for folder in options.services {
                var state = try reader.read(folder, isAsked: true, session)
                if let trusted {
                    try settle(state, trusted, &report, &session)
                    state = try reader.read(folder, isAsked: true, session)
                }
                try resume(state, lock, &report, &session)
                if trusted == nil, let obstacle = Adoption.obstacle(state) { throw obstacle }
            }
            return report
        }
    }

    // MARK: Interrupted runs

    private func resume(
        _ state: ServiceState,
        _ lock: RunLock.Held,
        _ report: inout RepairReport,
        _ session: inout Session
    ) throws {
        for standing in state.standings.all {
            guard var run = standing.unfinished, run.leavesSomething else { continue }
            let step = try interrupted(standing, run, state)
            if !run.hasFailed, run.statementsDone < step.script.statements.count {
                if try hasTakenEffect(step.script.statements[run.statementsDone], standing, &report, session) {
                    run.statementsDone += 1
                }
            }
            let watch = try watch(session)
            defer { watch.stop() }
            let applied = Set(state.entries.map(\.version))
            try runner(step, { _ in applied }, [state], lock, session).run(&session, resuming: run)
            report.done.append("\(standing.name) continued from statement \(run.statementsDone + 1) to its end")
            report.applied.append(standing.name)
        }
    }

    /// The step that was interrupted, with the file as it is now.
    private func interrupted(
        _ standing: MigrationStanding,
        _ run: UnfinishedRun,
        _ state: ServiceState
    ) throws -> MigrationStep {
        guard let migration = state.tree.migration(standing.version),
            let file = run.direction == .up ? migration.up : migration.down
        else {
            throw MigrationError(
                .file,
                "\(standing.name) was interrupted, but its \(run.direction.rawValue) file is gone",
                hint:
                    "restore the file, then repair; the effects of its first \(run.statementsDone) of \(run.statementsTotal) statements are still in the database"
            )
        }
        let script = try MigrationScript(file.text, path: file.path)
        guard script.statements.count >= run.statementsDone, script.mode != .wrapped else {
            throw MigrationError(
                .disagreement,
                "\(file.path) was changed: of its \(run.statementsTotal) statements \(run.statementsDone) had run",
                hint: "restore the first \(run.statementsDone) statements, and correct only those after them"
            )
        }
        return MigrationStep(
            service: state.name,
            version: migration.version,
            name: migration.name,
            layer: migration.layer,
            direction: run.direction,
            script: script,
            sha256: file.sha256,
            downSHA256: migration.down?.sha256,
            downSQL: migration.down?.text,
            declared: state.dependencies.entry(migration.version)
        )
    }

    /// Whether the interrupted statement has taken effect. The log contains its start but not its end.
    private func hasTakenEffect(
        _ statement: MigrationStatement,
        _ standing: MigrationStanding,
        _ report: inout RepairReport,
        _ session: borrowing Session
    ) throws -> Bool {
        guard let work = statement.concurrentIndex, work.action != .reindex, work.index != nil else {
            // VACUUM, REINDEX and similar statements may run twice.
            guard ["CALL", "DO"].contains(statement.tag) || !statement.effects.isParsed else { return false }
            throw MigrationError(
                .disagreement,
                "it is not known whether line \(statement.line) of \(standing.name), \(statement.summary), has taken effect",
                hint:
                    "check the database; if it has, remove the line; otherwise make sure that it can run twice; then repair"
            )
        }
        let found = try work.standing(session)
        if work.action == .drop { return found == nil }
        guard let found else { return false }
        if found.isValid { return true }
        try session.execute("DROP INDEX CONCURRENTLY IF EXISTS \(session.quoted(found.name))")
        report.done.append("the INVALID index \(found.name) was dropped")
        return false
    }

    // MARK: Ledgers of other tools

    private func settle(
        _ state: ServiceState,
        _ trusted: Trusted,
        _ report: inout RepairReport,
        _ session: inout Session
    ) throws {
        let ledger = Ledger(service: state.name, options.stateSchema, session)
        if let adopted = state.adopted, let change = state.adoptedChange {
            return try settle(change, of: adopted, trusted, state, ledger, &report, &session)
        }
        guard let sibling = state.sibling else { return }
        switch trusted {
        case .row: try takeRow(sibling, state, ledger, &report, &session)
        case .ledger: try writeRow(sibling, state, ledger, &report, &session)
        }
    }

    /// Adds or ignores the changes that another tool has made since its ledger was adopted. In both cases later changes
    /// are compared with the ledger as it is now.
    private func settle(
        _ change: AdoptedLedger.Change,
        of adopted: AdoptedLedger,
        _ trusted: Trusted,
        _ state: ServiceState,
        _ ledger: Ledger,
        _ report: inout RepairReport,
        _ session: inout Session
    ) throws {
        guard let other = try adopted.current(session), let entries = try other.entries(session) else { return }
        try Adoption.requireClean(entries, other.table, adopted.tool)
        let known = Set(state.entries.map(\.version))
        let files = LedgerFiles(state.tree)
        let came = entries.filter { change.applied.contains($0.name) }
        var added: [Migration] = []
        if trusted == .row {
            do {
                added = try files.migrations(of: came, other.table, adopted.tool)
            } catch {
                var error = error
                error.hint =
                    "`granary migrate import FOLDER` converts \(adopted.tool)'s files into migrations; then repair again"
                throw error
            }
        }
        let removed = trusted == .row ? change.reverted.compactMap { files.migration(named: $0) } : []
        try session.transaction { session in
            for migration in added where !known.contains(migration.version) {
                try ledger.addRow(.unverified(migration, by: context), session)
            }
            for migration in removed where known.contains(migration.version) {
                try ledger.remove(migration.version, session)
            }
            let now = AdoptedLedger(table: other.table, tool: adopted.tool, entries: entries.map(\.name))
            try ledger.append(LogEntry("adopt", note: now.note, context), session)
        }
        report.done += added.filter { !known.contains($0.version) }.map {
            "\($0.name) is applied, its content unverified"
        }
        report.done += removed.filter { known.contains($0.version) }.map { "\($0.name) is not applied" }
        if trusted == .ledger {
            report.done.append("the ledger is unchanged and ignores that \(change.clause(adopted.tool))")
        }
    }

    private func takeRow(
        _ sibling: GolangMigrateLedger,
        _ state: ServiceState,
        _ ledger: Ledger,
        _ report: inout RepairReport,
        _ session: inout Session
    ) throws {
        let version = sibling.row?.version ?? 0
        let known = Set(state.isSiblingNew ? [] : state.entries.map(\.version))
        let layer = state.tree.migrations.filter { $0.layer == state.tree.golangMigrateLayer }
        try session.transaction { session in
            for migration in layer where migration.version <= version && !known.contains(migration.version) {
                try ledger.addRow(.unverified(migration, by: context), session)
                report.done.append("\(migration.name) is applied, its content unverified")
            }
            for migration in layer where migration.version > version && known.contains(migration.version) {
                try ledger.remove(migration.version, session)
                report.done.append("\(migration.name) is not applied")
            }
            try GolangMigrateLedger.write(version == 0 ? nil : version, to: sibling.table, session)
            try ledger.append(LogEntry("adopt", note: sibling.table.note, context), session)
        }
    }

    private func writeRow(
        _ sibling: GolangMigrateLedger,
        _ state: ServiceState,
        _ ledger: Ledger,
        _ report: inout RepairReport,
        _ session: inout Session
    ) throws {
        var version = state.siblingVersion(applied: state.entries.map(\.version), others: state.sharers)
        // If the table is not adopted yet and its row is dirty, the file with that version did not take effect.
        if state.isSiblingNew, let row = sibling.row, row.isDirty {
            version = state.siblingVersion(
                applied: state.entries.map(\.version).filter { $0 < row.version },
                others: state.sharers
            )
        }
        try session.transaction { session in
            try GolangMigrateLedger.keep(version, in: sibling.table, session)
            if state.isSiblingNew {
                for entry in state.entries where entry.version <= version ?? 0 {
                    guard let migration = state.tree.migration(entry.version) else { continue }
                    try ledger.addRow(.unverified(migration, by: context), session)
                }
            }
            try ledger.append(LogEntry("adopt", note: sibling.table.note, context), session)
        }
        report.done.append(
            "golang-migrate's row in \(sibling.table) now has \(version.map { "version \($0)" } ?? "no version")"
        )
    }
}
