package import Project
package import SQLText

/// The dependencies between the migrations of all layers and services, read from files only.
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
        /// The environment whose folder has the migration; empty for the base.
        package var layer: String
        /// The higher of two risks: that of its statements, and the one declared in `dependencies.json`.
        package var risk: Risk
        package var rollbackSafe: Bool?
        package var details: String?
        package var needs: [Need]
        /// Errors in the migration or in its declarations, each with its place.
        package var faults: [String] = []
        package var isInCircle = false

        package var id: Need { Need(service: service, name: name) }
    }

    /// By service, then by number.
    package private(set) var nodes: [Node] = []
    /// Errors that concern all files of a service.
    package private(set) var faults: [String: [String]] = [:]

    /// Reads the files of the services. Errors become faults of a node: a dependency on a missing migration or on one
    /// of another environment, a cycle, a declared risk that is too low, an unreadable file.
    ///
    /// - Parameters:
    ///   - environment: Include only the migrations of this environment; nil includes all layers.
    ///   - copy: The environment to show for a service that has a separate full set for each environment.
    package init(
        _ services: [(service: Service, file: EnvironmentsFile)],
        environment: String?,
        copy: String
    ) {
        var known: [String: [Migration]] = [:]
        var declared: [String: DependenciesFile] = [:]
        for (service, file) in services {
            let all = readMigrations(of: service, file)
            let isOneTree = all.contains { $0.layer.isEmpty }
            let shown = environment ?? (isOneTree ? nil : copy)
            known[service.name] = all.filter { shown == nil || $0.layer.isEmpty || $0.layer == shown }
            let (dependencies, faults) = DependenciesFile.readWhatCanBe(migrations: service.folder)
            declared[service.name] = dependencies
            self.faults[service.name, default: []] += faults
        }
        for (service, _) in services {
            let file = declared[service.name]!
            for migration in known[service.name]! {
                let entry = file.entry(migration.version)
                let risk = Self.risk(of: migration)
                var reader = NeedReader(migration: migration, service: service.name, file: file, known: known)
                let needs = reader.needs(entry)
                var faults = reader.faults
                if let declared = entry?.risk, declared < risk {
                    faults.append(
                        "\(file.place(migration.version)): it is declared \(declared.rawValue) risk, and is \(risk.rawValue)"
                    )
                }
                nodes.append(
                    Node(
                        service: service.name,
                        version: migration.version,
                        name: migration.name,
                        layer: migration.layer,
                        risk: max(risk, entry?.risk ?? .low),
                        rollbackSafe: entry?.rollbackSafe,
                        details: entry?.details,
                        needs: needs,
                        faults: faults
                    )
                )
            }
        }
        nodes.sort { ($0.service, $0.version, $0.layer) < ($1.service, $1.version, $1.layer) }
        markCircles(declared)
    }

    /// The migrations of the files that can be read.
    private mutating func readMigrations(of service: Service, _ file: EnvironmentsFile) -> [Migration] {
        let folder = MigrationFolder(service.folder, environments: file.folders)
        return (folder?.pairs ?? []).map { pair in
            pair.read { path, error in
                // Down files are not part of the graph.
                if path == pair.up?.path { faults[service.name, default: []].append("\(error)") }
            }
        }
    }

    private static func risk(of migration: Migration) -> Risk {
        guard let up = migration.up, let script = try? SQLScript(splitting: up.text) else { return .medium }
        return ScriptEffects(of: script).risk
    }

    package func node(_ id: Need) -> Node? { nodes.first { $0.id == id } }

    /// Records each cycle as a fault of the migration where it is found, in the order of the numbers.
    private mutating func markCircles(_ declared: [String: DependenciesFile]) {
        let byID = Dictionary(nodes.map { ($0.id, $0) }, uniquingKeysWith: { one, _ in one })
        var search = DependencySearch { id in byID[id]?.needs.filter { byID[$0] != nil } ?? [] }
        for node in nodes { search.visit(node.id) }
        for circle in search.circles.map({ $0.compactMap { byID[$0] } }) {
            let names = (circle + [circle[0]]).map { services > 1 ? "\($0.service)/\($0.name)" : $0.name }
            let place = declared[circle[0].service]?.place(circle[0].version).description ?? ""
            let fault = "\(place): dependencies form a cycle: \(names.joined(separator: " → "))"
            let members = Set(circle.map(\.id))
            for index in nodes.indices where members.contains(nodes[index].id) {
                nodes[index].isInCircle = true
                if nodes[index].id == circle[0].id { nodes[index].faults.append(fault) }
            }
        }
    }

    private var services: Int { Set(nodes.map(\.service)).count }
}

/// Finds the migrations that an entry of `dependencies.json` names.
private struct NeedReader {
    let migration: Migration
    let service: String
    let file: DependenciesFile
    let known: [String: [Migration]]
    private(set) var faults: [String] = []

    mutating func needs(_ entry: DependenciesFile.Entry?) -> [DependencyGraph.Need] {
        guard let entry else { return [] }
        var needs: [DependencyGraph.Need] = []
        for version in entry.dependsOn { needs.append(need(version, of: service)) }
        for (service, versions) in entry.crossService.sorted(by: { $0.key < $1.key }) {
            for version in versions { needs.append(need(version, of: service)) }
        }
        return needs
    }

    private mutating func need(_ version: Int, of other: String) -> DependencyGraph.Need {
        let place = file.place(migration.version)
        // The files of another service may not be available.
        guard let all = known[other] else { return DependencyGraph.Need(service: other, name: String(version)) }
        let candidates = all.filter { $0.version == version }
        if let found = candidates.first(where: { $0.layer == migration.layer || $0.layer.isEmpty }) {
            return DependencyGraph.Need(service: other, name: found.name)
        }
        guard let found = candidates.first else {
            let name = other == service ? "\(version)" : "\(other)/\(version)"
            faults.append("\(place): \(migration.name) depends on \(name), and there is no such migration")
            return DependencyGraph.Need(service: other, name: String(version))
        }
        faults.append(
            "\(place): \(migration.name) depends on \(found.name), which is a migration of \(found.layer) only"
        )
        return DependencyGraph.Need(service: other, name: found.name)
    }
}
