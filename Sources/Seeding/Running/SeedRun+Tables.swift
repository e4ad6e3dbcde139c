internal import Bookkeeping
import PostgresClient
internal import SyntheticData

extension SeedRun {
    /// Seeds the listed rows, then the generated ones.
    mutating func seed(_ index: Int, _ session: inout Session) throws {
        let name = tables[index].name
        progress(.started(table: "\(name)"))
        var outcome = SeedReport.Outcome(table: name)
        let isWhileEmpty = tables[index].key == .whileEmpty
        let wasEmpty = isWhileEmpty ? try isEmpty(name, session) : false
        if isWhileEmpty, !wasEmpty {
            outcome.unchanged = tables[index].rows.count
        } else if !tables[index].rows.isEmpty {
            try mergeRows(index, &outcome, &session)
        }
        if tables[index].generate != nil {
            let immediate = try checkImmediately(name, &session)
            try generateRows(index, isLocked: isWhileEmpty && !wasEmpty, &outcome, &session)
            try deferAgain(immediate, session)
        }
        outcomes[name] = outcome
        references.finish(name)
        progress(.finished(table: "\(name)", rows: outcome.inserted + outcome.updated))
    }

    func isEmpty(_ name: TableName, _ session: borrowing Session) throws -> Bool {
        try session.query("SELECT NOT EXISTS (SELECT 1 FROM \(session.quoted(name))) AS empty")[0].bool("empty")
    }

    private mutating func mergeRows(_ index: Int, _ outcome: inout SeedReport.Outcome, _ session: inout Session) throws
    {
        let settled = try settle(index, session)
        // Settling may have given rows their keys.
        let bound = tables[index]
        let columns = settled.columns
        let merge = TableMerge(
            bound.table,
            number: index,
            key: bound.key.columns,
            columns: columns,
            avoidsSequences: options.planOnly,
            session
        )
        let before = merge.key.isEmpty ? nil : record.entries[source(of: bound.name)]
        let hasSameFiles = before?.digest == bound.digest
        let mayBeRecognized = mayBeRecognized(bound, merge, settled)
        if mayBeRecognized, hasSameFiles, let known = TableState(before?.details),
            try isInState(known, settled, bound, merge, &session)
        {
            states[bound.name] = known
            return try finish(bound, merge, settled, LeftOut(), table: index, &outcome, session)
        }
        merges[bound.name] = merge
        // An earlier run has seeded most of these rows, so the target probably contains them.
        let presumesFound = (before?.rows ?? 0) > bound.rows.count / 2
        try session.execute(merge.creation(presumesFound: presumesFound))
        let isRecorded = mayBeRecognized && !options.planOnly && !dependsOnTime(bound, settled)
        let given = try copy(settled, bound, merge, hashes: isRecorded, &session)
        if bound.rows.count > 1000 { try session.execute(merge.analysis) }
        try refresh(merge, session)
        if presumesFound, hasSameFiles, try isSeeded(bound, merge, settled, given, &session) {
            return try finish(bound, merge, settled, LeftOut(), table: index, &outcome, session)
        }
        if !merge.key.isEmpty {
            try session.execute(merge.finding(presumesFound: presumesFound))
            try requireOneRowEach(bound, merge, session)
        }
        var left = LeftOut()
        for (number, group) in settled.groups.enumerated() {
            try requireSame(bound, merge, number, group, session)
            let updated = try update(bound, merge, settled, number, &left, &session)
            let inserted = try insert(bound, merge, settled, number, &left, &session)
            outcome.updated += updated + inserted.updated
            outcome.inserted += inserted.inserted
        }
        if !left.missing.isEmpty { try session.execute(merge.forget(left.missing)) }
        try refresh(merge, session)
        try finish(bound, merge, settled, left, table: index, &outcome, session)
        // Other sessions cannot change rows of this transaction, but they may have changed the rows that it found.
        if let given, outcome.inserted == bound.rows.count, !merge.hasTriggers {
            states[bound.name] = try state(given, bound, merge, &session)
        }
    }

    /// Copies the rows of a table of Citus, before statements read them.
    func refresh(_ merge: TableMerge, _ session: borrowing Session) throws {
        for statement in merge.refresh ?? [] { try session.execute(statement) }
    }

    /// Whether the target contains all rows, as they are. One statement compares them, and so sees one state of the
    /// target, which it also records.
    ///
    /// - Parameter given: The digest of the rows; nil if the state must not be recorded.
    private mutating func isSeeded(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ settled: SettledRows,
        _ given: String?,
        _ session: inout Session
    ) throws -> Bool {
        guard bound.table.admitsOneRow(of: merge.key), settled.groups.count == 1 else { return false }
        let count = merge.sameCount(settled.groups[0], bound.onConflict)
        if let given, let row = try stateRow(bound, merge, ifHeld: count, &session) {
            guard row.int("count") == bound.rows.count else { return false }
            states[bound.name] = row["state"].map { TableState(given: given, table: $0) }
            return true
        }
        return try session.query(count)[0].int("count") == bound.rows.count
    }

    /// Notes what became of the rows.
    private mutating func finish(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ settled: SettledRows,
        _ left: LeftOut,
        table index: Int,
        _ outcome: inout SeedReport.Outcome,
        _ session: borrowing Session
    ) throws {
        for column in settled.groups.flatMap(\.plain) where bound.table.column(column)?.sequence != nil {
            explicitColumns[bound.name, default: []].insert(column)
        }
        missing[bound.name] = left.missing
        report.notes += left.notes(bound)
        outcome.skipped += left.count
        outcome.unchanged += bound.rows.count - outcome.inserted - outcome.updated - left.count
        if !settled.postponed.isEmpty {
            postponed.append(PostponedCells(table: index, merge: merge, cells: settled.postponed))
        }
        if !merge.key.isEmpty {
            try remember(bound, merge, session)
            try noteKeys(bound, merge, insertedRows: outcome.inserted, session)
        }
    }

    /// For `on_conflict: error`: checks that existing rows are equal to those of the files.
    func requireSame(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ number: Int,
        _ group: TableMerge.Group,
        _ session: borrowing Session
    ) throws {
        guard bound.onConflict == .error, !merge.key.isEmpty, let sql = merge.difference(group, number: number),
            let row = try session.query(sql)[0]["n"].flatMap({ Int($0) })
        else { return }
        throw Self.differing(bound, row)
    }

    static func differing(_ bound: BoundTable, _ row: Int) -> SeedingError {
        SeedingError(
            .database,
            at: bound.rows[row].place,
            "the row exists already in \(bound.name) and differs",
            hint: "use on_conflict: update to change it, or keep to leave it"
        )
    }

    /// Checks that each key matches one row. Without a unique index it could match several, which would all be changed.
    func requireOneRowEach(_ bound: BoundTable, _ merge: TableMerge, _ session: borrowing Session) throws {
        let columns = merge.key.joined(separator: ", ")
        if bound.rows.count > 1, try session.query(merge.hasDuplicates)[0].bool("any"),
            let pair = try session.query(merge.duplicates).first
        {
            throw SeedingError(
                .file,
                at: bound.rows[pair.int("second")].place,
                "the key (\(columns)) is also in "
                    + "\(bound.rows[pair.int("first")].place)",
                hint: "merge the two rows, because one of them would be lost"
            )
        }
        guard bound.onConflict != .keep, !bound.table.admitsOneRow(of: merge.key),
            let row = try session.query(merge.ambiguous).first
        else { return }
        throw SeedingError(
            .database,
            at: bound.rows[row.int("n")].place,
            "the key (\(columns)) matches \(row.int("count")) rows of \(bound.name), "
                + "but must match one",
            hint: "list unique columns in key:, or keep existing rows with on_conflict: keep"
        )
    }

    /// Runs a statement for all rows of a group. If the server rejects a row, finds that row.
    func attempt(
        _ bound: BoundTable,
        _ settled: SettledRows,
        _ group: Int,
        _ session: inout Session,
        _ sql: (Int?) -> String
    ) throws -> Rows.Row {
        try attempt(bound, settled, group, &session) { last, session in try session.query(sql(last))[0] }
    }

    /// Likewise for several statements.
    func attempt<R>(
        _ bound: BoundTable,
        _ settled: SettledRows,
        _ group: Int,
        _ session: inout Session,
        _ run: (Int?, inout Session) throws -> R
    ) throws -> R {
        do {
            return try session.savepoint { session in try run(nil, &session) }
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            let rows = bound.rows.indices.filter { settled.groupOfRow[$0] == group }
            // A binary search: the shortest part from the beginning that fails ends with the row at fault.
            var (low, high) = (0, rows.count - 1)
            var reason = error
            while low < high {
                let middle = (low + high) / 2
                do {
                    try session.savepoint(isTrial: true) { session in _ = try run(rows[middle], &session) }
                    low = middle + 1
                } catch let smaller as PostgresError where SeedingError.isAboutRows(smaller) {
                    high = middle
                    reason = smaller
                }
            }
            throw Self.refusal(reason, bound, rows[low])
        }
    }

    static func refusal(_ error: PostgresError, _ bound: BoundTable, _ row: Int) -> SeedingError {
        SeedingError(error, at: bound.rows[row].place, "\(bound.name)\(column(error))")
    }

    private static func column(_ error: PostgresError) -> String { error.server?.column.map { ".\($0)" } ?? "" }

    /// Copies the rows into the temporary table.
    ///
    /// - Returns: The digest of the rows, if `hashes`.
    private func copy(
        _ settled: SettledRows,
        _ bound: BoundTable,
        _ merge: TableMerge,
        hashes: Bool,
        _ session: inout Session
    ) throws -> String? {
        do {
            var digest = GivenRows(bound, merge, settled)
            _ = try session.copyIn(merge.copy) { sink in
                try settled.render(bound) { bytes in
                    if hashes { digest.add(bytes) }
                    try sink.write(bytes)
                }
            }
            return hashes ? digest.text() : nil
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            guard let place = CopyPlace(error), bound.rows.indices.contains(place.line - 1) else {
                throw SeedingError(error, at: FilePlace(bound.files[0].file.path), bound.name.description)
            }
            let row = bound.rows[place.line - 1]
            let column = place.column.map { ".\($0)" } ?? ""
            let line = place.column.flatMap { row.lines[$0] } ?? row.line
            let shown = error.showingValue { value in
                place.column.map { bound.hasText(value, in: $0, ofRow: place.line - 1) } ?? false
            }
            throw SeedingError(shown, at: FilePlace(row.file, line: line), "\(bound.name)\(column)")
        }
    }

    /// Reads the values of this table's rows that other rows refer to.
    private mutating func remember(_ bound: BoundTable, _ merge: TableMerge, _ session: borrowing Session) throws {
        for (column, rows) in references.wanted[bound.name] ?? [:] {
            let list = "{\(rows.sorted().map(String.init).joined(separator: ","))}"
            var values: [Int: String?] = [:]
            for row in try session.query(merge.values(of: column), [list]) {
                if let other = values.updateValue(row["value"], forKey: row.int("n")), other != row["value"] {
                    throw Self.severalAreMeant(bound, row.int("n"))
                }
                references.remember(bound.name, column, row.int("n"), row["value"])
            }
        }
    }

    static func severalAreMeant(_ bound: BoundTable, _ row: Int) -> SeedingError {
        SeedingError(
            .database,
            at: bound.rows[row].place,
            "another row refers to this one, but its key "
                + "(\(bound.key.columns.joined(separator: ", "))) matches several rows of \(bound.name)",
            hint: "list unique columns in key:"
        )
    }

    /// Notes which rows seeding has inserted, so that they can be deleted when no file lists them any more.
    private mutating func noteKeys(
        _ bound: BoundTable,
        _ merge: TableMerge,
        insertedRows: Int,
        _ session: borrowing Session
    ) throws {
        var keys = recordedKeys(of: bound)
        if keys.areTooMany, insertedRows > 0, try !session.query(merge.hasOthers(than: insertedRows))[0].bool("any") {
            keys.forget()
        }
        if insertedRows > SeededKeys.countMax {
            keys.giveUp()
        } else if insertedRows > 0, !keys.areTooMany {
            keys.add(try session.query(merge.newKeys).map { $0.texts("key") })
        }
        seededKeys[bound.name] = keys
    }
}
