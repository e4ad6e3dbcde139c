/// An order that respects the dependencies of migrations.
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

    /// Orders the nodes so that each follows the nodes that it depends on; otherwise by version.
    ///
    /// - Parameter dependencies: The nodes that a node depends on.
    /// - Throws: `MigrationError` with `.dependency`, naming the cycle.
    static func sorted(
        _ nodes: [Node],
        dependencies: @escaping (Node) -> [Node]
    ) throws(MigrationError) -> [Node] {
        var search = DependencySearch { dependencies($0).sorted() }
        for node in nodes.sorted() { search.visit(node) }
        guard let circle = search.circles.first else { return search.ordered }
        throw MigrationError(
            .dependency,
            "dependencies form a cycle: \((circle + [circle[0]]).map(\.description).joined(separator: " → "))",
            hint: "remove one of these from depends_on in dependencies.json"
        )
    }
}
