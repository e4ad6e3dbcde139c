internal import Basics
internal import Migrations
internal import PostgresClient

/// One migration in a scratch database: up, down, up.
struct StepTrial: Sendable {
    let step: ReplayStep
    /// Otherwise it is only applied.
    let isProof: Bool
    /// Whether tables were given rows for it.
    let hasRows: Bool

    /// - Throws: `PostgresError` for a lost connection, `CancellationError`. A statement that fails is a finding.
    func run(_ session: inout Session, makesRoles: Bool) throws -> StepOutcome {
        var outcome = StepOutcome(isProof: isProof)
        let shape = isProof ? try CatalogShape.read(session) : CatalogShape()
        let rows = isProof ? try RowDigests.read(session) : RowDigests()

        let start = ContinuousClock.now
        if let failure = try step.up.script.run(&session, makesRoles: makesRoles) {
            upFailed(failure, &outcome)
            return outcome
        }
        outcome.upMilliseconds = (ContinuousClock.now - start).milliseconds
        sayDuration(&outcome)
        guard isProof, let down = step.down else { return outcome }
        guard !down.saysNothingToUndo else {
            try holdToItsWord(down, &outcome, &session, makesRoles: makesRoles)
            return outcome
        }
        let made = try CatalogShape.read(session)

        let turn = ContinuousClock.now
        if let failure = try down.run(&session, makesRoles: makesRoles) {
            outcome.add(failure, .downFails, of: down, "the down of \(step.up.title) fails: ")
            // In a transaction it has changed nothing, and the migration is still applied.
            outcome.isSpoilt = down.mode != .wrapped
            outcome.undoes = false
            return outcome
        }
        outcome.downMilliseconds = (ContinuousClock.now - turn).milliseconds
        try compare(shape, rows, down, &outcome, session)
        // What the down has left is in the way of the up: that is said already.
        guard !outcome.isSpoilt else { return outcome }

        if let failure = try step.up.script.run(&session, makesRoles: makesRoles) {
            outcome.add(
                failure,
                .upAgainFails,
                of: step.up.script,
                "after its down, \(step.up.title) does not go up again: "
            )
            outcome.isSpoilt = true
        } else {
            let difference = try CatalogShape.read(session).difference(from: made)
            if !difference.isEmpty {
                outcome.add(
                    .upAgainDiffers,
                    .warning,
                    step.up.script,
                    "after its down, \(step.up.title) makes something else than at first: it "
                        + difference.clauses.joined(separator: ", and "),
                    hint: "what IF NOT EXISTS finds, it leaves as it is: have the down drop it"
                )
                outcome.isSpoilt = true
            }
        }
        return outcome
    }

    /// Catalog and rows after the down, held against those before the up.
    private func compare(
        _ shape: CatalogShape,
        _ rows: RowDigests,
        _ down: MigrationScript,
        _ outcome: inout StepOutcome,
        _ session: borrowing Session
    ) throws {
        let difference = try CatalogShape.read(session).difference(from: shape)
        let losses = try RowDigests.read(session).differences(from: rows)
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
            outcome.isSpoilt = true
        }
        // Who has declared that rows are lost has been understood.
        guard !losses.isEmpty, declared != false else { return }
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

    /// What has nothing to undo can be applied again where it was applied: that is what happens after such a down.
    private func holdToItsWord(
        _ down: MigrationScript,
        _ outcome: inout StepOutcome,
        _ session: inout Session,
        makesRoles: Bool
    ) throws {
        let declared = step.up.declared?.rollbackSafe
        guard declared != false else { return }
        let made = try CatalogShape.read(session)
        let failure = try step.up.script.run(&session, makesRoles: makesRoles, keepsChanges: false)
        outcome.isSpoilt = try CatalogShape.read(session) != made
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
