internal import Bookkeeping
internal import PostgresClient
internal import Project

/// Reads the state of services: folder, ledger, golang-migrate's row.
struct ServiceReader {
    let options: MigratorOptions

    /// Reads a service and its ledger.
    ///
    /// - Parameter isAsked: Whether the user asked to adopt golang-migrate's table. It may then be in any schema of the
    ///   service.
    func read(
        _ folder: MigratorOptions.Folder,
        isAsked: Bool = false,
        _ session: borrowing Session
    ) throws -> ServiceState {
        let tree = try MigrationTree.read(
            folder: folder.service.folder,
            environment: options.environment,
            folders: folder.file.folders
        )
        let dependencies = try DependenciesFile.read(migrations: folder.service.folder)
        let ledger = Ledger(service: folder.service.name, try options.stateSchema.examined(session), session)
        var entries = try ledger.entries(session)
        let adoption = try Adoption.find(
            ledger,
            schemas: isAsked ? folder.service.schemas : try ownSchemas(folder, session),
            hasEntries: !entries.isEmpty,
            session
        )
        let isFirst = try entries.isEmpty && adoption?.table.row == nil && !ledger.hasHistory(session)
        let adopted = try ledger.adoptedLedger(session)
        if let adoption, adoption.isNew { entries = Adoption.entries(adoption.table.row, tree) }
        let unfinished = try ledger.unfinishedRuns(session)
        var standings = MigrationStandings(tree: tree, entries: entries, unfinished: unfinished)
        for index in standings.all.indices {
            standings.all[index].doubt = try Doubt.text(standings.all[index], session)
        }
        return ServiceState(
            name: folder.service.name,
            tree: tree,
            dependencies: dependencies,
            entries: entries,
            standings: standings,
            sibling: adoption?.table,
            sharers: try adoption.map { try ledger.sharers(of: $0.table.table, session) } ?? [:],
            isSiblingNew: adoption?.isNew ?? false,
            adopted: adopted,
            adoptedChange: try adopted?.change(session),
            otherLedgers: isFirst ? try OtherLedgers(folder.file, options).unexplained(session) : [],
            lastUpLeftNothing: try ledger.lastUpLeftNothing(session)
        )
    }

    /// The schemas in which a ledger certainly belongs to the service.
    private func ownSchemas(_ folder: MigratorOptions.Folder, _ session: borrowing Session) throws -> [String] {
        guard folder.service.declaresSchemas else { return [] }
        let beside = try OtherLedgers(folder.file, options).explained(session)
        return folder.service.schemas.filter { schema in
            schema != "public" && !beside.contains { $0.schema == schema && $0.name == "schema_migrations" }
        }
    }

    func readAll(_ session: borrowing Session) throws -> [ServiceState] {
        try options.services.map { try read($0, session) }
    }

    /// The versions that are applied in other services, and the migrations of this run's services that they depend on.
    func elsewhere(_ session: borrowing Session) throws -> (applied: Set<String>, needs: [(need: String, by: String)]) {
        guard try options.stateSchema.exists(session) else { return ([], []) }
        let own = Set(exactly: options.services.map(\.service.name))
        let rows = try Ledger.applied(options.stateSchema, session).filter { !own.contains(ExactText($0.service)) }
        let applied = Set(rows.map { "\($0.service)/\($0.version)" })
        return (applied, rows.flatMap { row in row.requires.map { (need: $0, by: "\(row.service)/\(row.version)") } })
    }
}
