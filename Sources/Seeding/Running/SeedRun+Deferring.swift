import PostgresClient

/// Thrown if a table turns out to be impossible to fill after other tables were filled. The run then starts again
/// without these tables.
struct StartOver: Error {
    var without: [SeedReport.Skipped]
}

/// A constraint or a constraint trigger that the server checks at the end of the run.
private struct DeferredCheck {
    var table: TableName
    var name: String
    /// A trigger may compare rows of several tables, so its check waits until all of them are filled.
    var isTrigger: Bool
}

extension SeedRun {
    /// Makes the foreign keys of cycles deferrable, or NOT DEFERRABLE again.
    func setDeferrable(_ isDeferrable: Bool, _ session: borrowing Session) throws {
        for edge in order?.edges(where: { $0 == .madeDeferrable }) ?? [] {
            do {
                try session.execute(
                    "ALTER TABLE \(session.quoted(edge.child)) ALTER CONSTRAINT \(session.quoted(edge.foreignKey)) "
                        + (isDeferrable ? "DEFERRABLE" : "NOT DEFERRABLE")
                )
            } catch let error as PostgresError where SeedingError.isAboutRows(error) && isDeferrable && maySkip {
                let reason =
                    "it is in a cycle of foreign keys, and \(edge.foreignKey) cannot be made deferrable: \(error)"
                let hint = "make \(edge.foreignKey) DEFERRABLE as the table's owner, or one of its columns nullable"
                let names = [edge.child] + [parent(of: edge)].compactMap { $0 }
                throw StartOver(without: names.map { SeedReport.Skipped(table: $0, reason: reason, hint: hint) })
            }
        }
    }

    func parent(of edge: SeedOrder.Edge) -> TableName? {
        catalog[edge.child]?.foreignKeys.first { $0.name == edge.foreignKey }?.parent
    }

    /// Defers the foreign keys of cycles.
    ///
    /// With `--generate` all other constraints are checked immediately, because rejected values can be drawn again only
    /// while their table is filled.
    func deferChecks(_ session: inout Session) throws {
        let edges = order?.edges(where: \.isCheckedLast) ?? []
        guard options.generate != nil else {
            if !edges.isEmpty { try session.execute("SET CONSTRAINTS ALL DEFERRED") }
            return
        }
        let immediate = try deferredChecks(session).filter { !$0.isTrigger }
        if !immediate.isEmpty {
            try session.execute("SET CONSTRAINTS \(Self.list(immediate, session)) IMMEDIATE")
        }
        guard !edges.isEmpty else { return }
        let own = edges.map { DeferredCheck(table: $0.child, name: $0.foreignKey, isTrigger: false) }
        do {
            try session.savepoint { session in
                try session.execute("SET CONSTRAINTS \(Self.list(own, session)) DEFERRED")
            }
        } catch let error as PostgresError where error.sqlState == Self.isNotDeferrable {
            try session.execute("SET CONSTRAINTS ALL DEFERRED")
        }
    }

    /// Checks the deferrable constraints of a table immediately, so that rejected values can be drawn again while the
    /// table's rows are generated. Constraints that wait for rows of other tables stay deferred.
    ///
    /// - Returns: The names of the constraints, for `deferAgain`.
    func checkImmediately(_ table: TableName, _ session: inout Session) throws -> [TableName] {
        // With `--generate`, `deferChecks` has done this for all tables.
        guard options.generate == nil else { return [] }
        let last = Set((order?.edges(where: \.isCheckedLast) ?? []).filter { $0.child == table }.map(\.foreignKey))
        var immediate: [TableName] = []
        for check in try deferredChecks(session)
        where check.table == table && !check.isTrigger && !last.contains(check.name) {
            if try makeImmediate(check, &session) == nil {
                immediate.append(TableName(schema: table.schema, name: check.name))
            }
        }
        return immediate
    }

    func deferAgain(_ constraints: [TableName], _ session: borrowing Session) throws {
        guard !constraints.isEmpty else { return }
        let names = constraints.map { session.quoted($0) }.joined(separator: ", ")
        try session.execute("SET CONSTRAINTS \(names) DEFERRED")
    }

    /// Lets the server check the deferred constraints.
    ///
    /// - Throws: `StartOver` without the table whose rows are rejected, if tables may be skipped; otherwise
    ///   `SeedingError`.
    func checkDeferred(_ session: inout Session) throws {
        let own = (order?.edges(where: \.isCheckedLast) ?? []).map {
            DeferredCheck(table: $0.child, name: $0.foreignKey, isTrigger: false)
        }
        for check in try own + deferredChecks(session) where outcomes[check.table] != nil {
            guard let error = try makeImmediate(check, &session), error.sqlState != Self.isNotDeferrable else {
                continue
            }
            let reason = "\(check.name) rejects rows at the end of the run: \(error)"
            let hint = error.hint ?? advice(check)
            guard maySkip else {
                throw SeedingError(.database, "\(check.table): \(reason)", hint: hint, sqlState: error.sqlState)
            }
            throw StartOver(without: [SeedReport.Skipped(table: check.table, reason: reason, hint: hint)])
        }
        do {
            try session.execute("SET CONSTRAINTS ALL IMMEDIATE")
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            throw SeedingError(
                .database,
                "a deferred constraint rejects rows at the end of the run: \(error)",
                hint: error.hint ?? "change the seeds of the tables that the constraint is about",
                sqlState: error.sqlState
            )
        }
    }

    /// Makes a constraint immediate. Returns the error if rows violate it, or if it is not deferrable.
    private func makeImmediate(_ check: DeferredCheck, _ session: inout Session) throws -> PostgresError? {
        do {
            try session.savepoint { session in
                try session.execute("SET CONSTRAINTS \(Self.list([check], session)) IMMEDIATE")
            }
            return nil
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            return error
        }
    }

    private func advice(_ check: DeferredCheck) -> String {
        if let key = catalog[check.table]?.foreignKeys.first(where: { $0.name == check.name }) {
            let columns = key.columns.joined(separator: ", ")
            return "seed the rows of \(key.parent) that \(columns) must refer to, or declare a generator for \(columns)"
        }
        if check.isTrigger { return "seed all rows that the trigger function looks for, also those of other tables" }
        return "give the rows of \(check.table) other values, or declare generators for its columns"
    }

    /// The error if a constraint of the same name and schema is not deferrable (wrong_object_type).
    private static let isNotDeferrable = "42809"

    private static func list(_ checks: [DeferredCheck], _ session: borrowing Session) -> String {
        checks.map { session.quoted(TableName(schema: $0.table.schema, name: $0.name)) }.joined(separator: ", ")
    }

    /// The constraints of the run's tables that are deferred: those that are INITIALLY DEFERRED, or all deferrable ones if
    /// `deferChecks` has deferred them.
    private func deferredChecks(_ session: borrowing Session) throws -> [DeferredCheck] {
        let names = Set(tables.map(\.name))
        let isAll = options.generate == nil && order?.edges(where: \.isCheckedLast).isEmpty == false
        return try session.query(
            """
            SELECT n.nspname AS schema, c.relname AS table, k.conname AS name, k.contype = 't' AS is_trigger
            FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE \(isAll ? "k.condeferrable" : "k.condeferred") AND k.conparentid = 0 ORDER BY 1, 2, 3
            """
        ).map { row in
            DeferredCheck(
                table: TableName(schema: row.text("schema"), name: row.text("table")),
                name: row.text("name"),
                isTrigger: row.bool("is_trigger")
            )
        }.filter { names.contains($0.table) }
    }
}
