internal import Environments
internal import PostgresClient

/// Reads services: the folder, the ledger, golang-migrate's row.
struct ServiceReader {
    let options: MigratorOptions

    /// A service and its ledger.
    func read(_ folder: MigratorOptions.Folder, _ session: borrowing Session) throws -> ServiceState {
        let tree = try MigrationTree.read(
            folder: folder.service.folder,
            environment: options.environment,
            folders: folder.file.folders
        )
        let dependencies = try DependenciesFile.read(migrations: folder.service.folder)
        let ledger = Ledger(service: folder.service.name, stateSchema: options.stateSchema.name, session)
        var entries = try ledger.entries(session)
        let adoption = try Adoption.find(
            ledger,
            schemas: folder.service.schemas,
            hasEntries: !entries.isEmpty,
            session
        )
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
            sharers: try adoption.map { try Adoption.sharers(of: $0.table.table, ledger, session) } ?? [:],
            isSiblingNew: adoption?.isNew ?? false,
            lastUpLeftNothing: try ledger.lastUpLeftNothing(session)
        )
    }

    func readAll(_ session: borrowing Session) throws -> [ServiceState] {
        try options.services.map { try read($0, session) }
    }

    /// What is applied in other services, and what those need of ours.
    func elsewhere(_ session: borrowing Session) throws -> (applied: Set<String>, needs: [(need: String, by: String)]) {
        guard try options.stateSchema.exists(session) else { return ([], []) }
        let names = QuotedText.array(options.services.map(\.service.name))
        let rows = try session.query(
            "SELECT service, version, requires FROM \(session.quoted(options.stateSchema.name)).migrations WHERE service <> ALL ($1)",
            [names]
        )
        let applied = Set(rows.map { "\($0.text("service"))/\($0.text("version"))" })
        let needs = rows.flatMap { row in
            row.texts("requires").map { (need: $0, by: "\(row.text("service"))/\(row.text("version"))") }
        }
        return (applied, needs)
    }
}
