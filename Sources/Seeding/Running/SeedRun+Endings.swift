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
            try refresh(merge, session)
            let incomplete = merge.incomplete(column, values: values, bound.onConflict)
            if bound.onConflict == .error, let row = try session.query(incomplete)[0]["old"].flatMap({ Int($0) }) {
                throw Self.differing(bound, row)
            }
            let count =
                try bound.table.isDistributed
                ? merge.change(column, values: values, bound.onConflict).run(session)
                : session.query(merge.completion(column, values: values, bound.onConflict))[0].int("count")
            try refresh(merge, session)
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
    static func copy(
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
}
