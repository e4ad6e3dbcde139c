internal import Bookkeeping
import PostgresClient
internal import SyntheticData

/// Cells that are filled after all rows exist.
struct PostponedCells {
    var table: Int
    var merge: TableMerge
    /// The row, the column, and the source of the value.
    var cells: [(row: Int, column: String, cell: BoundCell)]
}

extension SeedRun {
    mutating func fillPostponed(_ session: inout Session) throws {
        for waiting in postponed {
            for (column, cells) in try values(waiting, session).sorted(by: { $0.key < $1.key }) {
                try fill(column, cells, waiting, &session)
            }
        }
    }

    /// The values of postponed cells by column, each with its row.
    private mutating func values(
        _ waiting: PostponedCells,
        _ session: borrowing Session
    ) throws -> [String: [(row: Int, value: String?)]] {
        var byColumn: [String: [(row: Int, value: String?)]] = [:]
        for (row, column, cell) in waiting.cells {
            switch cell {
            case .text(let text): byColumn[column, default: []].append((row, text))
            case .expression: continue
            case .reference(let reference):
                guard case .known(let text) = try references.resolve(reference, tables, session) else {
                    throw SeedingError(.database, at: reference.place, "the referenced row does not exist")
                }
                byColumn[column, default: []].append((row, text))
            }
        }
        return byColumn
    }

    private mutating func fill(
        _ column: String,
        _ cells: [(row: Int, value: String?)],
        _ waiting: PostponedCells,
        _ session: inout Session
    ) throws {
        let (bound, merge) = (tables[waiting.table], waiting.merge)
        let values = "\(merge.temporary)_later"
        try session.execute("DROP TABLE IF EXISTS \(values)")
        try session.execute(
            "CREATE TEMPORARY TABLE \(values.dropFirst(8)) ON COMMIT DROP AS SELECT NULL::integer AS granary_n, t.\(merge.q(column)) FROM \(merge.target) t WITH NO DATA"
        )
        do {
            try Self.copy(cells.lazy.map { ["\($0.row)", $0.value] }, into: values, &session)
            let incomplete = merge.incomplete(column, values: values, bound.onConflict)
            if bound.onConflict == .error, let row = try session.query(incomplete)[0]["old"].flatMap({ Int($0) }) {
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
            // A row that also differed in other columns was already counted.
            let unchanged = outcomes[bound.name]?.unchanged ?? 0
            outcomes[bound.name]?.updated += min(count, unchanged)
            outcomes[bound.name]?.unchanged -= min(count, unchanged)
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            let row = CopyPlace(error).map { cells[min($0.line, cells.count) - 1].row } ?? cells[0].row
            throw SeedingError(error, at: bound.rows[row].place, "\(bound.name).\(column)")
        }
    }

    /// Copies rows of text values into a table.
    private static func copy(
        _ rows: some Sequence<[String?]>,
        into table: String,
        _ session: inout Session
    ) throws {
        _ = try session.copyIn("COPY \(table) FROM STDIN") { sink in
            var buffer = CopyBuffer()
            for row in rows {
                for (place, value) in row.enumerated() {
                    if place > 0 { buffer.append(CopyBuffer.tab) }
                    buffer.append(value: value)
                }
                buffer.append(CopyBuffer.newline)
            }
            try buffer.lend { try sink.write($0) }
        }
    }

    /// Deletes rows that seeding inserted and that no file lists any more, children before parents.
    mutating func prune(_ names: [TableName], _ session: inout Session) throws {
        for name in names {
            guard let index = tables.firstIndex(where: { $0.name == name }), tables[index].prunes, isMeant(name) else {
                continue
            }
            let bound = tables[index]
            // In a run of the common layer alone, rows of other layers are not listed, and must not be deleted.
            guard !bound.key.columns.isEmpty, !set.namesInOtherLayers.contains(name) else { continue }
            var keys =
                seededKeys[name] ?? SeededKeys(columns: bound.key.columns, record.entries[source(of: name)]?.details)
            let gone = keys.ours.subtracting(keys.listed).sorted { $0.lexicographicallyPrecedes($1) }
            guard !gone.isEmpty else { continue }
            guard !options.isProduction else {
                report.notes.append(
                    "\(name): \(gone.count) rows are no longer listed; they are not deleted in production"
                )
                continue
            }
            let stayed = try delete(gone, index, &session)
            keys.ours.subtract(Set(gone).subtracting(stayed))
            seededKeys[name] = keys
        }
    }

    /// Deletes the rows with these keys, and returns the keys that a trigger kept.
    private mutating func delete(_ gone: [[String]], _ index: Int, _ session: inout Session) throws -> Set<[String]> {
        let bound = tables[index]
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
            try Self.copy(gone.lazy.map { $0.map(Optional.some) }, into: temporary, &session)
            let present = try requireOneRowEach(bound, merge, temporary, session)
            let count = try session.query(merge.deletion(temporary))[0].int("count")
            outcomes[bound.name, default: .init(table: bound.name)].deleted += count
            if count < present { stayed = Set(try session.query(merge.matches(temporary)).map { $0.texts("key") }) }
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            throw SeedingError(
                error,
                at: FilePlace(bound.files[0].file.path),
                "pruning \(bound.name)",
                hint: "other rows still refer to rows that are no longer listed"
            )
        }
        if !stayed.isEmpty {
            report.notes.append(
                "\(bound.name): \(LeftOut.rows(stayed.count)) that no file lists any more could not be deleted, because a "
                    + "trigger of the table kept \(stayed.count == 1 ? "it" : "them")"
            )
            outcomes[bound.name, default: .init(table: bound.name)].skipped += stayed.count
        }
        return stayed
    }

    /// Checks that each key to delete matches at most one row. Returns the number of keys that match a row.
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
            "\(bound.files[0].file.path): a row is no longer listed, and its key (\(merge.key.joined(separator: ", "))) "
                + "matches \(first.int("count")) rows of \(bound.name)",
            hint: "delete the right one yourself, or keep it with prune: false"
        )
    }
}
