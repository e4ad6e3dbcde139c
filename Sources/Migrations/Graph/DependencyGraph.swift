package import Environments
package import SQLText

/// What depends on what, over all layers and services, from the files alone.
package struct DependencyGraph: Sendable {
    /// A migration that another one needs.
    package struct Need: Sendable, Hashable {
        package var service: String
        package var name: String

        package init(service: String, name: String) {
            self.service = service
            self.name = name
        }
    }

    package struct Node: Sendable {
        package var service: String
        package var version: Int
        package var name: String
        /// The environment whose folder it is in; empty for the base.
        package var layer: String
        /// The higher one of what the file says and what `dependencies.json` does.
        package var risk: Risk
        package var rollbackSafe: Bool?
        package var details: String?
        package var needs: [Need]

        package var id: Need { Need(service: service, name: name) }
    }

    /// By service, then by number.
    package private(set) var nodes: [Node] = []

    /// - Parameters:
    ///   - environment: Only what it runs; nil for all layers together.
    ///   - copy: Of a service whose environments have a tree of their own each, the one that is shown then.
    /// - Throws: `MigrationError` with `.dependency` and the place, for a reference to a migration that is not there or is
    ///   another environment's, and for a circle; with `.file`. `EnvironmentsError` for a JSON file that is none.
    package init(
        _ services: [(service: Service, file: EnvironmentsFile)],
        environment: String?,
        copy: String
    ) throws {
        var known: [String: [Migration]] = [:]
        var declared: [String: DependenciesFile] = [:]
        for (service, file) in services {
            let all = try Migration.all(in: service.folder, file)
            let isOneTree = all.contains { $0.layer.isEmpty }
            let shown = environment ?? (isOneTree ? nil : copy)
            known[service.name] = all.filter { shown == nil || $0.layer.isEmpty || $0.layer == shown }
            declared[service.name] = try DependenciesFile.read(migrations: service.folder)
        }
        for (service, _) in services {
            let file = declared[service.name]!
            for migration in known[service.name]! {
                let entry = file.entry(migration.version)
                var reader = NeedReader(migration: migration, service: service.name, file: file, known: known)
                nodes.append(
                    Node(
                        service: service.name,
                        version: migration.version,
                        name: migration.name,
                        layer: migration.layer,
                        risk: try max(Self.risk(of: migration), entry?.risk ?? .low),
                        rollbackSafe: entry?.rollbackSafe,
                        details: entry?.details,
                        needs: try reader.needs(entry)
                    )
                )
            }
        }
        nodes.sort { ($0.service, $0.version, $0.layer) < ($1.service, $1.version, $1.layer) }
        try requireNoCircle(declared)
    }

    private static func risk(of migration: Migration) throws(MigrationError) -> Risk {
        guard let up = migration.up, let script = try? SQLScript(splitting: up.text) else { return .medium }
        return ScriptEffects(of: script).risk
    }

    package func node(_ id: Need) -> Node? { nodes.first { $0.id == id } }

    private func requireNoCircle(_ declared: [String: DependenciesFile]) throws(MigrationError) {
        var done = Set<Need>()
        var path: [Node] = []
        let byID = Dictionary(nodes.map { ($0.id, $0) }, uniquingKeysWith: { one, _ in one })
        func visit(_ node: Node) throws(MigrationError) {
            guard !done.contains(node.id) else { return }
            if let start = path.firstIndex(where: { $0.id == node.id }) {
                let circle = (path[start...] + [node]).map { services > 1 ? "\($0.service)/\($0.name)" : $0.name }
                throw MigrationError(
                    .dependency,
                    "\(declared[node.service]!.place(node.version)): dependencies go round in a circle: "
                        + circle.joined(separator: " → "),
                    hint: "take one of these out of depends_on in dependencies.json"
                )
            }
            path.append(node)
            for need in node.needs { if let next = byID[need] { try visit(next) } }
            path.removeLast()
            done.insert(node.id)
        }
        for node in nodes { try visit(node) }
    }

    private var services: Int { Set(nodes.map(\.service)).count }
}

/// Finds the migrations that an entry names.
private struct NeedReader {
    let migration: Migration
    let service: String
    let file: DependenciesFile
    let known: [String: [Migration]]

    mutating func needs(_ entry: DependenciesFile.Entry?) throws(MigrationError) -> [DependencyGraph.Need] {
        guard let entry else { return [] }
        var needs: [DependencyGraph.Need] = []
        for version in entry.dependsOn { needs.append(try need(version, of: service)) }
        for (service, versions) in entry.crossService.sorted(by: { $0.key < $1.key }) {
            for version in versions { needs.append(try need(version, of: service)) }
        }
        return needs
    }

    private func need(_ version: Int, of other: String) throws(MigrationError) -> DependencyGraph.Need {
        let place = file.place(migration.version)
        guard let all = known[other] else {
            // Another service's files are not here to be looked at.
            return DependencyGraph.Need(service: other, name: String(version))
        }
        let candidates = all.filter { $0.version == version }
        if let found = candidates.first(where: { $0.layer == migration.layer || $0.layer.isEmpty }) {
            return DependencyGraph.Need(service: other, name: found.name)
        }
        guard let found = candidates.first else {
            throw MigrationError(
                .dependency,
                "\(place): \(migration.name) depends on \(other == service ? "" : "\(other)/")\(version), and there is no such migration",
                hint: "mend depends_on, or write that migration"
            )
        }
        throw MigrationError(
            .dependency,
            "\(place): \(migration.name) depends on \(found.name), which is a migration of \(found.layer) only",
            hint: "move that file to the base folder, or mend depends_on"
        )
    }
}
