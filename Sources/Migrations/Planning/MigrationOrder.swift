/// The order in which migrations depend on each other.
package enum MigrationOrder {
    /// A migration of a service.
    package struct Node: Hashable, Comparable, CustomStringConvertible {
        package var service: String
        package var version: Int

        package init(service: String, version: Int) {
            self.service = service
            self.version = version
        }

        package static func < (a: Node, b: Node) -> Bool { (a.version, a.service) < (b.version, b.service) }
        package var description: String { "\(service)/\(version)" }
    }

    /// The nodes so that each comes after what it depends on, and by version where nothing else says so.
    ///
    /// - Parameter dependencies: What a node depends on, among the nodes.
    /// - Throws: `MigrationError` with `.dependency`, naming the circle.
    static func sorted(
        _ nodes: [Node],
        dependencies: (Node) -> [Node]
    ) throws(MigrationError) -> [Node] {
        var ordered: [Node] = []
        var done = Set<Node>()
        for node in nodes.sorted() {
            var path: [Node] = []
            try visit(node, dependencies, &path, &done, &ordered)
        }
        return ordered
    }

    private static func visit(
        _ node: Node,
        _ dependencies: (Node) -> [Node],
        _ path: inout [Node],
        _ done: inout Set<Node>,
        _ ordered: inout [Node]
    ) throws(MigrationError) {
        guard !done.contains(node) else { return }
        if let start = path.firstIndex(of: node) {
            let circle = (path[start...] + [node]).map(\.description).joined(separator: " → ")
            throw MigrationError(
                .dependency,
                "dependencies go round in a circle: \(circle)",
                hint: "take one of these out of depends_on in dependencies.json"
            )
        }
        path.append(node)
        for dependency in dependencies(node).sorted() { try visit(dependency, dependencies, &path, &done, &ordered) }
        path.removeLast()
        done.insert(node)
        ordered.append(node)
    }
}
