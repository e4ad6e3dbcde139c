internal import PostgresClient
internal import Project

/// A table, or a partitioned table with all its partitions, which is emptied as one.
struct CleanUnit: Sendable, Equatable {
    var relation: CleanCatalog.Relation
    /// The tables that hold its rows: itself, or its partitions that are ordinary tables.
    var leaves: [CleanCatalog.Relation]
    /// All tables of the unit.
    var members: [CleanCatalog.Relation]

    var oid: UInt32 { relation.oid }
    var name: TableName { relation.name }
    var isPartitioned: Bool { relation.kind == .partitioned }
    var isDistributed: Bool { members.contains(where: \.isDistributed) }

    /// The unit's name in a statement: inheriting tables are separate units.
    func target(_ session: borrowing Session) -> String {
        (isPartitioned ? "" : "ONLY ") + session.quoted(name)
    }
}

/// Why a table is not cleaned.
enum KeptReason: Sendable, Equatable, CustomStringConvertible {
    case stateSchema
    case ledger(of: String)
    case belongsToExtension(String)
    case foreign
    case protected
    case kept
    case reference
    case partition(of: TableName)

    var description: String {
        switch self {
        case .stateSchema: "granary's own"
        case .ledger(let migrator): "the ledger of \(migrator)"
        case .belongsToExtension(let name): "the extension \(name)'s"
        case .foreign: "a foreign table"
        case .protected: "protect: in seeds.yaml"
        case .kept: "--keep"
        case .reference: "--keep-reference"
        case .partition(let parent): "a partition of \(parent)"
        }
    }
}

/// Divides the tables of a database into units to clean and tables that keep their rows.
struct CleanLayout: Sendable {
    let catalog: CleanCatalog
    let relations: [UInt32: CleanCatalog.Relation]
    let kept: [UInt32: KeptReason]
    /// Every unit of the database, by the oids of all its tables.
    let unit: [UInt32: CleanUnit]
    /// The units of the schemas to clean.
    let inScope: [CleanUnit]
    /// Tables in those schemas that keep their rows.
    let keptInScope: [CleanCatalog.Relation]

    init(_ catalog: CleanCatalog, _ options: CleanOptions) {
        self.catalog = catalog
        let relations = Dictionary(uniqueKeysWithValues: catalog.relations.map { ($0.oid, $0) })
        self.relations = relations
        let children = Dictionary(grouping: catalog.relations.filter { $0.partitionOf != nil }) { $0.partitionOf ?? 0 }
        let kept = Self.kept(catalog, options, children)
        self.kept = kept
        let roots = catalog.relations.filter { relation in
            relation.partitionOf.map { relations[$0] == nil } ?? true
        }
        var unit: [UInt32: CleanUnit] = [:]
        var inScope: [CleanUnit] = []
        for root in roots {
            let units = Self.units(root, children, kept)
            for one in units { for member in one.members { unit[member.oid] = one } }
            if options.covers(root.name.schema) { inScope += units }
        }
        self.unit = unit
        self.inScope = inScope
        let cleaned = Set(inScope.flatMap { $0.members.map(\.oid) })
        // A partition is emptied with its table, even if it is in another schema.
        let below = Set(
            roots.filter { options.covers($0.name.schema) }.flatMap { Self.descendants(of: $0, children) }.map(\.oid)
        )
        keptInScope = catalog.relations.filter { relation in
            (options.covers(relation.name.schema) || below.contains(relation.oid)) && !cleaned.contains(relation.oid)
                && (kept[relation.oid] != nil || relation.kind == .ordinary)
        }
    }

    /// Why a table that is in no unit of the scope keeps its rows.
    func reason(_ relation: CleanCatalog.Relation) -> KeptReason {
        if let reason = kept[relation.oid] { return reason }
        return .partition(of: relation.partitionOf.flatMap { relations[$0]?.name } ?? relation.name)
    }

    /// The table as one unit. If a table below it keeps its rows, the units of the others.
    private static func units(
        _ root: CleanCatalog.Relation,
        _ children: [UInt32: [CleanCatalog.Relation]],
        _ kept: [UInt32: KeptReason]
    ) -> [CleanUnit] {
        if kept[root.oid] != nil { return [] }
        guard root.kind == .partitioned else {
            return [CleanUnit(relation: root, leaves: [root], members: [root])]
        }
        let below = descendants(of: root, children)
        if below.contains(where: { kept[$0.oid] != nil }) {
            return (children[root.oid] ?? []).flatMap { units($0, children, kept) }
        }
        return [
            CleanUnit(relation: root, leaves: below.filter { $0.kind == .ordinary }, members: [root] + below)
        ]
    }

    private static func descendants(
        of root: CleanCatalog.Relation,
        _ children: [UInt32: [CleanCatalog.Relation]]
    ) -> [CleanCatalog.Relation] {
        (children[root.oid] ?? []).flatMap { [$0] + descendants(of: $0, children) }
    }

    private static func kept(
        _ catalog: CleanCatalog,
        _ options: CleanOptions,
        _ children: [UInt32: [CleanCatalog.Relation]]
    ) -> [UInt32: KeptReason] {
        var kept: [UInt32: KeptReason] = [:]
        for relation in catalog.relations {
            guard let reason = reason(relation, options) else { continue }
            for one in [relation] + descendants(of: relation, children) { kept[one.oid] = reason }
        }
        return kept
    }

    private static func reason(_ relation: CleanCatalog.Relation, _ options: CleanOptions) -> KeptReason? {
        if relation.name.schema == options.stateSchema { return .stateSchema }
        if let name = relation.extensionName { return .belongsToExtension(name) }
        if relation.kind == .foreign { return .foreign }
        if let owner = relation.ledgerOf { return .ledger(of: owner) }
        if options.keep.contains(where: { TablePattern($0).fits(relation.name) }) { return .kept }
        if options.protect.contains(where: { TablePattern($0).fits(relation.name) }) { return .protected }
        if options.reference.contains(where: { TablePattern($0).fits(relation.name) }) { return .reference }
        return nil
    }
}

extension CleanOptions {
    /// Whether tables of this schema are cleaned.
    func covers(_ schema: String) -> Bool {
        guard schema != stateSchema else { return false }
        return schemas.map { Set(exactly: $0).contains(schema) } ?? true
    }
}
