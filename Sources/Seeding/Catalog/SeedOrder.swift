package import PostgresClient

/// In what order tables are seeded, decided from their foreign keys alone.
package struct SeedOrder: Sendable {
    /// How a foreign key that closes a circle is kept anyway.
    package enum Detour: Sendable, Equatable {
        /// NULL first, the value when all rows are there.
        case nullFirst
        /// The server checks it at the end.
        case checkedLast
        /// The same, after the key was made deferrable for as long as the transaction lasts.
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

    /// Parents first.
    package private(set) var tables: [TableName] = []
    package private(set) var detours: [Edge: Detour] = [:]
    /// The position of a table between the scripts: its own number, or a smaller one of a table that refers to it.
    package private(set) var numbers: [TableName: Int] = [:]

    /// The position of tables and scripts without a number.
    package static let middle = 500

    /// - Parameters:
    ///   - numbers: Of files that have one.
    ///   - wishes: Tables whose rows are referred to without a foreign key, where that is possible.
    ///   - mayMakeDeferrable: A foreign key of a circle may be made deferrable where nothing else helps.
    /// - Throws: `SeedingError` with `.schema` for a circle without a way out, naming it.
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

    /// The foreign keys with a detour, in a fixed order.
    func edges(where isIncluded: (Detour) -> Bool) -> [Edge] {
        detours.filter { isIncluded($0.value) }.keys.sorted {
            ($0.child, $0.foreignKey) < ($1.child, $1.foreignKey)
        }
    }

    /// No constraint has this name.
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
                "\((names + names.prefix(1)).joined(separator: " → ")) refer to each other in a circle whose columns are all NOT NULL",
                hint:
                    "make one of the foreign keys DEFERRABLE (ALTER TABLE … ALTER CONSTRAINT \(circle[0].foreignKey) DEFERRABLE), or one of the columns nullable"
            )
        }
        detours[chosen] = nullable != nil ? .nullFirst : deferrable != nil ? .checkedLast : .madeDeferrable
        edges[chosen.child]?.removeAll { $0.name == chosen.foreignKey }
    }

    /// The edges of some circle, from child to parent; nil when there is none.
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
