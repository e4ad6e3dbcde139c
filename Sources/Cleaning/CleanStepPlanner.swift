internal import PostgresClient

/// Decides how each table is emptied, and in which order, without reading the database.
struct CleanStepPlanner {
    let layout: CleanLayout
    let radius: BlastRadius
    let largeBytes: Int

    func steps(restarting sequences: [CleanCatalog.Sequence]) -> CleanSteps {
        let units = Dictionary(uniqueKeysWithValues: radius.units.map { ($0.oid, $0) })
        let filled = radius.units.filter { radius.rows[$0.oid]?.isEmpty == false }
        let isRestarting = Set(sequences.compactMap { layout.unit[$0.table]?.oid })
        let truncated = truncated(filled, units) { $0.isDistributed && isRestarting.contains($0.oid) }
        // Citus does not alter the sequences of its tables; TRUNCATE … RESTART IDENTITY resets them.
        let isStuck = { (sequence: CleanCatalog.Sequence) in
            guard let unit = layout.unit[sequence.table], unit.isDistributed else { return false }
            return !truncated.contains(unit.oid)
        }
        let stuck = sequences.filter(isStuck)
        let sequences = sequences.filter { !isStuck($0) }
        let deleted = filled.map(\.oid).filter { !truncated.contains($0) }
        let groups = ReferenceOrder.groups(of: deleted, references: references)
        let restarting = Set(sequences.compactMap { layout.unit[$0.table]?.oid })
        let counters = restarting.subtracting(truncated).subtracting(deleted)
        return CleanSteps(
            truncated: radius.units.filter { truncated.contains($0.oid) },
            deleted: groups.reversed().map { group in group.compactMap { units[$0] } },
            sequences: sequences,
            restarting: restarting,
            counters: radius.units.filter { counters.contains($0.oid) },
            stuck: stuck,
            rows: radius.rows
        )
    }

    /// For each unit, the other units that it refers to.
    private var references: [UInt32: Set<UInt32>] {
        var references: [UInt32: Set<UInt32>] = [:]
        for key in layout.catalog.keys {
            guard let from = layout.unit[key.from]?.oid, let to = layout.unit[key.to]?.oid, from != to else { continue }
            references[from, default: []].insert(to)
        }
        return references
    }

    /// The large units, those of Citus, those that refuse DELETE, and those that refer to them, because TRUNCATE requires these even if
    /// they are empty. If one of these must keep its rows, DELETE is used instead.
    ///
    /// - Parameter isWanted: Whether to truncate a unit without rows.
    private func truncated(
        _ filled: [CleanUnit],
        _ units: [UInt32: CleanUnit],
        isWanted: (CleanUnit) -> Bool
    ) -> Set<UInt32> {
        var referrers: [UInt32: Set<UInt32>] = [:]
        var blocked: Set<UInt32> = []
        for key in layout.catalog.keys {
            guard let to = layout.unit[key.to]?.oid, units[to] != nil else { continue }
            if let from = layout.unit[key.from]?.oid, let unit = units[from], unit.members.allSatisfy(\.isOwn) {
                if from != to { referrers[to, default: []].insert(from) }
            } else {
                blocked.insert(to)
            }
        }
        // The tables that a blocked table refers to are blocked too.
        let references = references
        blocked = closure(of: blocked) { references[$0] ?? [] }
        let large = filled.filter { unit in
            (radius.rows[unit.oid]?.heapBytes ?? 0) > largeBytes || unit.isDistributed
                || unit.members.contains(where: \.refusesDelete)
        }.map(\.oid)
        let wanted = units.values.filter(isWanted).map(\.oid)
        return closure(of: Set(large + wanted).subtracting(blocked)) { referrers[$0] ?? [] }
    }

    private func closure(of start: Set<UInt32>, _ next: (UInt32) -> Set<UInt32>) -> Set<UInt32> {
        var (found, open) = (start, Array(start))
        while let one = open.popLast() {
            for other in next(one) where found.insert(other).inserted { open.append(other) }
        }
        return found
    }
}
