package import Archive
package import PostgresClient

/// Advances sequences after a restore: to the archived value, to the highest value in the columns that they feed, and
/// in a target that is kept at least to the present value. For a descending sequence the directions are reversed.
///
///     which sequences there are, and the columns they feed
///     → where the archive, the rows and the target have them → the furthest → setval → read again
struct Sequences {
    /// The value that a sequence returned last, or will return next.
    struct Position: Sendable, Equatable {
        var value: Int64
        var isCalled: Bool
    }

    /// The present values of the sequences in a target that is kept.
    enum Own: Sendable {
        /// The target is not kept: everything is new.
        case none
        /// The present values; the sequences existed before the transaction.
        case current
        /// The values before the sequences were dropped.
        case before([TableName: Position])
    }

    private let archived: [TableName: Position]
    private let own: Own
    /// nil for all sequences of the database.
    private let fed: Set<TableName>?

    /// - Parameter fed: Tables whose sequences also follow their rows; nil for all tables.
    init(_ archived: [Manifest.Sequence], feeding fed: [TableName]?, own: Own) {
        self.archived = Dictionary(
            archived.map {
                (TableName(schema: $0.schema, name: $0.name), Position(value: $0.lastValue, isCalled: $0.isCalled))
            },
            uniquingKeysWith: { first, _ in first }
        )
        self.fed = fed.map(Set.init)
        self.own = own
    }

    /// Sets them in the open transaction or in one of their own, and returns their new positions.
    @discardableResult
    func follow(_ session: inout Session) throws -> [TableName: Position] {
        do {
            let entries = try entries(session)
            var goals = try goals(entries, session)
            let moving = entries.filter { goals.moves.contains($0.name) && $0.isOurs }
            if isCurrent, !moving.isEmpty {
                // A rollback does not undo `setval` unless the sequence was rewritten in the same transaction, which
                // only its owner may do. After that no other session can take a value, so it is read again. Citus does
                // not alter the sequences of its tables; a rollback leaves these where they were set.
                let distributed = Set(try session.distributedTables())
                for entry in moving where !entry.columns.contains(where: { distributed.contains($0.table) }) {
                    try session.execute("ALTER SEQUENCE \(session.quoted(entry.name)) INCREMENT BY \(entry.increment)")
                }
                goals = try self.goals(entries, session)
            }
            try set(goals, session)
            return goals.positions
        } catch let error as PostgresError where error.isOfStatement {
            throw RestoreError(.statement, "sequences could not be set: \(error)", hint: error.hint)
        }
    }

    private var isCurrent: Bool {
        guard case .current = own else { return false }
        return true
    }

    /// - Throws: `RestoreError.mismatch` naming the sequence.
    static func compare(_ goals: [TableName: Position], _ session: borrowing Session) throws {
        let there = try positions(Array(goals.keys), session)
        for (name, goal) in goals where there[name] != goal {
            throw RestoreError(.mismatch, "sequence \(name) is not at the value that it was set to")
        }
    }

    /// The positions of all sequences that the role may read.
    static func positions(_ session: borrowing Session) throws -> [TableName: Position] {
        let names = try session.query(
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relpersistence <> 't'
                AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT') ELSE false END
            """
        ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
        return try positions(names, session)
    }

    private static func positions(
        _ names: [TableName],
        _ session: borrowing Session
    ) throws -> [TableName: Position] {
        var positions: [TableName: Position] = [:]
        for start in stride(from: 0, to: names.count, by: 200) {
            let batch = Array(names[start..<min(start + 200, names.count)])
            let parts = batch.indices.map { index in
                "SELECT \(index) AS number, last_value, is_called FROM \(session.quoted(batch[index]))"
            }
            for row in try session.query(parts.joined(separator: " UNION ALL ")) {
                positions[batch[row.int("number")]] = Position(
                    value: Int64(row.text("last_value")) ?? 0,
                    isCalled: row.bool("is_called")
                )
            }
        }
        return positions
    }
}

/// A sequence that would return values that exist already, or that the backup had passed.
package struct SequenceBehind: Sendable, Equatable {
    package var name: TableName
    package var value: Int64
    /// Where it should be at least.
    package var goal: Int64

    /// The number of sequences of the database, and those that are behind the archive or behind the columns that they
    /// feed. Changes nothing.
    ///
    /// - Throws: `RestoreError.mismatch` for a sequence that does not exist; `PostgresError`.
    package static func all(
        of archived: [Manifest.Sequence],
        _ session: borrowing Session
    ) throws -> (count: Int, behind: [SequenceBehind]) {
        try Sequences(archived, feeding: nil, own: .none).behind(session)
    }
}

extension Sequences {
    fileprivate func behind(_ session: borrowing Session) throws -> (count: Int, behind: [SequenceBehind]) {
        let entries = try entries(session)
        let goals = try goals(entries, session)
        let current = try Self.positions(entries.map(\.name), session)
        let behind = entries.compactMap { entry -> SequenceBehind? in
            guard goals.moves.contains(entry.name), let goal = goals.positions[entry.name],
                let now = current[entry.name], entry.isFurther(goal, than: now)
            else { return nil }
            return SequenceBehind(name: entry.name, value: now.value, goal: goal.value)
        }
        return (entries.count, behind)
    }
}

// The present state.
extension Sequences {
    fileprivate struct Entry {
        var oid: UInt32
        var name: TableName
        var increment: Int64
        var range: ClosedRange<Int64>
        var cycles: Bool
        /// The role may alter it.
        var isOurs: Bool
        var isReadable: Bool
        /// Tables and columns that contain its values, including partitions.
        var columns: [(table: TableName, column: String)] = []
    }

    private func entries(_ session: borrowing Session) throws -> [Entry] {
        var entries: [UInt32: Entry] = [:]
        for row in try session.query(
            """
            SELECT s.seqrelid, n.nspname, c.relname, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
                pg_catalog.pg_has_role(c.relowner, 'USAGE') AS ours,
                pg_catalog.has_sequence_privilege(c.oid, 'SELECT') AS readable
            FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relpersistence <> 't'
            """
        ) {
            let (low, high) = (Int64(row.text("seqmin")) ?? .min, Int64(row.text("seqmax")) ?? .max)
            entries[row.oid("seqrelid")] = Entry(
                oid: row.oid("seqrelid"),
                name: TableName(schema: row.text("nspname"), name: row.text("relname")),
                increment: Int64(row.text("seqincrement")) ?? 1,
                range: min(low, high)...high,
                cycles: row.bool("seqcycle"),
                isOurs: row.bool("ours"),
                isReadable: row.bool("readable")
            )
        }
        for row in try session.query(Self.fedColumns) {
            entries[row.oid("sequence")]?.columns.append(
                (TableName(schema: row.text("nspname"), name: row.text("relname")), row.text("attname"))
            )
        }
        let wanted = entries.values.filter { entry in
            archived[entry.name] != nil
                || entry.isReadable && entry.columns.contains { fed?.contains($0.table) ?? true }
        }
        if let closed = wanted.first(where: { !$0.isReadable }) {
            throw RestoreError(
                .statement,
                "sequence \(closed.name) could not be set: \(session.user) may not read it",
                hint:
                    "GRANT SELECT, UPDATE ON SEQUENCE \(session.quoted(closed.name)) TO \(session.quoted(session.user))"
            )
        }
        let there = Set(wanted.map(\.name))
        if !isCurrent, let missing = archived.keys.first(where: { !there.contains($0) }) {
            throw RestoreError(.mismatch, "sequence \(missing) of the archive is not there")
        }
        return wanted.sorted { $0.oid < $1.oid }
    }

    /// Integer columns that a sequence feeds: it belongs to an identity or serial column, or it is the column's
    /// default. Includes partitions and inheriting tables, but not foreign tables and tables that the role may not
    /// read.
    private static let fedColumns = """
        WITH RECURSIVE fed (sequence, relation, attname) AS (
            SELECT d.objid, a.attrelid, a.attname
            FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 AND NOT (a.atthasdef AND a.attidentity = '')
            UNION
            SELECT d.refobjid, a.attrelid, a.attname
            FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
            JOIN pg_catalog.pg_attrdef e ON e.oid = d.objid
            JOIN pg_catalog.pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
            WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND pg_catalog.pg_get_expr(e.adbin, e.adrelid) ~ '^\\(*nextval\\(''.*''::regclass\\)\\)*(::[a-z]+)?$'
            UNION
            SELECT f.sequence, i.inhrelid, f.attname
            FROM fed f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.relation
        )
        SELECT DISTINCT f.sequence, n.nspname, c.relname, a.attname
        FROM fed f JOIN pg_catalog.pg_class c ON c.oid = f.relation
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = f.attname AND NOT a.attisdropped
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        WHERE c.relkind = 'r' AND c.relpersistence <> 't'
            AND CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
                = ANY ('{int2,int4,int8,numeric}'::pg_catalog.regtype[])
            AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
            AND NOT pg_catalog.row_security_active(c.oid)
        """
}

// The target state.
extension Sequences {
    private struct Goals {
        var positions: [TableName: Position] = [:]
        /// The sequences that are not at their target yet.
        var moves: Set<TableName> = []
    }

    private func goals(_ entries: [Entry], _ session: borrowing Session) throws -> Goals {
        let current = try Self.positions(entries.map(\.name), session)
        let rows = try furthestRows(entries, session)
        var goals = Goals()
        for entry in entries {
            guard let now = current[entry.name] else { continue }
            let goal = goal(entry, now: now, rows: rows[entry.oid])
            goals.positions[entry.name] = goal
            if goal != now { goals.moves.insert(entry.name) }
        }
        return goals
    }

    private func goal(_ entry: Entry, now: Position, rows: Int64?) -> Position {
        let there: Position? =
            switch own {
            case .none: nil
            case .current: now
            case .before(let positions): positions[entry.name]
            }
        let candidates = [archived[entry.name] ?? now, there].compactMap { $0 }
            .filter { entry.range.contains($0.value) }
        // A sequence with CYCLE may be at any value, so its rows do not matter.
        guard !entry.cycles else { return there ?? candidates.first ?? now }
        let start = candidates.max { entry.isFurther($1, than: $0) } ?? now
        return rows.map { entry.step(from: start, beyond: $0) } ?? start
    }

    /// The highest value in the rows for each sequence, by its oid. A row with the last value of the range, such as a
    /// sentinel, does not count, because no values would be left.
    private func furthestRows(_ entries: [Entry], _ session: borrowing Session) throws -> [UInt32: Int64] {
        let parts = entries.filter { !$0.cycles }.flatMap { entry in
            entry.columns.map { table, column in
                let name = session.quoted(column)
                let (low, high) = (entry.range.lowerBound, entry.range.upperBound)
                let (function, limits) =
                    entry.increment > 0
                    ? ("max", "\(name) >= \(low) AND \(name) < \(high)")
                    : ("min", "\(name) > \(low) AND \(name) <= \(high)")
                return """
                    SELECT \(entry.oid)::pg_catalog.oid AS oid, pg_catalog.trunc(pg_catalog.\(function)(\(name))::numeric)::bigint AS value
                    FROM ONLY \(session.quoted(table)) WHERE \(limits)
                    """
            }
        }
        var furthest: [UInt32: Int64] = [:]
        let increments = Dictionary(entries.map { ($0.oid, $0.increment) }, uniquingKeysWith: { first, _ in first })
        for start in stride(from: 0, to: parts.count, by: 100) {
            let batch = parts[start..<min(start + 100, parts.count)]
            for row in try session.query(batch.joined(separator: " UNION ALL ")) {
                guard let value = row["value"].flatMap({ Int64($0) }) else { continue }
                let oid = row.oid("oid")
                let isUp = increments[oid, default: 1] > 0
                furthest[oid] = furthest[oid].map { isUp ? max($0, value) : min($0, value) } ?? value
            }
        }
        return furthest
    }

    private func set(_ goals: Goals, _ session: borrowing Session) throws {
        let calls = goals.positions.filter { goals.moves.contains($0.key) }.map { name, goal in
            "SELECT pg_catalog.setval(\(session.literal(session.quoted(name)))::pg_catalog.regclass, \(goal.value), \(goal.isCalled));"
        }
        for start in stride(from: 0, to: calls.count, by: 200) {
            try session.execute(calls[start..<min(start + 200, calls.count)].joined(separator: "\n"))
        }
    }
}

extension Sequences.Entry {
    fileprivate func isFurther(_ one: Sequences.Position, than other: Sequences.Position) -> Bool {
        guard one.value != other.value else { return one.isCalled && !other.isCalled }
        return increment > 0 ? one.value > other.value : one.value < other.value
    }

    /// `start`, advanced by as many steps as the next value needs to be beyond `row`: a sequence of odd numbers
    /// continues with odd ones.
    fileprivate func step(from start: Sequences.Position, beyond row: Int64) -> Sequences.Position {
        guard isFurther(Sequences.Position(value: row, isCalled: true), than: start) else { return start }
        // Wider, because the distance may exceed Int64.
        let (distance, step) = (Int128(row) - Int128(start.value), Int128(increment))
        let steps = (distance + (step > 0 ? step - 1 : step + 1)) / step
        let value = Int128(start.value) + steps * step
        // After the end of the range the position does not matter.
        guard let value = Int64(exactly: value), range.contains(value) else { return start }
        return Sequences.Position(value: value, isCalled: value == row)
    }
}
