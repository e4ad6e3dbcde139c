import PostgresClient

/// Listed rows that are missing from the table or differ there, because its triggers rejected or changed them.
struct LeftOut {
    /// Rows that are missing.
    var missing: [Int] = []
    /// Rows that exist and could not be changed.
    var stale: Set<Int> = []

    var count: Int { missing.count + stale.count }

    static func rows(_ count: Int) -> String { counted(count, "row", isGrouped: false) }

    /// Notes for the user, with the places of the first few rows.
    func notes(_ bound: BoundTable) -> [String] {
        var notes: [String] = []
        if !missing.isEmpty {
            let places = missing.sorted().prefix(3).map { bound.rows[$0].place.description }.joined(separator: ", ")
            notes.append(
                "\(bound.name): \(Self.rows(missing.count)) \(missing.count == 1 ? "is" : "are") missing, because a trigger "
                    + "of the table rejected \(missing.count == 1 ? "it" : "them") (\(places)\(missing.count > 3 ? ", …" : ""))"
            )
        }
        if let first = stale.min() {
            let isOne = stale.count == 1
            notes.append(
                "\(bound.name): \(Self.rows(stale.count)) still \(isOne ? "differs" : "differ"), because a trigger of the "
                    + "table kept \(isOne ? "its" : "their") old values (\(bound.rows[first].place))"
            )
        }
        return notes
    }
}

extension SeedRun {
    /// Updates the rows of a group that exist and differ. Returns the number of changed rows. Triggers may prevent
    /// changes.
    func update(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ settled: SettledRows,
        _ number: Int,
        _ left: inout LeftOut,
        _ session: inout Session
    ) throws -> Int {
        let group = settled.groups[number]
        guard bound.onConflict == .update, !merge.key.isEmpty,
            let differing = merge.difference(group, number: number)
        else { return 0 }
        if bound.table.isDistributed {
            return try attempt(bound, settled, number, &session) { last, session in
                try merge.change(group, number: number, upTo: last)?.run(session) ?? 0
            }
        }
        var before: Set<Int>?
        if merge.hasTriggers {
            before = Self.numbers(try session.query(differing)[0], "rows")
            if before?.isEmpty == true { return 0 }
        }
        try session.execute("SAVEPOINT granary_update")
        let done = try attempt(bound, settled, number, &session) { last in
            merge.update(group, number: number, upTo: last) ?? ""
        }
        var count = done.int("count")
        if let before {
            left.stale = left.stale.subtracting(before).union(before.subtracting(Self.numbers(done, "written")))
            // An update that a trigger reverted is not a change, so it is rolled back to leave no trace.
            let changed = Self.numbers(done, "changed")
            if changed.count < count {
                try session.execute("ROLLBACK TO SAVEPOINT granary_update")
                if !changed.isEmpty, let sql = merge.update(group, number: number, only: changed) {
                    try session.query(sql)
                }
            }
            count = changed.count
        }
        try session.execute("RELEASE SAVEPOINT granary_update")
        return count
    }

    private static func numbers(_ row: Rows.Row, _ name: String) -> Set<Int> {
        Set(row.texts(name).compactMap { Int($0) })
    }

    /// Inserts the missing rows of a group. Returns how many were inserted, and how many existed under another key and
    /// were changed.
    mutating func insert(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ settled: SettledRows,
        _ number: Int,
        _ left: inout LeftOut,
        _ session: inout Session
    ) throws -> (inserted: Int, updated: Int) {
        let group = settled.groups[number]
        let missing = try session.query(merge.missingCount(number))[0].int("count")
        guard missing > 0 else { return (0, 0) }
        try session.execute("SAVEPOINT granary_insert")
        do {
            let count = try attempt(bound, settled, number, &session) { last in
                merge.insert(group, number: number, upTo: last)
            }.int("count")
            let isLost =
                try merge.hasTriggers && !merge.key.isEmpty && !session.query(merge.lost(number)).isEmpty
            if count == missing, !isLost {
                try session.execute("RELEASE SAVEPOINT granary_insert")
                return (count, 0)
            }
        } catch let error as SeedingError where merge.hasTriggers && error.sqlState == "23505" {
            // A trigger may have stored the row under a different key.
        }
        try session.execute("ROLLBACK TO SAVEPOINT granary_insert")
        var inserted: Set<Int> = []
        var isAnyThere = false
        for row in try session.query(merge.missing(number)).map({ $0.int("n") }) {
            switch try insertOne(bound, merge, group, row, &session) {
            case .inserted: inserted.insert(row)
            case .isThere: isAnyThere = true
            case .leftOut: left.missing.append(row)
            }
        }
        if !merge.key.isEmpty {
            let lost = try session.query(merge.lost(number)).map { $0.int("n") }.filter { !left.missing.contains($0) }
            left.missing += lost
            inserted.subtract(lost)
            try requireOneRowEach(bound, merge, session)
        }
        var updated = 0
        if isAnyThere {
            try requireSame(bound, merge, number, group, session)
            updated = try update(bound, merge, settled, number, &left, &session)
        }
        try session.execute("RELEASE SAVEPOINT granary_insert")
        return (inserted.count, updated)
    }

    private enum Fate { case inserted, isThere, leftOut }

    /// Inserts one row, and records the key under which the table stores it.
    private func insertOne(
        _ bound: BoundTable,
        _ merge: TableMerge,
        _ group: TableMerge.Group,
        _ row: Int,
        _ session: inout Session
    ) throws -> Fate {
        do {
            let made = try session.savepoint { session in try session.query(merge.insertOne(group, row: row)).first }
            guard let made else { return .leftOut }
            let key = made.texts("key")
            if !key.isEmpty, key.count == merge.key.count { try session.query(merge.rekey(row, isThere: false), key) }
            return .inserted
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            guard error.sqlState == "23505", let key = try presentKey(merge, group, row, &session) else {
                throw Self.refusal(error, bound, row)
            }
            try session.query(merge.rekey(row, isThere: true), key)
            return .isThere
        }
    }

    /// The key of the existing row that prevents the insertion; nil if another key is the cause. Changes nothing.
    private func presentKey(
        _ merge: TableMerge,
        _ group: TableMerge.Group,
        _ row: Int,
        _ session: inout Session
    ) throws -> [String]? {
        guard !merge.key.isEmpty else { return nil }
        do {
            return try session.savepoint(isTrial: true) { session in
                try session.query(merge.insertOne(group, row: row, takesOver: true)).first?.texts("key")
            }
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            // There is no such index, or another key is the cause.
            return nil
        }
    }
}
