internal import Bookkeeping
import PostgresClient

extension SeedRun {
    /// The keys of the rows that seeding has inserted: those of this run if it has merged the table's rows, or else those
    /// of the record.
    func recordedKeys(of bound: BoundTable) -> SeededKeys {
        seededKeys[bound.name]
            ?? SeededKeys(columns: bound.key.columns, record.entries[source(of: bound.name)]?.details)
    }

    /// Deletes rows that seeding inserted and that no file lists any more, children before parents.
    mutating func prune(_ names: [TableName], _ session: inout Session) throws {
        for name in names {
            guard let index = tables.firstIndex(where: { $0.name == name }), tables[index].prunes, isMeant(name) else {
                continue
            }
            // In a run of the common layer alone, rows of other layers are not listed, and must not be deleted.
            guard !tables[index].key.columns.isEmpty, !set.namesInOtherLayers.contains(name) else { continue }
            var keys = recordedKeys(of: tables[index])
            if keys.areTooMany {
                notePruningHasNoEffect(name, "seeding has inserted more than \(grouped(SeededKeys.countMax)) rows")
            }
            guard !keys.ours.isEmpty else { continue }
            try prune(&keys, of: index, &session)
            seededKeys[name] = keys
        }
    }

    private mutating func notePruningHasNoEffect(_ name: TableName, _ reason: String) {
        report.notes.append("\(name): prune has no effect, because \(reason)")
    }

    /// Deletes the rows of keys that are no longer listed, and forgets their keys.
    ///
    /// The server decides which keys are listed. Their texts may differ from those of the files although the values are
    /// equal, for example after a change of the column's type.
    private mutating func prune(_ keys: inout SeededKeys, of index: Int, _ session: inout Session) throws {
        let bound = tables[index]
        let merge =
            merges[bound.name]
            ?? TableMerge(
                bound.table,
                number: index,
                key: bound.key.columns,
                columns: bound.key.columns,
                avoidsSequences: false,
                session
            )
        let ours = keys.ours.sorted { $0.lexicographicallyPrecedes($1) }
        guard try copyRecorded(ours, merge, &session) else {
            let columns = merge.key.joined(separator: ", ")
            return notePruningHasNoEffect(
                bound.name,
                "recorded keys do not fit the type of the key (\(columns)) any more"
            )
        }
        if merges[bound.name] != nil { try session.execute(merge.forgetListed) }
        let gone = try session.query(merge.recorded).map { $0.int("n") }
        guard !gone.isEmpty else { return }
        guard !options.isProduction else {
            let isOne = gone.count == 1
            report.notes.append(
                "\(bound.name): \(LeftOut.rows(gone.count)) \(isOne ? "is" : "are") no longer listed; "
                    + "\(isOne ? "it is" : "they are") not deleted in production"
            )
            return
        }
        let stayed = try delete(bound, merge, session)
        keys.remove(Set(gone).subtracting(stayed).map { ours[$0] })
    }

    /// Copies the recorded keys to the server.
    ///
    /// - Returns: Whether they still are values of the key.
    private func copyRecorded(_ keys: [[String]], _ merge: TableMerge, _ session: inout Session) throws -> Bool {
        try session.execute(merge.creationOfRecorded)
        do {
            try session.savepoint { session in
                let rows = keys.enumerated().lazy.map { number, key -> [String?] in
                    ["\(number)"] + key.map(Optional.some)
                }
                try Self.copy(rows, into: merge.recordedKeys, &session)
            }
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            return false
        }
        try session.execute("ANALYZE \(merge.recordedKeys)")
        return true
    }

    /// Deletes the rows of the recorded keys. Returns the numbers of the keys whose rows a trigger kept.
    private mutating func delete(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ session: borrowing Session
    ) throws -> Set<Int> {
        let present = try requireOneRowForEachKey(bound, merge, session)
        var stayed: Set<Int> = []
        do {
            let count =
                try bound.table.isDistributed
                ? merge.deletionOfSent.run(session) : session.query(merge.deletion)[0].int("count")
            outcomes[bound.name, default: .init(table: bound.name)].deleted += count
            if count < present { stayed = Set(try session.query(merge.matches).map { $0.int("n") }) }
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
    private func requireOneRowForEachKey(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ session: borrowing Session
    ) throws -> Int {
        let matches = try session.query(merge.matches)
        guard let first = matches.first, first.int("count") > 1 else { return matches.count }
        throw SeedingError(
            .database,
            "\(bound.files[0].file.path): a row is no longer listed, and its key (\(merge.key.joined(separator: ", "))) "
                + "matches \(first.int("count")) rows of \(bound.name)",
            hint: "delete the right one yourself, or keep it with prune: false"
        )
    }
}
