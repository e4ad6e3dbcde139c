internal import Basics
internal import Migrations
internal import PostgresClient

/// Catalog and rows of a scratch database, as they were read last. The next migration begins with them.
struct ScratchState {
    /// nil if it must be read again.
    var shape: CatalogShape?
    /// nil if they must be read again.
    var rows: RowDigests?
}

/// One migration in a scratch database: up, down, up.
///
///     up, committed → in one transaction: down → compare → up again → compare → rolled back
///
/// The transaction leaves the database as the first up has made it, whatever the down does. Files that cannot run in it are
/// run for good, and what a bad down leaves then spoils the database.
struct StepTrial: Sendable {
    let step: ReplayStep
    /// Otherwise it is only applied.
    let isProof: Bool
    /// Whether tables were given rows for it.
    let hasRows: Bool
    /// Whether roles are made that the files name and the server does not know.
    let makesRoles: Bool

    private struct State {
        var shape: CatalogShape
        var rows: RowDigests
    }

    /// - Throws: `PostgresError` for a lost connection, `CancellationError`. A statement that fails is a finding.
    func run(_ session: inout Session, _ known: inout ScratchState) throws -> StepOutcome {
        var outcome = StepOutcome(isProof: isProof)
        guard isProof else {
            known = ScratchState()
            let failure = try step.up.script.run(&session, makesRoles: makesRoles)
            if let failure { upFailed(failure, &outcome) }
            return outcome
        }
        let before = State(
            shape: try known.shape ?? CatalogShape.read(session),
            rows: try known.rows ?? RowDigests.read(session)
        )
        known = ScratchState()
        guard let made = try goUp(from: before, &outcome, &session) else { return outcome }
        known = ScratchState(shape: made.shape, rows: made.rows)
        sayDuration(&outcome)
        guard let down = step.down else { return outcome }
        if down.saysNothingToUndo {
            try holdToItsWord(down, made.shape, &outcome, &session)
        } else if down.mode == .wrapped, step.up.script.mode == .wrapped {
            try tryInTransaction(down, before, made, &outcome, &session)
        } else {
            try tryForGood(down, before, made, &outcome, &session)
        }
        if outcome.ranForGood { known.rows = nil }
        if outcome.isSpoilt { known = ScratchState() }
        return outcome
    }

    /// - Returns: nil if it failed.
    private func goUp(
        from before: State,
        _ outcome: inout StepOutcome,
        _ session: inout Session
    ) throws -> State? {
        let mark = try CatalogMark(session)
        let start = ContinuousClock.now
        if let failure = try step.up.script.run(&session, makesRoles: makesRoles) {
            upFailed(failure, &outcome)
            return nil
        }
        outcome.upMilliseconds = (ContinuousClock.now - start).milliseconds
        return try refreshed(before, since: mark, session)
    }

    private func refreshed(
        _ state: State,
        since mark: CatalogMark,
        _ session: borrowing Session
    ) throws -> State {
        guard try mark.isPassed(session) else { return state }
        return State(shape: try CatalogShape.read(session), rows: try RowDigests.read(session))
    }

    /// Down and up again, both of which are rolled back.
    private func tryInTransaction(
        _ down: MigrationScript,
        _ before: State,
        _ made: State,
        _ outcome: inout StepOutcome,
        _ session: inout Session
    ) throws {
        let mark = try CatalogMark(session)
        let failure = try goDown(down, &outcome, &session)
        if let failure {
            outcome.add(failure, .downFails, of: down, "the down of \(step.up.title) fails: ")
            outcome.undoes = false
            return try rollBack(&session)
        }
        let after = try refreshed(made, since: mark, session)
        let isUndone = try compare(after, before, down, &outcome, session)
        // What the down has left is in the way of the up: that is said already.
        guard isUndone else { return try rollBack(&session) }
        if try step.up.script.runWithin(&session) != nil {
            // Within one transaction more is refused than in two: a constraint may not be deferred any more, the value of an
            // enum not be used yet. The real thing decides.
            try rollBack(&session)
            return try tryForGood(down, before, made, &outcome, &session, comparesDown: false)
        }
        compareAgain(try CatalogShape.read(session), made.shape, &outcome)
        try rollBack(&session)
    }

    /// In a transaction that it begins and leaves open.
    private func goDown(
        _ down: MigrationScript,
        _ outcome: inout StepOutcome,
        _ session: inout Session
    ) throws -> StatementFailure? {
        var roles = Set<String>()
        while true {
            let start = ContinuousClock.now
            try session.execute("BEGIN")
            guard let failure = try down.runWithin(&session) else {
                outcome.downMilliseconds = (ContinuousClock.now - start).milliseconds
                return nil
            }
            guard makesRoles, let role = failure.missingRole, roles.insert(role).inserted else { return failure }
            try session.execute("ROLLBACK; CREATE ROLE \(session.quoted(role))")
        }
    }

    private func rollBack(_ session: inout Session) throws {
        try session.execute("ROLLBACK")
        try session.startAnew()
    }

    /// Down and up again as the migrator would run them.
    private func tryForGood(
        _ down: MigrationScript,
        _ before: State,
        _ made: State,
        _ outcome: inout StepOutcome,
        _ session: inout Session,
        comparesDown: Bool = true
    ) throws {
        outcome.ranForGood = true
        let mark = try CatalogMark(session)
        let start = ContinuousClock.now
        if let failure = try down.run(&session, makesRoles: makesRoles) {
            outcome.add(failure, .downFails, of: down, "the down of \(step.up.title) fails: ")
            // In a transaction it has changed nothing, and the migration is still applied.
            outcome.isSpoilt = down.mode != .wrapped
            outcome.undoes = false
            return
        }
        outcome.downMilliseconds = (ContinuousClock.now - start).milliseconds
        if comparesDown {
            let after = try refreshed(made, since: mark, session)
            try session.execute("BEGIN")
            let isUndone = try compare(after, before, down, &outcome, session)
            try session.execute("ROLLBACK")
            guard isUndone else {
                outcome.isSpoilt = true
                return
            }
        }
        if let failure = try step.up.script.run(&session, makesRoles: makesRoles) {
            outcome.add(
                failure,
                .upAgainFails,
                of: step.up.script,
                "after its down, \(step.up.title) does not go up again: "
            )
            outcome.isSpoilt = true
        } else {
            outcome.isSpoilt = !compareAgain(try CatalogShape.read(session), made.shape, &outcome)
        }
    }

    @discardableResult
    private func compareAgain(_ again: CatalogShape, _ made: CatalogShape, _ outcome: inout StepOutcome) -> Bool {
        let difference = again.difference(from: made)
        guard !difference.isEmpty else { return true }
        outcome.add(
            .upAgainDiffers,
            .warning,
            step.up.script,
            "after its down, \(step.up.title) makes something else than at first: it "
                + difference.clauses.joined(separator: ", and "),
            hint: "what IF NOT EXISTS finds, it leaves as it is: have the down drop it"
        )
        return false
    }

    /// Catalog and rows after the down, compared with those before the up, in an open transaction.
    ///
    /// - Returns: Whether the catalog is as it was.
    private func compare(
        _ after: State,
        _ before: State,
        _ down: MigrationScript,
        _ outcome: inout StepOutcome,
        _ session: borrowing Session
    ) throws -> Bool {
        let difference = try after.shape.difference(from: before.shape) {
            try ExpressionRoundTrip.areSame($0, $1, $2, session)
        }
        let losses = after.rows.differences(from: before.rows)
        outcome.undoes = difference.isEmpty && losses.isEmpty
        let declared = step.up.declared?.rollbackSafe
        if !difference.isEmpty {
            outcome.add(
                .downDoesNotUndo,
                declared == false ? .warning : .error,
                down,
                "the down of \(step.up.title) does not undo its up: it "
                    + difference.clauses.joined(separator: ", and "),
                hint: "undo in the reverse order what the up does"
            )
        }
        // `rollback_safe: false` declares that rows are lost.
        if !losses.isEmpty, declared != false {
            outcome.add(
                .downLosesRows,
                declared == true ? .error : .warning,
                down,
                "after the down of \(step.up.title) " + losses.prefix(4).joined(separator: ", and "),
                hint: declared == true
                    ? "rollback_safe is true in dependencies.json, and this contradicts it: keep the rows, or say false"
                    : "say \"rollback_safe\": false in dependencies.json, or keep the rows"
            )
        }
        return difference.isEmpty
    }

    /// What has nothing to undo can be applied again where it was applied: that is what happens after such a down.
    private func holdToItsWord(
        _ down: MigrationScript,
        _ made: CatalogShape,
        _ outcome: inout StepOutcome,
        _ session: inout Session
    ) throws {
        let declared = step.up.declared?.rollbackSafe
        guard declared != false else { return }
        let mark = try CatalogMark(session)
        let failure = try step.up.script.run(&session, makesRoles: makesRoles, keepsChanges: false)
        if step.up.script.mode != .wrapped {
            outcome.ranForGood = true
            outcome.isSpoilt = try mark.isPassed(session) && CatalogShape.read(session) != made
        }
        guard let failure else { return }
        outcome.add(
            failure,
            .upAgainFails,
            of: step.up.script,
            "its down says that there is nothing to undo, and \(step.up.title) does not go up again: ",
            severity: declared == true ? .error : .warning,
            hint: "write a down that takes it back, or an up that may come again, or say \"rollback_safe\": false in "
                + "dependencies.json"
        )
    }

    private func upFailed(_ failure: StatementFailure, _ outcome: inout StepOutcome) {
        guard hasRows else {
            outcome.add(
                failure,
                .upFails,
                of: step.up.script,
                "\(step.up.title) fails: ",
                hint: Self.hint(failure).map { "\(failure.hint); \($0)" }
            )
            outcome.upFailed = true
            return
        }
        outcome.wantsEmptyTables = true
        // not_null_violation: whatever the rows are, they lack what the new column demands.
        guard failure.error.sqlState == "23502" else { return }
        outcome.add(
            failure,
            .upFailsOnRows,
            of: step.up.script,
            "\(step.up.title) goes up on empty tables only: ",
            severity: .warning
        )
    }

    /// What the service finds in its own database, a scratch database lacks.
    private static func hint(_ failure: StatementFailure) -> String? {
        let lists = "what others make before the first migration is listed in dependencies.json"
        return switch failure.error.sqlState {
        // invalid_schema_name
        case "3F000": "\(lists), as \"before\": {\"schemas\": [\"name\"]}"
        // undefined_object, undefined_function, undefined_table
        case "42704", "42883", "42P01":
            "\(lists), as \"before\": {\"extensions\": [\"name\"], \"files\": [\"before.sql\"]}"
        default: nil
        }
    }

    private func sayDuration(_ outcome: inout StepOutcome) {
        guard isProof, let declared = step.up.declared, declared.estimatedDuration == nil else { return }
        let seconds = max(1, (outcome.upMilliseconds + 999) / 1000)
        outcome.findings.append(
            Finding(
                rule: ReplayRule.estimatedDuration.rawValue,
                severity: .info,
                file: step.up.script.path,
                message:
                    "\(step.up.title) took \(outcome.upMilliseconds) ms on tables that are nearly empty, and dependencies.json "
                    + "gives no estimated_duration",
                hint: "add \"estimated_duration\": \"\(seconds)s\", or what it takes on real rows"
            )
        )
    }
}
