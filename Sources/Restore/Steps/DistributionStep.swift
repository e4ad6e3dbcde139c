internal import Archive
internal import Citus
internal import PostgresClient

extension RestoreWork {
    /// Distributes the empty tables over the nodes of a Citus cluster, as they were.
    var distribution: RestoreStep { RestoreStep(work: .once { try distribute(&$0) }) }

    private func distribute(_ session: inout Session) throws {
        guard var distribution = manifest.distribution, distribution.concerns(selection) else { return }
        // A restore of tables makes no functions.
        if !selection.items.contains(where: \.isFunction) { distribution.functions = [] }
        guard try session.hasCitus() else {
            let reason = "the database has no Citus"
            return record.leftOut.add(
                "the distribution over nodes (\(distribution.summary))",
                because: reason,
                .fallback
            )
        }
        progress(.phase("distributing the tables"))
        let selected = Set(selection.tables.map(\.tableName))
        let present = try session.distributedTables()
        let schemas = try session.distribution()?.schemas ?? []
        let script = DistributionStatements(
            distribution,
            wants: { selected.contains($0) && !present.contains($0) },
            wantsSchema: { selection.holds(schema: $0) && !schemas.contains($0) },
            present: Set(present),
            session
        )
        for (object, reason) in script.impossible {
            record.leftOut.add("the distribution of \(object)", because: reason, .fallback)
        }
        for statement in script.statements { try run(statement, &session) }
    }

    /// Citus makes sequences on the other nodes in sessions of their own, which wait for the transaction that has dropped
    /// those of the same names.
    private static let sequenceHint = """
        Citus cannot drop a table with a serial or identity column and make it anew in one transaction: drop it before, or \
        restore into another database that is prepared on all nodes
        """

    private func run(_ statement: DistributionStatements.Statement, _ session: inout Session) throws {
        guard !options.keepGoing else {
            return try record.leftOut.falling("the distribution of \(statement.object)", &session) {
                try $0.execute(statement.sql)
            }
        }
        do {
            try session.execute(statement.sql)
        } catch let error as PostgresError {
            var error = error.at("the distribution of \(statement.object)")
            if error.sqlState == "40P01" { error.hint = Self.sequenceHint }
            throw error
        }
    }
}

extension Manifest.Distribution {
    /// Whether a selected table or schema is distributed.
    func concerns(_ selection: Selection) -> Bool {
        let selected = Set(selection.tables.map(\.tableName))
        return tables.contains { selected.contains($0.tableName) } || schemas.contains(where: selection.holds)
    }
}

extension Manifest.SchemaItem {
    fileprivate var isFunction: Bool { ["FUNCTION", "PROCEDURE", "AGGREGATE"].contains(kind) }
}

extension Selection {
    /// Whether the schema is restored as a whole.
    func holds(schema: String) -> Bool {
        isWholeDatabase && ExactText(schema) == ExactText("public")
            || items.contains { $0.kind == "SCHEMA" && ExactText($0.name) == ExactText(schema) }
    }
}
