internal import Bookkeeping
import PostgresClient
internal import SyntheticData

/// Cells that are filled when all rows are there.
struct PostponedCells {
    var table: Int
    var merge: TableMerge
    /// Row, column, and where the value comes from.
    var cells: [(row: Int, column: String, cell: BoundCell)]
}

extension SeedRun {
    /// Listed rows, then generated ones.
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
            try generateRows(index, isLocked: isWhileEmpty && !wasEmpty, &outcome, &session)
        }
        outcomes[name] = outcome
        references.finish(name)
        progress(.finished(table: "\(name)", rows: outcome.inserted + outcome.updated))
    }

    func isEmpty(_ name: TableName, _ session: borrowing Session) throws -> Bool {
        try session.query("SELECT NOT EXISTS (SELECT FROM \(session.quoted(name))) AS empty")[0].bool("empty")
    }

    private mutating func mergeRows(_ index: Int, _ outcome: inout SeedReport.Outcome, _ session: inout Session) throws
    {
        let bound = tables[index]
        let settled = try settle(index, session)
        let columns = settled.columns
        let merge = TableMerge(
            bound.table,
            number: index,
            key: bound.key.columns,
            columns: columns,
            avoidsSequences: options.planOnly,
            session
        )
        merges[bound.name] = merge
        try session.execute(merge.creation)
        try copy(settled, bound, merge, &session)
        if bound.rows.count > 1000 { try session.execute("ANALYZE \(merge.temporary)") }
        if !merge.key.isEmpty {
            try session.execute(merge.finding)
            try requireOneRowEach(bound, merge, session)
        }
        var left = LeftOut()
        for (number, group) in settled.groups.enumerated() {
            try requireSame(bound, merge, number, group, session)
            let updated = try update(bound, merge, settled, number, &left, &session)
            let inserted = try insert(bound, merge, settled, number, &left, &session)
            outcome.updated += updated + inserted.updated
            outcome.inserted += inserted.inserted
            for column in group.plain where bound.table.column(column)?.sequence != nil {
                explicitColumns[bound.name, default: []].insert(column)
            }
        }
        if !left.missing.isEmpty { try session.execute(merge.forget(left.missing)) }
        missing[bound.name] = left.missing
        report.notes += left.notes(bound)
        outcome.skipped += left.count
        outcome.unchanged += bound.rows.count - outcome.inserted - outcome.updated - left.count
        if !settled.postponed.isEmpty {
            postponed.append(PostponedCells(table: index, merge: merge, cells: settled.postponed))
        }
        if !merge.key.isEmpty {
            try remember(bound, merge, session)
            try noteKeys(bound, merge, session)
        }
    }

    /// `on_conflict: error`: what is there already is what the files say.
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

    private static func differing(_ bound: BoundTable, _ row: Int) -> SeedingError {
        SeedingError(
            .database,
            at: bound.rows[row].place,
            "the row is there already in \(bound.name), and differs",
            hint: "on_conflict: update would change it, keep would leave it"
        )
    }

    /// A key that no unique index backs may find many rows, and each of them would be changed.
    func requireOneRowEach(_ bound: BoundTable, _ merge: TableMerge, _ session: borrowing Session) throws {
        let columns = merge.key.joined(separator: ", ")
        if bound.rows.count > 1, let pair = try session.query(merge.duplicates).first {
            throw SeedingError(
                .file,
                at: bound.rows[pair.int("second")].place,
                "the key (\(columns)) is that of "
                    + "\(bound.rows[pair.int("first")].place) too",
                hint: "one of the two rows would be lost: join them"
            )
        }
        guard bound.onConflict != .keep, !bound.table.admitsOneRow(of: merge.key),
            let row = try session.query(merge.ambiguous).first
        else { return }
        throw SeedingError(
            .database,
            at: bound.rows[row.int("n")].place,
            "the key (\(columns)) matches \(row.int("count")) rows of \(bound.name), "
                + "and must find one",
            hint: "name columns that are unique in key:, or leave the rows that are there alone with on_conflict: keep"
        )
    }

    /// Runs a statement for all rows of a group; where one of them is refused, finds which.
    func attempt(
        _ bound: BoundTable,
        _ settled: SettledRows,
        _ group: Int,
        _ session: inout Session,
        _ sql: (Int?) -> String
    ) throws -> Rows.Row {
        try session.execute("SAVEPOINT granary_rows")
        do {
            let row = try session.query(sql(nil))[0]
            try session.execute("RELEASE SAVEPOINT granary_rows")
            return row
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            try session.execute("ROLLBACK TO SAVEPOINT granary_rows")
            let rows = bound.rows.indices.filter { settled.groupOfRow[$0] == group }
            // The smallest part from the beginning that fails ends with the row that is at fault.
            var (low, high) = (0, rows.count - 1)
            var reason = error
            while low < high {
                let middle = (low + high) / 2
                do {
                    try session.query(sql(rows[middle]))
                    low = middle + 1
                } catch let smaller as PostgresError where SeedingError.isAboutRows(smaller) {
                    high = middle
                    reason = smaller
                }
                try session.execute("ROLLBACK TO SAVEPOINT granary_rows")
            }
            throw Self.refusal(reason, bound, rows[low])
        }
    }

    static func refusal(_ error: PostgresError, _ bound: BoundTable, _ row: Int) -> SeedingError {
        SeedingError(error, at: bound.rows[row].place, "\(bound.name)\(column(error))")
    }

    private static func column(_ error: PostgresError) -> String { error.server?.column.map { ".\($0)" } ?? "" }

    private func copy(_ settled: SettledRows, _ bound: BoundTable, _ merge: TableMerge, _ session: inout Session) throws
    {
        do {
            _ = try session.copyIn(merge.copy) { sink in
                var buffer = CopyBuffer(capacity: 1 << 18)
                for row in bound.rows.indices {
                    buffer.append(row)
                    buffer.append(CopyBuffer.tab)
                    buffer.append(settled.groupOfRow[row])
                    for column in settled.columns.indices {
                        buffer.append(CopyBuffer.tab)
                        buffer.append(value: settled.values[row][column])
                    }
                    buffer.append(CopyBuffer.newline)
                    if buffer.count > 200_000 {
                        try buffer.lend { try sink.write($0) }
                        buffer.removeAll()
                    }
                }
                try buffer.lend { try sink.write($0) }
            }
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            guard let place = CopyPlace(error), bound.rows.indices.contains(place.line - 1) else {
                throw SeedingError(error, at: FilePlace(bound.files[0].file.path), bound.name.description)
            }
            let row = bound.rows[place.line - 1]
            let column = place.column.map { ".\($0)" } ?? ""
            let line = place.column.flatMap { row.lines[$0] } ?? row.line
            throw SeedingError(error, at: FilePlace(row.file, line: line), "\(bound.name)\(column)")
        }
    }

    /// Fetches what others want to know of this table's rows.
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
            "another row refers to this one, and its key "
                + "(\(bound.key.columns.joined(separator: ", "))) matches several rows of \(bound.name)",
            hint: "name columns that are unique in key:"
        )
    }

    /// Which of the rows are ours, for the day when they are listed no more.
    private mutating func noteKeys(_ bound: BoundTable, _ merge: TableMerge, _ session: borrowing Session) throws {
        var keys = SeededKeys(columns: merge.key, record.entries[source(of: bound.name)]?.details)
        var listed: Set<[String]> = []
        for row in try session.query(merge.keys) {
            let key = row.texts("key")
            listed.insert(key)
            if !row.bool("found") { keys.ours.insert(key) }
        }
        keys.listed = listed
        seededKeys[bound.name] = keys
    }
}

// What comes last.
extension SeedRun {
    mutating func fillPostponed(_ session: inout Session) throws {
        for waiting in postponed {
            let bound = tables[waiting.table]
            var byColumn: [String: [(Int, String?)]] = [:]
            for (row, column, cell) in waiting.cells {
                let value: String?
                switch cell {
                case .text(let text): value = text
                case .expression: continue
                case .reference(let reference):
                    let resolved = try references.resolve(reference, tables, session)
                    guard case .known(let text) = resolved else {
                        throw SeedingError(.database, at: reference.place, "the row that is meant is not there")
                    }
                    value = text
                }
                byColumn[column, default: []].append((row, value))
            }
            for (column, cells) in byColumn.sorted(by: { $0.key < $1.key }) {
                let values = "\(waiting.merge.temporary)_later"
                let name = waiting.merge.q(column)
                try session.execute("DROP TABLE IF EXISTS \(values)")
                try session.execute(
                    "CREATE TEMPORARY TABLE \(values.dropFirst(8)) ON COMMIT DROP AS SELECT NULL::integer AS granary_n, t.\(name) FROM \(waiting.merge.target) t WITH NO DATA"
                )
                do {
                    _ = try session.copyIn("COPY \(values) FROM STDIN") { sink in
                        var buffer = CopyBuffer()
                        for (row, value) in cells {
                            buffer.append(row)
                            buffer.append(CopyBuffer.tab)
                            buffer.append(value: value)
                            buffer.append(CopyBuffer.newline)
                        }
                        try buffer.lend { try sink.write($0) }
                    }
                    let merge = waiting.merge
                    let incomplete = merge.incomplete(column, values: values, bound.onConflict)
                    if bound.onConflict == .error,
                        let row = try session.query(incomplete)[0]["old"].flatMap({ Int($0) })
                    {
                        throw Self.differing(bound, row)
                    }
                    let completion = merge.completion(column, values: values, bound.onConflict)
                    let count = try session.query(completion)[0].int("count")
                    let rest = try session.query(incomplete)[0]
                    if let row = rest["n"].flatMap({ Int($0) }) {
                        report.notes.append(
                            "\(bound.name): \(LeftOut.rows(rest.int("count"))) did not get \(column), because a trigger of "
                                + "the table kept it (\(bound.rows[row].place))"
                        )
                    }
                    // A row that was there and differed in other columns is counted once already.
                    let unchanged = outcomes[bound.name]?.unchanged ?? 0
                    outcomes[bound.name]?.updated += min(count, unchanged)
                    outcomes[bound.name]?.unchanged -= min(count, unchanged)
                } catch let error as PostgresError where SeedingError.isAboutRows(error) {
                    let row = CopyPlace(error).map { cells[min($0.line, cells.count) - 1].0 } ?? cells[0].0
                    throw SeedingError(error, at: bound.rows[row].place, "\(bound.name).\(column)")
                }
            }
        }
    }

    /// Deletes what seeding has inserted and no file lists any more, children before parents.
    mutating func prune(_ names: [TableName], _ session: inout Session) throws {
        for name in names {
            guard let index = tables.firstIndex(where: { $0.name == name }), tables[index].prunes, isMeant(name) else {
                continue
            }
            let bound = tables[index]
            // In a run of the common layer alone, rows of other layers are not listed, and not gone.
            guard !bound.key.columns.isEmpty, !set.namesInOtherLayers.contains(name) else { continue }
            var keys =
                seededKeys[name] ?? SeededKeys(columns: bound.key.columns, record.entries[source(of: name)]?.details)
            let gone = keys.ours.subtracting(keys.listed).sorted { $0.lexicographicallyPrecedes($1) }
            guard !gone.isEmpty else { continue }
            guard !options.isProduction else {
                report.notes.append("\(name): \(gone.count) rows are listed no more, and stay: production loses none")
                continue
            }
            let merge = TableMerge(
                bound.table,
                number: index,
                key: bound.key.columns,
                columns: bound.key.columns,
                avoidsSequences: false,
                session
            )
            let temporary = "\(merge.temporary)_gone"
            let columns = bound.key.columns.map { "t.\(merge.q($0))" }.joined(separator: ", ")
            var stayed: Set<[String]> = []
            try session.execute(
                "CREATE TEMPORARY TABLE \(temporary.dropFirst(8)) ON COMMIT DROP AS SELECT \(columns) FROM \(merge.target) t WITH NO DATA"
            )
            do {
                _ = try session.copyIn("COPY \(temporary) FROM STDIN") { sink in
                    var buffer = CopyBuffer()
                    for key in gone {
                        for (place, value) in key.enumerated() {
                            if place > 0 { buffer.append(CopyBuffer.tab) }
                            buffer.append(value: value)
                        }
                        buffer.append(CopyBuffer.newline)
                    }
                    try buffer.lend { try sink.write($0) }
                }
                let present = try requireOneRowEach(bound, merge, temporary, session)
                let count = try session.query(merge.deletion(temporary))[0].int("count")
                outcomes[name, default: .init(table: name)].deleted += count
                if count < present { stayed = Set(try session.query(merge.matches(temporary)).map { $0.texts("key") }) }
            } catch let error as PostgresError where SeedingError.isAboutRows(error) {
                throw SeedingError(
                    error,
                    at: FilePlace(bound.files[0].file.path),
                    "pruning \(name)",
                    hint: "rows that are listed no more are still referred to"
                )
            }
            if !stayed.isEmpty {
                report.notes.append(
                    "\(name): \(LeftOut.rows(stayed.count)) that no file lists any more could not be deleted, because a "
                        + "trigger of the table kept \(stayed.count == 1 ? "it" : "them")"
                )
                outcomes[name, default: .init(table: name)].skipped += stayed.count
            }
            keys.ours.subtract(Set(gone).subtracting(stayed))
            seededKeys[name] = keys
        }
    }

    /// How many of the rows that are to be deleted are there.
    private func requireOneRowEach(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ keys: String,
        _ session: borrowing Session
    ) throws -> Int {
        let matches = try session.query(merge.matches(keys))
        guard let first = matches.first, first.int("count") > 1 else { return matches.count }
        throw SeedingError(
            .database,
            "\(bound.files[0].file.path): a row is listed no more, and its key (\(merge.key.joined(separator: ", "))) "
                + "matches \(first.int("count")) rows of \(bound.name)",
            hint: "delete the one that is meant yourself, or leave it with prune: false"
        )
    }
}
