internal import Bookkeeping

/// Turns a request into steps. It depends on nothing but the files and the ledger.
struct MigrationPlanner {
    let services: [ServiceState]
    /// Migrations applied in services that are not part of this run: `user-service/3`.
    let appliedElsewhere: Set<String>
    /// The migrations of this run's services that applied migrations of other services depend on.
    let neededElsewhere: [(need: String, by: String)]
    let allowsOutOfOrder: Bool
    /// Whether to run edited files of this environment's own folder again.
    let redoesModified: Bool

    typealias Node = MigrationOrder.Node

    func plan(_ request: MigrationRequest) throws -> MigrationPlan {
        var plan = MigrationPlan()
        plan.obstacles = services.flatMap(\.tree.problems)
        switch request {
        case .up(let count): try up(limit: count, upTo: nil, &plan)
        case .down(let count): try down(Array(applied().prefix(count ?? .max)), &plan)
        case .goto(let version): try goto(version, &plan)
        case .redo(let count): try redo(count, &plan)
        }
        return plan
    }

    private func state(_ service: String) -> ServiceState { services.first { $0.name == service }! }

    /// The applied migrations, the last first.
    private func applied() -> [(service: String, entry: LedgerEntry)] {
        services.flatMap { state in state.entries.map { (state.name, $0) } }.sorted { $0.1.order > $1.1.order }
    }
}

extension MigrationPlanner {
    private func up(limit: Int?, upTo version: Int?, _ plan: inout MigrationPlan) throws {
        var candidates: [Node: Migration] = [:]
        for state in services {
            for standing in state.standings.all where standing.version <= version ?? .max {
                try consider(standing, of: state, &candidates, &plan)
            }
        }
        let predecessors = predecessors(among: Array(candidates.keys))
        let order = try MigrationOrder.sorted(Array(candidates.keys)) { node in
            dependencies(of: node).filter { candidates[$0] != nil } + (predecessors[node] ?? [])
        }
        var coming = Set<Node>()
        for node in order.prefix(limit ?? .max) {
            plan.obstacles += unsatisfied(node, coming: coming)
            coming.insert(node)
            plan.steps.append(try upStep(candidates[node]!, of: state(node.service)))
        }
    }

    private func consider(
        _ standing: MigrationStanding,
        of state: ServiceState,
        _ candidates: inout [Node: Migration],
        _ plan: inout MigrationPlan
    ) throws {
        let node = Node(service: state.name, version: standing.version)
        switch standing.state {
        case .pending: candidates[node] = standing.migration
        case .failed:
            // Without a file there is nothing to run. `status` shows what the run has left.
            guard standing.migration != nil || standing.isApplied else { return }
            if let run = standing.unfinished, run.leavesSomething {
                plan.obstacles.append(brokenOff(standing, run))
            } else {
                candidates[node] = standing.migration
            }
        case .outOfOrder:
            if allowsOutOfOrder {
                candidates[node] = standing.migration
            } else {
                plan.obstacles.append(outOfOrder(standing, state))
            }
        case .modified:
            guard let entry = standing.entry, let migration = standing.migration else { return }
            if redoesModified, entry.layer == state.tree.environment, !entry.layer.isEmpty {
                plan.steps.append(try downStep(entry, of: state, preferringStored: true))
                candidates[node] = migration
            } else {
                plan.obstacles.append(modified(standing, state))
            }
        case .applied, .missing, .newer, .otherLayer, .unverified: return
        }
    }

    /// The migrations that each migration must follow: those of its service with lower numbers, even without a
    /// declaration. A migration that is declared to depend on it is excepted.
    private func predecessors(among nodes: [Node]) -> [Node: [Node]] {
        var predecessors: [Node: [Node]] = [:]
        for (_, own) in Dictionary(grouping: nodes, by: \.service) {
            let own = own.sorted()
            var needs: [Node: [Node]] = [:]
            for node in own { needs[node] = dependencies(of: node).filter { $0.service == node.service } }
            guard needs.contains(where: { node, needs in needs.contains { $0.version > node.version } }) else {
                for (before, node) in zip(own, own.dropFirst()) { predecessors[node] = [before] }
                continue
            }
            for (place, node) in own.enumerated() {
                predecessors[node] = own[..<place].filter { !Self.reaches($0, node, needs) }
            }
        }
        return predecessors
    }

    private static func reaches(_ start: Node, _ goal: Node, _ needs: [Node: [Node]]) -> Bool {
        var (open, seen) = ([start], Set<Node>())
        while let node = open.popLast() {
            if node == goal { return true }
            if seen.insert(node).inserted { open += needs[node] ?? [] }
        }
        return false
    }

    private func dependencies(of node: Node) -> [Node] {
        guard let declared = state(node.service).dependencies.entry(node.version) else { return [] }
        let own = declared.dependsOn.map { Node(service: node.service, version: $0) }
        return own
            + declared.crossService.flatMap { service, versions in
                versions.map { Node(service: service, version: $0) }
            }
    }

    /// An error for each dependency of a migration that is neither applied nor earlier in the plan.
    private func unsatisfied(_ node: Node, coming: Set<Node>) -> [MigrationError] {
        dependencies(of: node).compactMap { need in
            guard !coming.contains(need), !isApplied(need) else { return nil }
            let state = state(node.service)
            let name = state.tree.migration(node.version)?.name ?? "\(node.version)"
            let place = state.dependencies.place(node.version)
            guard let other = services.first(where: { $0.name == need.service }) else {
                return MigrationError(
                    .dependency,
                    at: place,
                    "\(name) depends on \(need), which is not applied in this database",
                    hint: "migrate \(need.service) first, or all services in order with --root"
                )
            }
            if other.tree.migration(need.version) == nil {
                let layer = other.tree.others.first { $0.version == need.version }?.layer
                return MigrationError(
                    .dependency,
                    at: place,
                    layer.map { "\(name) depends on \(need.version), which is a migration of \($0) only" }
                        ?? "\(name) depends on \(need), and there is no such migration",
                    hint: layer == nil
                        ? "correct depends_on" : "move the file to the base folder, or correct depends_on"
                )
            }
            return MigrationError(
                .dependency,
                at: place,
                "\(name) depends on \(need), which would not be applied before it",
                hint: "apply that one first"
            )
        }
    }

    private func isApplied(_ node: Node) -> Bool {
        guard let state = services.first(where: { $0.name == node.service }) else {
            return appliedElsewhere.contains(node.description)
        }
        return state.standings.all.contains { $0.version == node.version && ($0.isApplied || $0.isElsewhere) }
    }

    private func upStep(_ migration: Migration, of state: ServiceState) throws -> MigrationStep {
        guard let file = migration.up else {
            throw MigrationError(
                .file,
                "\(migration.name) has no up file",
                hint: "write \(migration.name).up.sql beside \(migration.down?.path ?? "its down file")"
            )
        }
        let declared = state.dependencies.entry(migration.version)
        return MigrationStep(
            service: state.name,
            version: migration.version,
            name: migration.name,
            layer: migration.layer,
            direction: .up,
            script: try MigrationScript(file.text, path: file.path),
            sha256: file.sha256,
            downSHA256: migration.down?.sha256,
            downSQL: migration.down?.text,
            requires: declared?.crossService.flatMap { service, versions in versions.map { "\(service)/\($0)" } } ?? [],
            declared: declared
        )
    }
}

extension MigrationPlanner {
    private func down(_ entries: [(service: String, entry: LedgerEntry)], _ plan: inout MigrationPlan) throws {
        let going = Set(entries.map { Node(service: $0.service, version: $0.entry.version) })
        for (service, entry) in entries {
            let node = Node(service: service, version: entry.version)
            plan.obstacles += dependents(of: node).filter { !going.contains($0) }.map { dependent in
                MigrationError(
                    .dependent,
                    "\(entry.name) cannot be reverted: \(dependent) depends on it and is applied",
                    hint: "revert \(dependent) first"
                )
            }
            for (need, user) in neededElsewhere where need == node.description {
                plan.obstacles.append(
                    MigrationError(
                        .dependent,
                        "\(entry.name) cannot be reverted: \(user) depends on it and is applied",
                        hint: "revert \(user) first"
                    )
                )
            }
            if let run = state(service).standings.standing(entry.version)?.unfinished, run.leavesSomething {
                plan.obstacles.append(brokenOff(state(service).standings.standing(entry.version)!, run))
            }
            plan.steps.append(try downStep(entry, of: state(service), preferringStored: false))
        }
    }

    private func dependents(of node: Node) -> [Node] {
        services.flatMap { state in
            state.entries.map { Node(service: state.name, version: $0.version) }
                .filter { dependencies(of: $0).contains(node) }
        }
    }

    /// Reverts with the current down file. If the up file was edited or is gone, reverts with the text that the ledger
    /// stored when it was applied.
    private func downStep(
        _ entry: LedgerEntry,
        of state: ServiceState,
        preferringStored: Bool
    ) throws -> MigrationStep {
        let migration = state.tree.migration(entry.version)
        let isSame = entry.upSHA256.map { migration?.up?.matches($0) == true } ?? true
        let text: String
        let path: String
        if !preferringStored, isSame, let migration {
            guard let file = migration.down else {
                throw MigrationError(
                    .file,
                    "\(entry.name) cannot be reverted: it has no down file",
                    hint: "write \(entry.name).down.sql beside \(migration.up?.path ?? "its up file")"
                )
            }
            (text, path) = (file.text, file.path)
        } else if let stored = entry.downSQL {
            (text, path) = (stored, "\(entry.name).down.sql (as the ledger keeps it)")
        } else {
            throw MigrationError(
                .file,
                "\(entry.name) cannot be reverted: its files are gone, and the ledger does not contain its down file",
                hint: "restore its files"
            )
        }
        let script = try MigrationScript(text, path: path)
        guard !script.statements.isEmpty || script.saysNothingToUndo else {
            throw MigrationError(
                .policy,
                "\(entry.name) cannot be reverted: \(path) is empty",
                hint: "add the statements that undo it, or the comment `-- nothing to undo`"
            )
        }
        var step = MigrationStep(
            service: state.name,
            version: entry.version,
            name: entry.name,
            layer: entry.layer,
            direction: .down,
            script: script,
            sha256: migration?.down?.sha256 ?? entry.downSHA256 ?? ""
        )
        step.declared = state.dependencies.entry(entry.version)
        return step
    }
}

extension MigrationPlanner {
    private func goto(_ version: Int, _ plan: inout MigrationPlan) throws {
        let isKnown =
            version == 0
            || services.contains { state in
                state.tree.migration(version) != nil || state.entries.contains { $0.version == version }
            }
        guard isKnown else {
            throw MigrationError(
                .usage,
                "there is no migration \(version)",
                hint: "`granary migrate status` lists the migrations"
            )
        }
        try down(applied().filter { $0.entry.version > version }, &plan)
        try up(limit: nil, upTo: version, &plan)
    }

    private func redo(_ count: Int, _ plan: inout MigrationPlan) throws {
        let last = Array(applied().prefix(count))
        try down(last, &plan)
        for (service, entry) in last.reversed() {
            let state = state(service)
            guard let migration = state.tree.migration(entry.version) else {
                throw MigrationError(
                    .file,
                    "\(entry.name) cannot be applied again: its files are gone",
                    hint: "restore them, or use `granary migrate down`"
                )
            }
            plan.steps.append(try upStep(migration, of: state))
        }
    }
}

extension MigrationPlanner {
    private func brokenOff(_ standing: MigrationStanding, _ run: UnfinishedRun) -> MigrationError {
        MigrationError(
            .disagreement,
            standing.interruption(run) + (standing.doubt.map { "; \($0)" } ?? ""),
            hint: "`granary migrate repair` checks what took effect and continues from there"
        )
    }

    private func outOfOrder(_ standing: MigrationStanding, _ state: ServiceState) -> MigrationError {
        MigrationError(
            .policy,
            "\(standing.name) is out of order: \(state.standings.version) is applied already",
            hint: "give it a higher number, or apply it with --allow-out-of-order"
        )
    }

    private func modified(_ standing: MigrationStanding, _ state: ServiceState) -> MigrationError {
        // `redo` counts in the order of application, over all services.
        let place = applied().firstIndex { $0.service == state.name && $0.entry.version == standing.version }
        let count = (place ?? 0) + 1
        return MigrationError(
            .policy,
            "\(standing.migration?.up?.path ?? standing.name) was edited after it was applied",
            hint: "restore the old text and put the change into a new migration; "
                + "where rows may be lost, `granary migrate redo\(count > 1 ? " \(count)" : "")` applies the edited file instead"
        )
    }
}
