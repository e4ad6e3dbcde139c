internal import Environments

/// What depends on what: on migrations that are there, in every environment, and never in a circle.
struct DependencyChecks {
    /// All that are known: one service, or those of a root.
    let trees: [ServiceTree]

    typealias Node = MigrationOrder.Node

    func findings() -> [Finding] { trees.flatMap { own(of: $0) + crossing($0) } + circles() }

    private func own(of tree: ServiceTree) -> [Finding] {
        let file = tree.dependencies
        let byVersion = Dictionary(grouping: tree.migrations.map { ($0.version, $0.layer, $0.migration.name) }, by: \.0)
        return file.entries.flatMap { entry in
            entry.dependsOn.compactMap { need -> Finding? in
                let homes = byVersion[need] ?? []
                let name = homes.first?.2 ?? "\(need)"
                guard !homes.isEmpty else {
                    return Finding(
                        .unknownDependency,
                        file: file.path,
                        line: entry.line,
                        "\(entry.key) depends on \(name), and there is no such migration",
                        hint: "mend depends_on"
                    )
                }
                let own = byVersion[entry.version] ?? []
                let lacking = tree.environmentNames.filter { environment in
                    own.contains { $0.1.isEmpty || $0.1 == environment }
                        && !homes.contains { $0.1.isEmpty || $0.1 == environment }
                }
                guard !lacking.isEmpty else { return nil }
                let layers = homes.map(\.1).joined(separator: ", ")
                return Finding(
                    .otherEnvironmentDependency,
                    file: file.path,
                    line: entry.line,
                    "\(entry.key) runs in \(lacking.joined(separator: ", ")) and depends on \(name), "
                        + "which is a migration of \(layers) only",
                    hint: "move that one to the base folder, or mend depends_on"
                )
            }
        }
    }

    private func crossing(_ tree: ServiceTree) -> [Finding] {
        guard trees.count > 1 else { return [] }
        let file = tree.dependencies
        return file.entries.flatMap { entry in
            entry.crossService.sorted { $0.key < $1.key }.flatMap { service, versions -> [Finding] in
                guard let other = trees.first(where: { $0.service.name == service }) else {
                    return [
                        Finding(
                            .unknownDependency,
                            file: file.path,
                            line: entry.line,
                            "\(entry.key) depends on \(service), and there is no such service",
                            hint: Spelling.nearest(to: service, among: trees.map(\.service.name)).map {
                                "is \($0) meant?"
                            } ?? "mend cross_service_depends_on"
                        )
                    ]
                }
                return versions.filter { version in !other.migrations.contains { $0.version == version } }.map {
                    Finding(
                        .unknownDependency,
                        file: file.path,
                        line: entry.line,
                        "\(entry.key) depends on \(service)/\($0), and there is no such migration",
                        hint: "mend cross_service_depends_on"
                    )
                }
            }
        }
    }

    /// Every circle once, at the entry of its smallest member.
    private func circles() -> [Finding] {
        var needs: [Node: [Node]] = [:]
        for tree in trees {
            for entry in tree.dependencies.entries {
                needs[Node(service: tree.service.name, version: entry.version)] =
                    entry.dependsOn.map { Node(service: tree.service.name, version: $0) }
                    + entry.crossService.flatMap { name, versions in versions.map { Node(service: name, version: $0) } }
            }
        }
        var search = CircleSearch(needs: needs)
        for node in needs.keys.sorted() { search.visit(node) }
        return search.circles.compactMap { circle in
            guard let tree = trees.first(where: { $0.service.name == circle[0].service }),
                let entry = tree.dependencies.entry(circle[0].version)
            else { return nil }
            let names = (circle + [circle[0]]).map { trees.count > 1 ? $0.description : "\($0.version)" }
            return Finding(
                .dependencyCycle,
                file: tree.dependencies.path,
                line: entry.line,
                "dependencies go round in a circle: \(names.joined(separator: " → "))",
                hint: "take one of these out of depends_on"
            )
        }
    }
}

/// Goes along the dependencies, without recursion, and notes each way back to where it came through.
private struct CircleSearch {
    typealias Node = MigrationOrder.Node

    let needs: [Node: [Node]]
    private(set) var circles: [[Node]] = []
    private var done: Set<Node> = []
    private var told: Set<Set<Node>> = []

    init(needs: [Node: [Node]]) { self.needs = needs }

    mutating func visit(_ start: Node) {
        guard !done.contains(start) else { return }
        var path: [(node: Node, rest: ArraySlice<Node>)] = [(start, (needs[start] ?? [])[...])]
        var places = [start: 0]
        while let last = path.indices.last {
            guard let next = path[last].rest.popFirst() else {
                done.insert(path[last].node)
                places[path[last].node] = nil
                path.removeLast()
                continue
            }
            if let place = places[next] {
                note(path[place...].map(\.node))
            } else if !done.contains(next) {
                places[next] = path.count
                path.append((next, (needs[next] ?? [])[...]))
            }
        }
    }

    private mutating func note(_ circle: [Node]) {
        guard told.insert(Set(circle)).inserted, let smallest = circle.min(),
            let place = circle.firstIndex(of: smallest)
        else { return }
        circles.append(Array(circle[place...] + circle[..<place]))
    }
}
