internal import Migrations
internal import Project

/// Checks that dependencies exist in every environment and form no cycle.
struct DependencyChecks {
    /// One service, or all services of `--root`.
    let trees: [ServiceTree]

    typealias Node = MigrationOrder.Node

    func findings() -> [Finding] { trees.flatMap { own(of: $0) + crossing($0) } + circles() }

    private func own(of tree: ServiceTree) -> [Finding] {
        let file = tree.dependencies
        let byVersion = Dictionary(grouping: tree.migrations, by: \.version)
        return file.entries.flatMap { entry -> [Finding] in
            guard !entry.dependsOn.isEmpty else { return [] }
            return Self.references(file.node("depends_on", of: entry)).flatMap { need -> [Finding] in
                func note(
                    _ rule: ValidationRule,
                    severity: Finding.Severity? = nil,
                    _ message: String,
                    _ hint: String
                ) -> [Finding] {
                    [Finding(rule, severity, file: file.path, line: need.line, message, hint: hint)]
                }
                let homes = byVersion[need.version] ?? []
                guard let name = homes.first?.migration.name else {
                    return note(
                        .unknownDependency,
                        "\(entry.key) depends on \(need.spelled), and there is no such migration",
                        "correct depends_on"
                    )
                }
                let own = byVersion[entry.version] ?? []
                let lacking = tree.environmentNames.filter { environment in
                    own.contains { $0.layer.isEmpty || $0.layer == environment }
                        && !homes.contains { $0.layer.isEmpty || $0.layer == environment }
                }
                guard lacking.isEmpty else {
                    let layers = homes.map(\.layer).joined(separator: ", ")
                    return note(
                        .otherEnvironmentDependency,
                        "\(entry.key) runs in \(lacking.joined(separator: ", ")) and depends on \(name), "
                            + "which is a migration of \(layers) only",
                        "move that one to the base folder, or correct depends_on"
                    )
                }
                let title = need.spelled.drop { $0.isNumber }.dropFirst()
                guard !title.isEmpty, !homes.contains(where: { $0.migration.title == title }) else { return [] }
                return note(
                    .unknownDependency,
                    severity: .warning,
                    "\(entry.key) depends on \(need.spelled), but the migration with this number is \(name)",
                    "correct the name or the number"
                )
            }
        }
    }

    /// The migrations in a list, as written.
    private static func references(_ list: JSONNode?) -> [(version: Int, spelled: String, line: Int)] {
        ((try? list?.elements()) ?? []).compactMap { element in
            guard let spelled = try? element.text(), let version = Migration.version(spelled: spelled) else {
                return nil
            }
            return (version, spelled, element.line)
        }
    }

    private func crossing(_ tree: ServiceTree) -> [Finding] {
        guard trees.count > 1 else { return [] }
        let file = tree.dependencies
        return file.entries.flatMap { entry -> [Finding] in
            guard !entry.crossService.isEmpty else { return [] }
            let services = (try? file.node("cross_service_depends_on", of: entry)?.members()) ?? []
            return services.flatMap { service -> [Finding] in
                guard let other = trees.first(where: { $0.service.name == service.key }) else {
                    return [
                        Finding(
                            .unknownDependency,
                            file: file.path,
                            line: service.line,
                            "\(entry.key) depends on \(service.key), and there is no such service",
                            hint: Spelling.nearest(to: service.key, among: trees.map(\.service.name)).map {
                                "is \($0) meant?"
                            } ?? "correct cross_service_depends_on"
                        )
                    ]
                }
                return Self.references(service.value).filter { need in
                    !other.migrations.contains { $0.version == need.version }
                }.map { need in
                    Finding(
                        .unknownDependency,
                        file: file.path,
                        line: need.line,
                        "\(entry.key) depends on \(service.key)/\(need.spelled), and there is no such migration",
                        hint: "correct cross_service_depends_on"
                    )
                }
            }
        }
    }

    /// Reports each cycle once, at the entry of its smallest member.
    private func circles() -> [Finding] {
        var needs: [Node: [Node]] = [:]
        for tree in trees {
            for entry in tree.dependencies.entries {
                needs[Node(service: tree.service.name, version: entry.version)] =
                    entry.dependsOn.map { Node(service: tree.service.name, version: $0) }
                    + entry.crossService.flatMap { name, versions in versions.map { Node(service: name, version: $0) } }
            }
        }
        var search = DependencySearch { needs[$0] ?? [] }
        for node in needs.keys.sorted() { search.visit(node) }
        var told: Set<Set<Node>> = []
        return search.circles.map(Self.fromSmallest).filter { told.insert(Set($0)).inserted }.compactMap { circle in
            guard let tree = trees.first(where: { $0.service.name == circle[0].service }),
                let entry = tree.dependencies.entry(circle[0].version)
            else { return nil }
            let names = (circle + [circle[0]]).map(name)
            return Finding(
                .dependencyCycle,
                file: tree.dependencies.path,
                line: tree.dependencies.line(of: "depends_on", in: entry),
                "dependencies form a cycle: \(names.joined(separator: " → "))",
                hint: "remove one of these from depends_on"
            )
        }
    }

    private static func fromSmallest(_ circle: [Node]) -> [Node] {
        guard let smallest = circle.min(), let place = circle.firstIndex(of: smallest) else { return circle }
        return Array(circle[place...] + circle[..<place])
    }

    /// The name for messages: the file, with the service if there are several.
    private func name(_ node: Node) -> String {
        let tree = trees.first { $0.service.name == node.service }
        let name = tree?.migrations.first { $0.version == node.version }?.migration.name ?? "\(node.version)"
        return trees.count > 1 ? "\(node.service)/\(name)" : name
    }
}
