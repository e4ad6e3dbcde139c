internal import Bookkeeping
import PostgresClient
internal import Project
internal import SyntheticData

/// The generated rows of a table, with the facts for the record.
struct GeneratedRows {
    var table: GeneratedTable
    /// A checksum of everything that the rows depend on.
    var digest: String
    var count: Int { table.count }
    /// The number of rows that the table did not accept.
    var leftOut = 0
    var present: Int { count - leftOut }
    var start: Int? { table.start }
}

extension SeedRun {
    /// - Parameter isLocked: Whether the rows must stay as they are, because the table has no key and is not empty.
    mutating func generateRows(
        _ index: Int,
        isLocked: Bool,
        _ outcome: inout SeedReport.Outcome,
        _ session: inout Session
    ) throws {
        let bound = tables[index]
        guard let given = bound.generate else { return }
        let declaration = try GenerateDeclaration(given.node, file: given.file)
        let before = record.entries[source(of: bound.name)]
        var search = ConstraintSearch(
            table: bound.table,
            asked: SeededKeys.constraints(in: before?.details),
            declaration,
            countsPresentRows: SeededKeys.text("generator", in: before?.details) == nil,
            patience: options.candidates
        )
        while true {
            let rows: GeneratedRows
            do {
                rows = try compile(bound, declaration, before, &search, &session)
            } catch let error as PostgresError where SeedingError.isAboutRows(error) {
                throw Self.unfit(error, bound, declaration)
            }
            generated[bound.name] = rows
            askedConstraints[bound.name] = search.asked
            guard rows.count > 0 else { return }
            let state = (outcome, explicitColumns, incomplete, report)
            do {
                try session.savepoint { session in
                    try bring(rows, index, isLocked: isLocked, before, search, &outcome, &session)
                }
                if options.output != nil { outcome.insertsAll(rows.count) }
                return
            } catch let error as PostgresError where SeedingError.isAboutRows(error) {
                // Rejected rows are drawn again, with values that the server accepts.
                guard search.ask(about: error) else { throw Self.unfit(error, bound, declaration) }
                (outcome, explicitColumns, incomplete, report) = state
            }
        }
    }

    /// Inserts generated rows into their table.
    ///
    /// - Throws: `PostgresError` for a row that the server rejects.
    private mutating func bring(
        _ rows: GeneratedRows,
        _ index: Int,
        isLocked: Bool,
        _ before: SeedRecord.Entry?,
        _ search: ConstraintSearch,
        _ outcome: inout SeedReport.Outcome,
        _ session: inout Session
    ) throws {
        let bound = tables[index]
        guard !isLocked else {
            outcome.unchanged += rows.count
            return
        }
        for column in rows.table.columns where bound.table.column(column.name)?.sequence != nil {
            explicitColumns[bound.name, default: []].insert(column.name)
        }
        let key = Self.key(bound.table, rows.table)
        let goesStraight = try rows.table.expressions.isEmpty && (key.isEmpty || isEmpty(bound.name, session))
        if goesStraight {
            try tryOut(bound, rows.table, &session)
            let present = try copyGenerated(rows.table, bound, &session)
            outcome.inserted += present
            noteLeftOut(rows.count - present, bound, &outcome)
            return
        }
        try mergeGenerated(
            index,
            rows,
            key,
            before,
            search,
            &outcome,
            &session
        )
    }

    /// The key that identifies generated rows in later runs: the primary key, or another key whose columns are all
    /// generated.
    private static func key(_ table: SeedCatalog.Table, _ rows: GeneratedTable) -> [String] {
        let columns = Set(rows.columns.map(\.name))
        let keys = table.uniques.filter { key in
            key.isKey && !key.columns.isEmpty && key.columns.allSatisfy { columns.contains($0) }
        }
        return (keys.first { $0.isPrimary } ?? keys.first)?.columns ?? []
    }

    /// Copies the rows into a temporary table, then inserts those that are missing. Rows that differ are updated if the
    /// declaration has changed.
    private mutating func mergeGenerated(
        _ index: Int,
        _ rows: GeneratedRows,
        _ key: [String],
        _ before: SeedRecord.Entry?,
        _ search: ConstraintSearch,
        _ outcome: inout SeedReport.Outcome,
        _ session: inout Session
    ) throws {
        let bound = tables[index]
        let merge = TableMerge(
            bound.table,
            number: tables.count + index,
            key: key,
            columns: rows.table.columns.map(\.name),
            avoidsSequences: options.planOnly,
            session
        )
        try session.execute(merge.creation())
        try send(rows.table, merge.copy, isNumbered: true, bound, &session)
        try session.execute("ANALYZE \(merge.temporary)")
        try refresh(merge, session)
        if !key.isEmpty { try session.execute(merge.finding()) }
        let expressions = Dictionary(
            rows.table.expressions.map { ($0.name, $0.sql) },
            uniquingKeysWith: { one, _ in one }
        )
        let group = TableMerge.Group(plain: merge.columns, expressions: expressions, postponed: [])
        var updated = 0
        let recorded = SeededKeys.text("generator", in: before?.details)
        if let recorded, recorded != rows.digest, bound.onConflict != .keep, !key.isEmpty {
            if bound.table.isDistributed {
                updated = try merge.change(group, number: 0)?.run(session) ?? 0
            } else if let sql = merge.update(group, number: 0) {
                updated = try session.query(sql)[0].int("count")
            }
        }
        // In the first run, rows that conflict with existing ones are drawn again. In later runs they are left out,
        // because rows that were generated earlier keep their values.
        let asks = recorded == nil || bound.onConflict == .keep
        let inserted = try insert(group, merge, asks ? search : nil, &session)
        let found = try session.query(
            "SELECT pg_catalog.count(*) AS count FROM \(merge.temporary) WHERE granary_found"
        )[0]
        .int("count")
        outcome.inserted += inserted
        outcome.updated += updated
        outcome.unchanged += found - updated
        if bound.table.hasTriggers {
            noteLeftOut(rows.count - found - inserted, bound, &outcome)
        } else if rows.count > found + inserted {
            report.notes.append(
                "\(bound.name): \(rows.count - found - inserted) generated rows were left out, because other rows have the same keys"
            )
        }
    }

    /// Inserts the missing rows, and returns their number.
    ///
    /// - Throws: `PostgresError` for a conflict with other rows that `search` can avoid. If it cannot avoid it, or is
    ///   nil, rows in conflict are left out.
    private func insert(
        _ group: TableMerge.Group,
        _ merge: TableMerge,
        _ search: ConstraintSearch?,
        _ session: inout Session
    ) throws -> Int {
        do {
            return try session.savepoint { session in
                try session.query(merge.insert(group, number: 0))[0].int("count")
            }
        } catch let error as PostgresError where ["23505", "23P01"].contains(error.sqlState) {
            if var search, search.canSatisfy(error), search.ask(about: error) { throw error }
            do {
                return try session.query(merge.insert(group, number: 0, givesWay: true))[0].int("count")
            } catch let refusal as PostgresError where refusal.sqlState == "55000" {
                // ON CONFLICT is not possible, because the table has a deferrable constraint.
                throw error
            }
        }
    }

    /// Copies all rows directly into the table, and returns how many rows the table accepted.
    private func copyGenerated(
        _ rows: GeneratedTable,
        _ bound: BoundTable,
        _ session: inout Session
    ) throws -> Int {
        let counting = "SELECT pg_catalog.count(*) AS count FROM \(session.quoted(bound.name))"
        let before = bound.table.hasTriggers ? try session.query(counting)[0].int("count") : 0
        let count = try send(
            rows,
            "COPY \(session.quoted(bound.name)) (\(session.quoted(rows.columns.map(\.name)))) FROM STDIN",
            bound,
            &session
        )
        guard bound.table.hasTriggers else { return count }
        return min(count, max(0, try session.query(counting)[0].int("count") - before))
    }

    /// Notes generated rows that are missing. Tables that refer to this one then use only the rows that exist.
    private mutating func noteLeftOut(_ count: Int, _ bound: BoundTable, _ outcome: inout SeedReport.Outcome) {
        guard count > 0 else { return }
        outcome.skipped += count
        generated[bound.name]?.leftOut = count
        incomplete.insert(bound.name)
        report.notes.append(
            "\(bound.name): \(LeftOut.rows(count)) of the generated ones \(count == 1 ? "is" : "are") missing, because "
                + "triggers of the table rejected them or other rows have the same keys"
        )
    }

    /// Inserts some rows and rolls them back, so that a constraint that rejects them is known before all rows are sent.
    private func tryOut(
        _ bound: BoundTable,
        _ table: GeneratedTable,
        _ session: inout Session
    ) throws {
        let count = table.count
        let pieces = count <= 300 ? [0..<count] : [0..<200, (count / 2)..<(count / 2 + 50), (count - 50)..<count]
        let sql = "COPY \(session.quoted(bound.name)) (\(session.quoted(table.columns.map(\.name)))) FROM STDIN"
        do {
            try session.savepoint(isTrial: true) { session in
                _ = try session.copyIn(sql) { sink in
                    for piece in pieces {
                        var buffer = CopyBuffer(capacity: 1 << 16)
                        table.render(piece, into: &buffer)
                        try buffer.lend { try sink.write($0) }
                    }
                }
            }
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            // Rows between the pieces are missing, so a reference to one of them proves nothing.
            if error.sqlState == "23503", pieces.count > 1,
                bound.table.foreignKeys.contains(where: { $0.parent == bound.name })
            {
                return
            }
            throw error
        }
    }

    private static func unfit(
        _ error: PostgresError,
        _ bound: BoundTable,
        _ declaration: GenerateDeclaration
    ) -> SeedingError {
        let constraint = error.server?.constraint
        let check = bound.table.checks.first { $0.name == constraint }
        let unique = bound.table.uniques.first { $0.name == constraint }
        let columns =
            check?.columns ?? unique?.columns ?? [CopyPlace(error)?.column ?? error.server?.column].compactMap { $0 }
        let list = columns.isEmpty ? "" : " (\(columns.joined(separator: ", ")))"
        return SeedingError(
            .database,
            at: FilePlace(declaration.file, line: declaration.line),
            "generated rows do not fit \(bound.name)\(list): \(error)",
            hint: columns.isEmpty ? error.hint : "declare a generator for \(columns[0]) under generate: columns:",
            sqlState: error.sqlState
        )
    }

    /// - Returns: The number of rows that the server reports.
    @discardableResult
    private func send(
        _ table: GeneratedTable,
        _ sql: String,
        isNumbered: Bool = false,
        _ bound: BoundTable,
        _ session: inout Session
    ) throws -> Int {
        let progress = progress
        return try session.copyIn(sql) { sink in
            try table.render(jobs: options.jobs, isNumbered: isNumbered) { bytes, rows in
                try sink.write(bytes)
                progress(.advanced(table: "\(bound.name)", rows: rows, bytes: bytes.count))
            }
        }
    }
}
