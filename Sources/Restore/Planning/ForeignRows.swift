internal import Archive

/// The materialized views of an archive whose rows come, at least in part, from foreign tables. To fill one, the server
/// connects to the foreign server.
///
/// A function in PL/pgSQL, or with a body in quotes, depends on nothing for pg_dump, so what it reads is unknown.
struct ForeignRows {
    /// The items that read foreign rows.
    private(set) var readers: Set<Int>

    /// Why such a view stays empty.
    static let reason = "they come from foreign tables, to whose server no connection is made"

    /// Kinds that read what they depend on.
    private static let reading: Set<String> = [
        "VIEW", "MATERIALIZED VIEW", "MATERIALIZED VIEW DATA", "FUNCTION", "PROCEDURE", "AGGREGATE", "RULE",
    ]

    init(_ items: [Manifest.SchemaItem]) {
        readers = Set(items.filter { $0.kind == "FOREIGN TABLE" }.map(\.id))
        guard !readers.isEmpty else { return }
        let kinds = Dictionary(items.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var count = 0
        while count < readers.count {
            count = readers.count
            for item in items { readers.formUnion(Self.readers(of: item, kinds, among: readers)) }
        }
    }

    /// The items that read foreign rows because of `item`.
    private static func readers(
        of item: Manifest.SchemaItem,
        _ items: [Int: Manifest.SchemaItem],
        among readers: Set<Int>
    ) -> [Int] {
        let others = item.dependsOn.compactMap { items[$0] }
        switch item.kind {
        // A table reads its children, too.
        case "FOREIGN TABLE": return others.filter { $0.kind == "TABLE" }.map(\.id)
        case "TABLE" where readers.contains(item.id): return others.filter { $0.kind == "TABLE" }.map(\.id)
        case "TABLE ATTACH":
            let isPartition = { (other: Manifest.SchemaItem) in other.name == item.name && other.schema == item.schema }
            guard others.contains(where: { isPartition($0) && readers.contains($0.id) }) else { return [] }
            return others.filter { !isPartition($0) }.map(\.id)
        case let kind where reading.contains(kind) && !readers.isDisjoint(with: item.dependsOn):
            // pg_dump writes a view that depends on a key in two parts, of which the second is a rule.
            let view = kind == "RULE" ? others.filter { $0.kind.hasSuffix("VIEW") }.map(\.id) : []
            return [item.id] + view
        default: return []
        }
    }
}
