/// A depth-first search along dependencies, without recursion. It records every cycle, and an order in which each node
/// follows the nodes that it needs.
package struct DependencySearch<Node: Hashable> {
    private let needs: (Node) -> [Node]
    private var done: Set<Node> = []
    /// Each node after the nodes that it needs, unless there is a cycle.
    package private(set) var ordered: [Node] = []
    /// The nodes of each cycle, beginning with the node that the search reached twice.
    package private(set) var circles: [[Node]] = []

    package init(needs: @escaping (Node) -> [Node]) { self.needs = needs }

    package mutating func visit(_ start: Node) {
        guard !done.contains(start) else { return }
        var path: [(node: Node, rest: ArraySlice<Node>)] = [(start, needs(start)[...])]
        var places = [start: 0]
        while let last = path.indices.last {
            guard let next = path[last].rest.popFirst() else {
                let node = path.removeLast().node
                places[node] = nil
                done.insert(node)
                ordered.append(node)
                continue
            }
            if let place = places[next] {
                circles.append(path[place...].map(\.node))
            } else if !done.contains(next) {
                places[next] = path.count
                path.append((next, needs(next)[...]))
            }
        }
    }
}
