package import PostgresClient

/// The order in which tables are seeded, derived from their foreign keys.
package struct SeedOrder: Sendable {
    /// The way in which a foreign key that closes a cycle is satisfied.
    package enum Detour: Sendable, Equatable {
        /// The column is NULL at first, and gets its value when all rows exist.
        case nullFirst
        /// The server checks the deferrable foreign key at the end.
        case checkedLast
        /// Like `checkedLast`, but the foreign key is made deferrable for the duration of the transaction.
        case madeDeferrable

        package var isCheckedLast: Bool { self != .nullFirst }
    }

    package struct Edge: Sendable, Hashable {
        package var child: TableName
        package var foreignKey: String

        package init(child: TableName, foreignKey: String) {
            self.child = child
            self.foreignKey = foreignKey
        }
    }

    /// The tables, parents first.
    package private(set) var tables: [TableName] = []
    package private(set) var detours: [Edge: Detour] = [:]
    /// The position of a table among the scripts: its own number, or a lower one of a table that refers to it.
    package private(set) var numbers: [TableName: Int] = [:]

    /// The position of tables and scripts without a number.
    package static let middle = 500

    /// - Parameters:
    ///   - numbers: The numbers of the files that have one.
    ///   - wishes: Tables whose rows are referred to without a foreign key. They come first if possible.
    ///   - mayMakeDeferrable: Whether a foreign key of a cycle may be made deferrable if there is no other way.
    /// - Throws: `SeedingError` with `.schema` for a cycle that cannot be resolved, naming its tables.
    package init(
        _ names: [TableName],
        numbers given: [TableName: Int] = [:],
        wishes: [TableName: Set<TableName>] = [:],
        mayMakeDeferrable: Bool = false,
        _ catalog: SeedCatalog
    ) throws(SeedingError) {
        let names = Set(names)
        var edges: [TableName: [SeedCatalog.ForeignKey]] = [:]
        for name in names {
            edges[name] = (catalog[name]?.foreignKeys ?? []).filter { names.contains($0.parent) && $0.parent != name }
        }
        for (child, parents) in wishes {
            for parent in parents.sorted() where names.contains(parent) && parent != child {
                edges[child]?.append(
                    .init(name: Self.wish, columns: [], parent: parent, parentColumns: [], isDeferrable: false)
                )
            }
        }
        while let circle = Self.circle(names, edges) {
            if let wish = circle.first(where: { $0.foreignKey == Self.wish }) {
                edges[wish.child]?.removeAll { $0.name == Self.wish }
                continue
            }
            try detour(around: circle, &edges, mayMakeDeferrable, catalog)
        }
        for name in names { numbers[name] = given[name] ?? Self.middle }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for (child, keys) in edges {
                for key in keys where (numbers[key.parent] ?? 0) > (numbers[child] ?? 0) {
                    numbers[key.parent] = numbers[child]
                    hasChanged = true
                }
            }
        }
        var left = names
        while !left.isEmpty {
            let ready = left.filter { name in (edges[name] ?? []).allSatisfy { !left.contains($0.parent) } }
            guard let next = ready.min(by: { (numbers[$0] ?? 0, $0) < (numbers[$1] ?? 0, $1) }) else { break }
            tables.append(next)
            left.remove(next)
        }
    }

    /// The foreign keys with certain detours, in a fixed order.
    func edges(where isIncluded: (Detour) -> Bool) -> [Edge] {
        detours.filter { isIncluded($0.value) }.keys.sorted {
            ($0.child, $0.foreignKey) < ($1.child, $1.foreignKey)
        }
    }

    /// The name of a foreign key that represents a wish. It is empty, because no constraint has an empty name.
    private static let wish = ""

    private mutating func detour(
        around circle: [SeedOrder.Edge],
        _ edges: inout [TableName: [SeedCatalog.ForeignKey]],
        _ mayMakeDeferrable: Bool,
        _ catalog: SeedCatalog
    ) throws(SeedingError) {
        func key(_ edge: Edge) -> SeedCatalog.ForeignKey? { edges[edge.child]?.first { $0.name == edge.foreignKey } }
        let nullable = circle.first { edge in
            key(edge)?.columns.contains { catalog[edge.child]?.column($0)?.isNotNull == false } ?? false
        }
        let deferrable = circle.first { key($0)?.isDeferrable ?? false }
        let other = mayMakeDeferrable ? circle.first { key($0) != nil } : nil
        guard let chosen = nullable ?? deferrable ?? other else {
            let names = circle.map(\.child.description)
            throw SeedingError(
                .schema,
                "\((names + names.prefix(1)).joined(separator: " → ")) refer to each other in a cycle whose columns are all NOT NULL",
                hint:
                    "make one of the foreign keys DEFERRABLE (ALTER TABLE … ALTER CONSTRAINT \(circle[0].foreignKey) DEFERRABLE), or one of the columns nullable"
            )
        }
        detours[chosen] = nullable != nil ? .nullFirst : deferrable != nil ? .checkedLast : .madeDeferrable
        edges[chosen.child]?.removeAll { $0.name == chosen.foreignKey }
    }

    /// The edges of one cycle, from child to parent; nil if there is none.
    private static func circle(
        _ names: Set<TableName>,
        _ edges: [TableName: [SeedCatalog.ForeignKey]]
    ) -> [Edge]? {
        var done: Set<TableName> = []
        for start in names.sorted() where !done.contains(start) {
            var path: [(name: TableName, next: Int)] = [(start, 0)]
            var taken: [Edge] = []
            while let last = path.last {
                let keys = edges[last.name] ?? []
                guard last.next < keys.count else {
                    done.insert(last.name)
                    path.removeLast()
                    if !taken.isEmpty { taken.removeLast() }
                    continue
                }
                path[path.count - 1].next += 1
                let key = keys[last.next]
                if done.contains(key.parent) { continue }
                let edge = Edge(child: last.name, foreignKey: key.name)
                if let begin = path.firstIndex(where: { $0.name == key.parent }) {
                    return Array(taken[begin...]) + [edge]
                }
                taken.append(edge)
                path.append((key.parent, 0))
            }
        }
        return nil
    }
}
