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
        } catch let error as PostgresError where error.sqlState == "42809" {
            // A constraint of the same name and schema is not deferrable.
            try session.execute("SET CONSTRAINTS ALL DEFERRED")
        }
    }

    /// Lets the server check the deferred constraints.
    ///
    /// - Throws: `StartOver` without the table whose rows are rejected, if tables may be skipped.
    func checkDeferred(_ session: borrowing Session) throws {
        if maySkip {
            let own = (order?.edges(where: \.isCheckedLast) ?? []).map {
                DeferredCheck(table: $0.child, name: $0.foreignKey, isTrigger: false)
            }
            for check in try own + deferredChecks(session) where outcomes[check.table] != nil {
                do {
                    try session.execute("SET CONSTRAINTS \(Self.list([check], session)) IMMEDIATE")
                } catch let error as PostgresError where SeedingError.isAboutRows(error) {
                    throw StartOver(
                        without: [SeedReport.Skipped(table: check.table, reason: "\(error)", hint: error.hint)]
                    )
                }
            }
        }
        try session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    }

    private static func list(_ checks: [DeferredCheck], _ session: borrowing Session) -> String {
        checks.map { session.quoted(TableName(schema: $0.table.schema, name: $0.name)) }.joined(separator: ", ")
    }

    /// The constraints of the run's tables that are INITIALLY DEFERRED.
    private func deferredChecks(_ session: borrowing Session) throws -> [DeferredCheck] {
        let names = Set(tables.map(\.name))
        return try session.query(
            """
            SELECT n.nspname AS schema, c.relname AS table, k.conname AS name, k.contype = 't' AS is_trigger
            FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE k.condeferred AND k.conparentid = 0 ORDER BY 1, 2, 3
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
