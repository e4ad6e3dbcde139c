internal import Basics
internal import Migrations
internal import PostgresClient
internal import SQLText

/// The catalog and rows of a scratch database as last read. The next migration starts with them.
struct ScratchState {
    /// nil if it must be read again.
    var shape: CatalogShape?
    /// nil if they must be read again.
    var rows: RowDigests?
}

/// Tests one migration in a scratch database: up, down, up.
///
///     up, committed → in one transaction: down → compare → up again → compare → rolled back
///
/// The transaction leaves the database as the first up made it, whatever the down file does. Files that cannot run in a
/// transaction are committed, so a faulty down file spoils the database.
struct StepTrial: Sendable {
    let step: ReplayStep
    /// Whether to test the migration, rather than only apply it.
    let isProof: Bool
    /// Whether tables were filled for it.
    let hasRows: Bool
    /// Whether to create the roles that the files name and the server does not have.
    let makesRoles: Bool

    private struct State {
        var shape: CatalogShape
        var rows: RowDigests
    }

    /// - Throws: `PostgresError` for a lost connection; `CancellationError`. A failing statement is a finding.
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
        } else if down.mode == .wrapped, step.up.script.mode == .wrapped, try !session.hasCitus() {
            // After work on several nodes, Citus refuses to read in the same transaction.
            try tryInTransaction(down, before, made, &outcome, &session)
        } else {
            try tryForGood(down, before, made, &outcome, &session)
        }
        if outcome.ranForGood { known.rows = nil }
        if outcome.isSpoilt { known = ScratchState() }
        return outcome
    }

    /// - Returns: The state after the up file; nil if it failed.
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

    /// Runs the down file and the up file again, and rolls both back.
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
            outcome.add(failure, .downFails, of: down, "the down file of \(step.up.title) fails: ")
            outcome.undoes = false
            return try rollBack(&session)
        }
        let after = try refreshed(made, since: mark, session)
        let isUndone = try compare(after, before, down, &outcome, session)
        // If the down file did not undo everything, the up file would fail because of that, which is already reported.
        guard isUndone else { return try rollBack(&session) }
        if try step.up.script.runWithin(&session) != nil {
            // Some statements fail only because both files run in one transaction: a constraint can no longer be
            // deferred, or a new enum value not yet be used. So the files are run separately.
            try rollBack(&session)
            return try tryForGood(down, before, made, &outcome, &session, comparesDown: false)
        }
        // Definitions that begin with the same catalog end with the same one, and reading it is slow.
        if !step.up.script.onlyDefines { compareAgain(try CatalogShape.read(session), made.shape, &outcome) }
        try rollBack(&session)
    }

    /// Runs the down file in a transaction, which stays open.
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

    /// Runs the down file and the up file again, and commits both, as the migrator would.
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
            outcome.add(failure, .downFails, of: down, "the down file of \(step.up.title) fails: ")
            // A wrapped down file has changed nothing, so the migration is still applied.
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
                "after its down file, \(step.up.title) cannot be applied again: "
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
            "after its down file, \(step.up.title) has another result than at first: it "
                + difference.clauses(("also has", "lacks", "differs in")),
            hint: "IF NOT EXISTS does not change an existing object: drop it in the down file"
        )
        return false
    }

    /// Compares catalog and rows after the down file with those before the up file. Needs an open transaction.
    ///
    /// - Returns: Whether the catalog is the same.
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
                "the down file of \(step.up.title) does not undo its up file: it "
                    + difference.clauses(("does not remove", "does not restore", "changes")),
                hint: "undo the statements of the up file in reverse order"
            )
        }
        // `rollback_safe: false` declares that rows are lost.
        if !losses.isEmpty, declared != false {
            outcome.add(
                .downLosesRows,
                declared == true ? .error : .warning,
                down,
                "after the down file of \(step.up.title) " + losses.prefix(4).joined(separator: ", and "),
                hint: declared == true
                    ? "dependencies.json says rollback_safe: true; keep the rows, or set it to false"
                    : "set \"rollback_safe\": false in dependencies.json, or keep the rows"
            )
        }
        return difference.isEmpty
    }

    /// Checks a down file that says `nothing to undo`: the up file must be able to run a second time.
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
            "its down file says `nothing to undo`, but \(step.up.title) cannot be applied again: ",
            severity: declared == true ? .error : .warning,
            hint: "undo it in the down file, or let the up file run twice, or set \"rollback_safe\": false in "
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
        // not_null_violation: the new column needs a value, which no existing row has.
        guard failure.error.sqlState == "23502" else { return }
        outcome.add(
            failure,
            .upFailsOnRows,
            of: step.up.script,
            "\(step.up.title) can be applied to empty tables only: ",
            severity: .warning
        )
    }

    /// An extra hint for an error that occurs because the scratch database lacks objects of the real one.
    private static func hint(_ failure: StatementFailure) -> String? {
        let lists = "list objects that exist before the first migration in dependencies.json"
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
                    "\(step.up.title) took \(outcome.upMilliseconds) ms on nearly empty tables, and dependencies.json "
                    + "gives no estimated_duration",
                hint: "add \"estimated_duration\": \"\(seconds)s\", or the time that it takes with real rows"
            )
        )
    }
}

extension MigrationScript {
    private static let definitions: Set<Substring> = ["ALTER", "COMMENT", "CREATE", "DROP", "GRANT", "REVOKE"]

    /// Whether the result of the script depends on the catalog alone. Code, queries and the scripts of extensions may
    /// depend on rows and sequences.
    fileprivate var onlyDefines: Bool {
        statements.allSatisfy { statement in
            statement.effects.isParsed && Self.definitions.contains(statement.tag.prefix { $0 != " " })
                && !statement.tag.hasSuffix(" EXTENSION") && !statement.tag.hasSuffix(" EVENT TRIGGER")
        }
    }
}
