internal import PostgresClient

/// Empties the tables in an open transaction. The tables are locked and match the plan.
struct CleanTransaction {
    let plan: CleanPlan
    let options: CleanOptions

    private var steps: CleanSteps { plan.steps }

    func run(_ session: borrowing Session) throws {
        let switches = switches(session)
        try execute(switches.map(\.off), session)
        try execute(truncate(session) + steps.deleted.map { delete($0, session) }, session)
        try requireEmpty(session)
        try execute(restarts(session), session)
        try execute(switches.map(\.on), session)
        try forgetSeeds(session)
    }

    /// Sends all statements in one message, to avoid a round trip for each table. Citus refuses some messages with
    /// several statements, because it passes on the text.
    private func execute(_ statements: [String], _ session: borrowing Session) throws {
        guard !statements.isEmpty else { return }
        guard !steps.useCitus else {
            for statement in statements { try session.execute(statement) }
            return
        }
        try session.execute(statements.joined(separator: ";\n"))
    }

    private func truncate(_ session: borrowing Session) -> [String] {
        guard !steps.truncated.isEmpty else { return [] }
        let names = steps.truncated.map { $0.target(session) }.joined(separator: ", ")
        let resets = steps.truncated.contains { $0.isDistributed && steps.restarting.contains($0.oid) }
        return ["TRUNCATE TABLE \(names)\(resets ? " RESTART IDENTITY" : "")"]
    }

    /// Citus resets the sequences of its tables only with their TRUNCATE.
    private func restarts(_ session: borrowing Session) -> [String] {
        steps.sequences.filter { sequence in plan.layout.unit[sequence.table]?.isDistributed != true }
            .map { "ALTER SEQUENCE \(session.quoted($0.name)) RESTART" }
    }

    /// One statement empties tables that refer to each other; foreign keys are checked at its end.
    private func delete(_ group: [CleanUnit], _ session: borrowing Session) -> String {
        let deletes = group.map { "DELETE FROM \($0.target(session))" }
        guard deletes.count > 1, let last = deletes.last else { return deletes.joined() }
        let others = deletes.dropLast().enumerated().map { "granary_\($0.offset) AS (\($0.element))" }
        return "WITH \(others.joined(separator: ", ")) \(last)"
    }

    /// A trigger may have kept or inserted rows.
    private func requireEmpty(_ session: borrowing Session) throws {
        let units = steps.units
        let left = Set(
            try RowProbe().holding(
                units.map { ($0.oid, $0.target(session), "true") },
                session
            )
        )
        guard left.isEmpty else {
            throw CleaningError(
                .statement,
                "nothing was changed, because rows remain in \(Wording.list(units.filter { left.contains($0.oid) }.map(\.name)))",
                hint: "find out what inserts them, such as a trigger on another table"
            )
        }
    }
}

// Triggers and rules of users are disabled, because they are meant for individual deletions.
extension CleanTransaction {
    private func switches(_ session: borrowing Session) -> [(off: String, on: String)] {
        let truncated = steps.truncated.map { ($0, true) }
        return (truncated + steps.deleted.flatMap(\.self).map { ($0, false) }).flatMap { unit, isTruncated in
            unit.members.flatMap { table in
                table.switches.filter { isTruncated ? $0.onTruncate : $0.onDelete }.map { one in
                    let only = one.kind == "TRIGGER" ? "ONLY " : ""
                    let alter = "ALTER TABLE \(only)\(session.quoted(table.name))"
                    let name = session.quoted(one.name)
                    return ("\(alter) DISABLE \(one.kind) \(name)", "\(alter) \(one.enable) \(one.kind) \(name)")
                }
            }
        }
    }

    /// Clears the record of seeds, so that the next `granary seed` does not consider them done. It keeps the time used
    /// as "now" and the first keys of generated rows. So the same rows are generated again, and they match those that
    /// an undo restores.
    private func forgetSeeds(_ session: borrowing Session) throws {
        let seeds = TableName(schema: options.stateSchema, name: "seeds")
        guard plan.catalog.relations.contains(where: { $0.name == seeds && $0.mayBeRead }) else { return }
        try session.requireOrdinary(
            [seeds],
            areOurs: true,
            hint:
                "check it in psql as its owner; drop or rename it, or give the schema of granary's tables with --state-schema"
        )
        let table = session.quoted(seeds)
        let isMeant =
            "($1 OR service = ANY ($2::pg_catalog.text[]) OR source = ANY ($3::pg_catalog.text[])) AND source <> 'as_of'"
        let begins = "source LIKE 'table %' AND details::pg_catalog.json -> 'start' IS NOT NULL"
        let parameters = [
            options.schemas == nil ? "true" : "false", QuotedText.array(options.services),
            QuotedText.array(steps.units.map { "table \($0.name)" }),
        ]
        try session.query("DELETE FROM \(table) WHERE \(isMeant) AND (\(begins)) IS NOT TRUE", parameters)
        try session.query(
            """
            UPDATE \(table) SET sha256 = '', rows = NULL,
                details = pg_catalog.json_build_object('start', details::pg_catalog.json -> 'start')::pg_catalog.text
            WHERE \(isMeant) AND \(begins)
            """,
            parameters
        )
    }
}
