/// Goes along what depends on what, without recursion: notes the order in which each comes after what it needs, and each
/// way that leads back to where it came through.
package struct DependencySearch<Node: Hashable> {
    private let needs: (Node) -> [Node]
    private var done: Set<Node> = []
    /// Each after what it needs, as long as there is no circle.
    package private(set) var ordered: [Node] = []
    /// Each begins with the node that was met again.
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
