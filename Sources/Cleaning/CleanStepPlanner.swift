internal import PostgresClient

/// How each table of the blast radius is emptied, and in which order. A function of what was found.
struct CleanStepPlanner {
    let layout: CleanLayout
    let radius: BlastRadius
    let largeBytes: Int

    func steps(restarting sequences: [CleanCatalog.Sequence]) -> CleanSteps {
        let units = Dictionary(uniqueKeysWithValues: radius.units.map { ($0.oid, $0) })
        let filled = radius.units.filter { radius.rows[$0.oid]?.isEmpty == false }
        let truncated = truncated(filled, units)
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
            rows: radius.rows
        )
    }

    /// Which units each unit refers to, itself left out.
    private var references: [UInt32: Set<UInt32>] {
        var references: [UInt32: Set<UInt32>] = [:]
        for key in layout.catalog.keys {
            guard let from = layout.unit[key.from]?.oid, let to = layout.unit[key.to]?.oid, from != to else { continue }
            references[from, default: []].insert(to)
        }
        return references
    }

    /// The large units and those that take no DELETE, and those that refer to them: TRUNCATE wants these beside them, be they empty. Where one of
    /// these may not be touched, there is nothing but DELETE.
    private func truncated(_ filled: [CleanUnit], _ units: [UInt32: CleanUnit]) -> Set<UInt32> {
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
        // What a blocked one refers to is blocked with it.
        let references = references
        blocked = closure(of: blocked) { references[$0] ?? [] }
        let large = filled.filter { unit in
            (radius.rows[unit.oid]?.heapBytes ?? 0) > largeBytes || unit.members.contains(where: \.refusesDelete)
        }.map(\.oid)
        return closure(of: Set(large).subtracting(blocked)) { referrers[$0] ?? [] }
    }

    private func closure(of start: Set<UInt32>, _ next: (UInt32) -> Set<UInt32>) -> Set<UInt32> {
        var (found, open) = (start, Array(start))
        while let one = open.popLast() {
            for other in next(one) where found.insert(other).inserted { open.append(other) }
        }
        return found
    }
}
