internal import Archive
internal import PostgresClient

/// Checks before a part of a database is created: whether the target has the objects that the part needs, and which
/// objects in other schemas would be dropped with it.
struct PartCheck: Sendable {
    private let manifest: Manifest
    private let options: RestoreOptions
    private let selection: Selection

    struct Outcome: Sendable {
        var notes: [String] = []
        var obstacles: [Preflight.Obstacle] = []
        /// Items that attach partitions to missing parents, and items that attach indexes to those of such parents.
        var leftOut: Set<Int> = []
    }

    init(_ manifest: Manifest, _ options: RestoreOptions, _ selection: Selection) {
        self.manifest = manifest
        self.options = options
        self.selection = selection
    }

    /// Rows alone, and copies under other names, need only their tables.
    private var makesObjects: Bool {
        !selection.isWholeDatabase && !options.dataOnly && options.rows == nil
            && options.tables.allSatisfy { $0.newName == nil }
    }

    /// For a database that is created for the part and contains nothing else.
    func ofNewDatabase(_ name: String) -> Outcome {
        guard makesObjects else { return Outcome() }
        return outcome(in: name, isNew: true, needs: PartNeeds(manifest, selection).all, isThere: { _ in false })
    }

    /// - Parameter session: A session with the target.
    func inspect(_ session: borrowing Session) throws -> Outcome {
        guard makesObjects else { return Outcome() }
        let needs = PartNeeds(manifest, selection).all
        var there: Set<PartNeeds.Need> = []
        for need in needs where try need.isThere(session) { there.insert(need) }
        for (_, parent) in lonePartitions {
            let need = PartNeeds.Need(table: parent)
            if try need.isThere(session) { there.insert(need) }
        }
        var outcome = outcome(in: session.database, needs: needs, isThere: there.contains)
        guard options.tables.isEmpty else { return outcome }
        let schemas = try selection.doomedSchemas(manifest, options, session)
        let kept = try session.schemasToKeep(among: schemas, withExtensionsOfOthers: true)
        let dependents = try Dependents(of: schemas, kept: kept, selection, session)
        outcome.obstacles += [dependents.obstacle].compactMap(\.self)
        outcome.obstacles += try inTheWay(besides: dependents, session)
        if !dependents.returning.isEmpty {
            outcome.notes.append(
                "in other schemas these are dropped and made again: \(dependents.returning.map(\.title).listed(atMost: 20))"
            )
        }
        return outcome
    }

    private func outcome(
        in database: String,
        isNew: Bool = false,
        needs: [PartNeeds.Need],
        isThere: (PartNeeds.Need) -> Bool
    ) -> Outcome {
        var outcome = Outcome()
        if !needs.isEmpty {
            outcome.notes.append(
                "the part needs objects that it does not bring: \(needs.map(\.title).listed(atMost: 20))"
            )
        }
        let missing = needs.filter { !isThere($0) }
        if !missing.isEmpty {
            outcome.obstacles.append(
                Preflight.Obstacle(
                    message:
                        "the part needs what \(isNew ? "a new database" : database) does not have: \(missing.map(\.title).listed(atMost: 20))",
                    hint: (isNew ? "restore into a database that has them: " : "") + hint(missing)
                )
            )
        }
        // The indexes of these partitions have no parent index to be attached to.
        let lone = LonePartitions(selection.items)
        outcome.leftOut = Set(
            selection.items.filter { $0.kind == "INDEX ATTACH" && lone.hasIndexAttached(by: $0) }.map(\.id)
        )
        for (item, parent) in lonePartitions where !isThere(PartNeeds.Need(table: parent)) {
            outcome.leftOut.insert(item.id)
            outcome.notes.append(
                "\(TableName(schema: item.schema ?? "", name: item.name)) becomes a table of its own: \(parent), of which it was a partition, is not in \(database)"
            )
        }
        return outcome
    }

    private func hint(_ missing: [PartNeeds.Need]) -> String {
        let extensions = missing.compactMap { need in
            need.kind == "extension" ? "CREATE EXTENSION \(QuotedText.name(need.name))" : nil
        }
        guard extensions.count < missing.count else { return extensions.listed(atMost: 20) }
        return (extensions + ["restore the other objects first, or together with the part (--schema for each schema)"])
            .joined(separator: "; ")
    }

    /// Partitions whose parent is not in the selection.
    private var lonePartitions: [(item: Manifest.SchemaItem, parent: TableName)] {
        let parents = manifest.parents
        let selected = Set(selection.tables.map(\.tableName))
        return selection.items.filter { $0.kind == "TABLE ATTACH" }.compactMap { item in
            guard let parent = parents[TableName(schema: item.schema ?? "", name: item.name)]?.first,
                !selected.contains(parent)
            else { return nil }
            return (item, parent)
        }
    }

    /// Existing tables and sequences in schemas that stay, which the part would create but does not drop first.
    private func inTheWay(besides dependents: Dependents, _ session: borrowing Session) throws -> [Preflight.Obstacle] {
        let schemas = Set(exactly: dependents.schemas)
        let falling = Set(dependents.returning.compactMap(\.relation))
        let made = selection.items.filter { ["TABLE", "FOREIGN TABLE", "SEQUENCE"].contains($0.kind) }
            .map { TableName(schema: $0.schema ?? "", name: $0.name) }
            .filter { !schemas.contains($0.schema) && !falling.contains($0) }
        let there = try made.filter { try PartNeeds.Need(table: $0).isThere(session) }
        guard !there.isEmpty else { return [] }
        return [
            Preflight.Obstacle(
                message:
                    "\(there.map(\.spelling).listed()) exist\(there.count == 1 ? "s" : "") and would not be dropped with \(dependents.schemas.isEmpty ? "the part" : dependents.schemas.joined(separator: ", "))",
                hint: "drop or rename \(there.count == 1 ? "it" : "them") first, or restore with --data-only"
            )
        ]
    }
}
