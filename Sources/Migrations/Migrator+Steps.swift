internal import Bookkeeping
internal import PostgresClient
internal import Project

// The steps of a plan, one after the other.
extension Migrator {
    func run(
        _ plan: MigrationPlan,
        _ services: [ServiceState],
        backup: String?,
        _ doomed: DoomedTables,
        _ lock: RunLock.Held,
        _ session: inout Session
    ) throws -> MigrationReport {
        var report = MigrationReport(services: services)
        report.backup = backup
        report.runningBackups = plan.runningBackups
        guard !plan.steps.isEmpty else { return report }
        let watch = try watch(session)
        defer { watch.stop() }
        var note = [backup.map { "backup: \($0)" }, options.windowOverride.map { "outside the window: \($0)" }]
            .compactMap { $0 }.joined(separator: "; ")
        if options.allowsOutOfOrder { note += note.isEmpty ? "out of order allowed" : "; out of order allowed" }
        for (index, step) in plan.steps.enumerated() {
            progress(.started(name: step.title, direction: step.direction, number: index + 1, of: plan.steps.count))
            let start = ContinuousClock.now
            var runner = runner(step, report.applied, services, lock, session)
            runner.note = note.isEmpty ? nil : note
            do {
                try runner.run(&session)
            } catch let error as MigrationError {
                let failure = try afterFailure(error, of: step, runner, report, lock, &session)
                _ = try tellUndo(doomed, report, session)
                throw failure
            }
            report.add(step)
            progress(
                .finished(
                    name: step.title,
                    direction: step.direction,
                    milliseconds: Int((ContinuousClock.now - start) / .milliseconds(1))
                )
            )
        }
        let skips = options.rules.values.allSatisfy(\.skipsValidation)
        if !skips, services.contains(where: \.dependencies.validatesAfterwards) {
            try AfterCheck(steps: plan.steps).run(session)
        }
        report.undo = try tellUndo(doomed, report, session)
        return report
    }

    /// Reports how to restore the rows that the finished steps have destroyed.
    private func tellUndo(
        _ doomed: DoomedTables,
        _ report: MigrationReport,
        _ session: borrowing Session
    ) throws -> UndoAdvice? {
        guard let file = report.backup,
            let advice = try doomed.advice(report, file: file, options.services, session)
        else { return nil }
        progress(.undo(advice))
        return advice
    }

    func watch(_ session: borrowing Session) throws -> LockWatch {
        LockWatch.start(
            on: session.pinnedAddress,
            watching: try SessionPooling.process(session),
            logger: logger,
            blocked: { who in
                progress(.blocked(by: who))
            }
        )
    }

    /// - Parameter applied: The versions of a service that are applied before the step.
    func runner(
        _ step: MigrationStep,
        _ applied: (String) -> Set<Int>,
        _ services: [ServiceState],
        _ lock: RunLock.Held,
        _ session: borrowing Session
    ) -> StepRunner {
        let state = services.first { $0.name == step.service }!
        var after = applied(step.service)
        if step.direction == .up { after.insert(step.version) } else { after.remove(step.version) }
        var others = state.sharers
        for other in services where others[other.name] != nil {
            others[other.name] = other.siblingVersion(applied: applied(other.name))
        }
        let sibling = state.sibling.map {
            StepRunner.Sibling(table: $0.table, version: state.siblingVersion(applied: after, others: others))
        }
        return StepRunner(
            step: step,
            ledger: Ledger(service: step.service, options.stateSchema, session),
            context: context,
            patience: options.patience,
            sibling: sibling,
            lock: lock,
            progress: progress
        )
    }

    /// Adds to the error the steps that were done before. If the environment asks for it, runs the down file of the
    /// failed migration.
    private func afterFailure(
        _ error: MigrationError,
        of step: MigrationStep,
        _ runner: StepRunner,
        _ report: MigrationReport,
        _ lock: RunLock.Held,
        _ session: inout Session
    ) throws -> MigrationError {
        var error = error
        let done = report.appliedSteps + report.revertedSteps
        if !done.isEmpty { error.message += "; done before it: \(done.map(\.title).listed())" }
        guard step.direction == .up, step.script.mode != .wrapped,
            options.rules[step.service]?.rollsBackOnFailure == true,
            let run = try runner.ledger.unfinishedRuns(session)[step.version], run.leavesSomething,
            let text = step.downSQL
        else { return error }
        do {
            var undo = step
            undo.direction = .down
            undo.script = try MigrationScript(text, path: "\(step.name).down.sql")
            undo.sha256 = step.downSHA256 ?? ""
            var undoing = self.runner(undo, report.applied, report.services, lock, session)
            undoing.note = "auto_rollback_on_failure"
            try undoing.run(&session)
            error.message += "; its down file was run because of auto_rollback_on_failure"
            error.hint = "correct the file and run the command again"
        } catch let failure as MigrationError {
            error.message += "; auto_rollback_on_failure ran its down file, which failed too: \(failure)"
        }
        return error
    }
}
