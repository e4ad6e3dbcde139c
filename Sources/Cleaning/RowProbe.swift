internal import Citus
internal import PostgresClient

/// The rows of one unit.
struct UnitRows: Sendable, Equatable {
    /// The size of the heaps in bytes, without indexes.
    var heapBytes = 0
    /// The size including indexes and TOAST.
    var bytes = 0
    /// The size of the rows without indexes.
    var dataBytes = 0
    var rows = 0
    var isExact = true

    var isEmpty: Bool { rows == 0 }
}

/// Queries the content of many tables at once.
struct RowProbe {
    /// The rows of a heap up to this size, in bytes, are counted, which takes one or two milliseconds.
    private static let countedBytes = 1 << 20

    /// The number of tables per query, so that their locks fit into the server's lock table.
    private static let batch = 500

    /// Rows, counted for small tables and otherwise estimated; and the sizes of tables with rows.
    ///
    /// - Throws: `CleaningError` with `.obstacle`, naming tables that the role may not read.
    func measure(_ units: [CleanUnit], _ session: borrowing Session) throws -> [UInt32: UnitRows] {
        let shards = try shards(of: units, session)
        var found = try heaps(units, session)
        for (unit, size) in shards { found[unit, default: UnitRows()].heapBytes = size.heapBytes }
        let candidates = units.filter { unit in
            !unit.leaves.isEmpty
                && (found[unit.oid]?.heapBytes != 0 || unit.isDistributed || unit.leaves.contains { !$0.isHeap })
        }
        try requireReadable(candidates, session)
        let small = candidates.filter { found[$0.oid]?.heapBytes ?? 0 <= Self.countedBytes }
        for (unit, rows) in try counts(small, session) { found[unit, default: UnitRows()].rows = rows }
        let large = candidates.filter { found[$0.oid]?.heapBytes ?? 0 > Self.countedBytes }
        let filled = try Set(holding(large.map { ($0.oid, $0.target(session), "true") }, session))
        for unit in large where filled.contains(unit.oid) {
            found[unit.oid]?.rows = try max(1, shards[unit.oid]?.rowsEstimate ?? estimate(unit, session))
            found[unit.oid]?.isExact = false
        }
        try addSizes(of: units.filter { found[$0.oid]?.isEmpty == false }, to: &found, session)
        for (unit, size) in shards where found[unit]?.isEmpty == false {
            found[unit]?.dataBytes = size.heapBytes + size.toastBytes
            found[unit]?.bytes = size.heapBytes + size.toastBytes + size.indexBytes
        }
        return found
    }

    /// The sizes of units of Citus, which are empty on the coordinator; without those that a node did not report, whose
    /// rows are counted.
    private func shards(of units: [CleanUnit], _ session: borrowing Session) throws -> [UInt32: CitusSize] {
        let distributed = units.filter(\.isDistributed)
        guard !distributed.isEmpty else { return [:] }
        let sizes = try session.citusSizes(mayStat: try session.mayStat())
        var sums: [UInt32: CitusSize] = [:]
        for unit in distributed {
            let leaves = unit.leaves.compactMap { sizes[$0.oid] }
            guard leaves.count == unit.leaves.count, let first = leaves.first else { continue }
            sums[unit.oid] = leaves.dropFirst().reduce(first) { $0.adding($1) }
        }
        return sums
    }

    /// Measures only the heap: a table without a block has no rows.
    private func heaps(_ units: [CleanUnit], _ session: borrowing Session) throws -> [UInt32: UnitRows] {
        var found: [UInt32: UnitRows] = [:]
        try each(of: units, "pg_catalog.pg_relation_size(oid) AS heap", session) { unit, row in
            found[unit, default: UnitRows()].heapBytes += row.int("heap")
        }
        return found
    }

    private func addSizes(
        of units: [CleanUnit],
        to found: inout [UInt32: UnitRows],
        _ session: borrowing Session
    ) throws {
        let columns = "pg_catalog.pg_table_size(oid) AS data, pg_catalog.pg_total_relation_size(oid) AS total"
        try each(of: units, columns, session) { unit, row in
            found[unit]?.dataBytes += row.int("data")
            found[unit]?.bytes += row.int("total")
        }
    }

    /// Runs a query over the tables that hold the rows of these units.
    private func each(
        of units: [CleanUnit],
        _ columns: String,
        _ session: borrowing Session,
        _ body: (UInt32, Rows.Row) -> Void
    ) throws {
        let owners = Dictionary(
            units.flatMap { unit in unit.leaves.map { ($0.oid, unit.oid) } },
            uniquingKeysWith: { first, _ in first }
        )
        guard !owners.isEmpty else { return }
        let oids = "{\(owners.keys.map(String.init).joined(separator: ","))}"
        for row in try session.query(
            "SELECT oid, \(columns) FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS oid",
            [oids]
        ) {
            if let unit = owners[row.oid("oid")] { body(unit, row) }
        }
    }

    private func requireReadable(_ units: [CleanUnit], _ session: borrowing Session) throws {
        let unreadable = units.filter { unit in !unit.members.allSatisfy(\.mayBeRead) }
        guard unreadable.isEmpty else {
            throw CleaningError(
                .obstacle,
                "\(session.user) may not read \(Wording.list(unreadable.map(\.name)))",
                hint: "connect as the owner of these tables, or exclude them with --keep"
            )
        }
        let hidden = units.filter { unit in unit.members.contains(where: \.hidesRows) }
        guard hidden.isEmpty else {
            throw CleaningError(
                .obstacle,
                "row security hides rows of \(Wording.list(hidden.map(\.name))) from \(session.user)",
                hint:
                    "connect as a role with BYPASSRLS, or let ALTER TABLE … NO FORCE ROW LEVEL SECURITY exempt the owner"
            )
        }
    }

    /// Exact counts, for tables so small that counting costs less than a second query.
    func counts(_ units: [CleanUnit], _ session: borrowing Session) throws -> [(UInt32, Int)] {
        try batches(units) { batch in
            try session.query(
                batch.map {
                    "SELECT \($0.oid) AS unit, (SELECT pg_catalog.count(*) FROM \($0.target(session))) AS rows"
                }
                .joined(separator: " UNION ALL ")
            ).map { ($0.oid("unit"), $0.int("rows")) }
        }
    }

    /// The numbers of those tables that contain a row matching the condition.
    func holding(
        _ tables: [(number: UInt32, target: String, condition: String)],
        _ session: borrowing Session
    ) throws -> [UInt32] {
        try batches(tables) { batch in
            try session.query(
                batch.map {
                    "SELECT \($0.number) AS number WHERE EXISTS (SELECT 1 FROM \($0.target) WHERE \($0.condition))"
                }.joined(separator: " UNION ALL ")
            ).map { $0.oid("number") }
        }
    }

    /// The planner's estimate, which uses the present size of the table, even if it was analysed long ago. At least 1.
    private func estimate(_ unit: CleanUnit, _ session: borrowing Session) throws -> Int {
        let plan = try session.query("EXPLAIN SELECT FROM \(unit.target(session))").first?["QUERY PLAN"] ?? ""
        return max(1, plan.firstMatch(of: #/rows=([0-9]+)/#).flatMap { Int($0.1) } ?? 1)
    }

    private func batches<Element, R>(_ elements: [Element], _ body: ([Element]) throws -> [R]) rethrows -> [R] {
        var found: [R] = []
        for start in stride(from: 0, to: elements.count, by: Self.batch) {
            found += try body(Array(elements[start..<min(start + Self.batch, elements.count)]))
        }
        return found
    }
}

/// Lists of names for messages.
enum Wording {
    /// The first ten, and the number of the others.
    static func list(_ names: [TableName]) -> String {
        let shown = names.prefix(10).map(\.description).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}
