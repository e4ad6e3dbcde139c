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
        dependencies: @escaping (Node) -> [Node]
    ) throws(MigrationError) -> [Node] {
        var search = DependencySearch { dependencies($0).sorted() }
        for node in nodes.sorted() { search.visit(node) }
        guard let circle = search.circles.first else { return search.ordered }
        throw MigrationError(
            .dependency,
            "dependencies go round in a circle: \((circle + [circle[0]]).map(\.description).joined(separator: " → "))",
            hint: "take one of these out of depends_on in dependencies.json"
        )
    }
}
