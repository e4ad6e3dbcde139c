internal import PostgresClient

/// The tables that lose rows: the chosen ones, and those with rows that refer to deleted rows.
struct BlastRadius {
    private let layout: CleanLayout
    private(set) var units: [CleanUnit] = []
    private(set) var rows: [UInt32: UnitRows] = [:]
    /// Why a unit was included.
    private(set) var because: [UInt32: String] = [:]
    private(set) var hits: [String] = []

    init(_ layout: CleanLayout) { self.layout = layout }

    mutating func grow(with first: [CleanUnit], _ probe: RowProbe, _ session: borrowing Session) throws {
        var next = first
        while !next.isEmpty {
            units += next
            rows.merge(try probe.measure(next, session)) { $1 }
            let filled = next.filter { rows[$0.oid]?.isEmpty == false }
            next = try referring(to: filled, probe, session) + heirs(of: next)
        }
    }

    /// Foreign keys of other tables that could refer to rows of the included ones.
    func keysFromOutside(to filled: [CleanUnit]) -> [CleanCatalog.Key] {
        let (inside, targets) = (Set(units.map(\.oid)), Set(filled.map(\.oid)))
        return layout.catalog.keys.filter { key in
            guard let target = layout.unit[key.to], targets.contains(target.oid) else { return false }
            return layout.unit[key.from].map { !inside.contains($0.oid) } ?? true
        }
    }

    private mutating func referring(
        to filled: [CleanUnit],
        _ probe: RowProbe,
        _ session: borrowing Session
    ) throws -> [CleanUnit] {
        let keys = keysFromOutside(to: filled)
        let holding = Set(try probe.holding(Self.references(keys, layout, session), session))
        var found: [CleanUnit] = []
        for key in keys where holding.contains(key.oid) {
            guard let from = layout.relations[key.from], let target = layout.unit[key.to] else { continue }
            guard let unit = layout.unit[key.from] else {
                hits.append(
                    "\(from.name) is not cleaned (\(layout.reason(from))), but its rows refer to \(target.name) through \(key.name)"
                )
                continue
            }
            guard because[unit.oid] == nil else { continue }
            because[unit.oid] = "its rows refer to \(target.name) through \(key.name)"
            found.append(unit)
        }
        return found
    }

    /// Tables that inherit from an emptied table. A query of the emptied table would still show their rows.
    private mutating func heirs(of units: [CleanUnit]) -> [CleanUnit] {
        let parents = Set(units.map(\.oid))
        var inside = Set(self.units.map(\.oid))
        var found: [CleanUnit] = []
        for relation in layout.catalog.relations {
            guard let parent = relation.inheritsFrom.first(where: parents.contains),
                let unit = layout.unit[relation.oid], because[unit.oid] == nil, inside.insert(unit.oid).inserted
            else { continue }
            because[unit.oid] = "it inherits from \(layout.relations[parent]?.name.description ?? "")"
            found.append(unit)
        }
        return found
    }

    /// A query for rows in which no column of the foreign key is NULL. Only such rows refer to others.
    static func references(
        _ keys: [CleanCatalog.Key],
        _ layout: CleanLayout,
        _ session: borrowing Session
    ) -> [(number: UInt32, target: String, condition: String)] {
        var asked: [(number: UInt32, target: String, condition: String)] = []
        for key in keys {
            guard let from = layout.relations[key.from] else { continue }
            let target = (from.kind == .partitioned ? "" : "ONLY ") + session.quoted(from.name)
            let condition = key.columns.map { "\(session.quoted($0)) IS NOT NULL" }.joined(separator: " AND ")
            asked.append((key.oid, target, condition))
        }
        return asked
    }
}
