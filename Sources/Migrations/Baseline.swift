internal import Bookkeeping
internal import PostgresClient
internal import Project

extension Migrator {
    /// Records all migrations up to a version as applied, without running them.
    ///
    /// - Returns: The names of the migrations that were added to the ledger.
    /// - Throws: `MigrationError` if the ledger is not empty, or if there is no such version.
    package func baseline(_ version: Int) async throws -> [String] {
        try await holdingLock { _, session in
            try options.stateSchema.ensure(&session)
            var names: [String] = []
            for state in try reader.readAll(session) {
                guard state.entries.isEmpty || state.isSiblingNew else {
                    throw MigrationError(
                        .policy,
                        "\(state.name) has migrations in its ledger already, up to \(state.standings.version)",
                        hint: "a baseline is for a database that granary has not migrated before"
                    )
                }
                guard state.tree.migration(version) != nil else {
                    throw MigrationError(
                        .usage,
                        "there is no migration \(version)",
                        hint: "`granary migrate status` lists the migrations"
                    )
                }
                let ledger = Ledger(service: state.name, options.stateSchema, session)
                let migrations = state.tree.migrations.filter { $0.version <= version }
                try session.transaction { session in
                    for migration in migrations {
                        try ledger.addRow(.unverified(migration, by: context), session)
                        var entry = LogEntry("baseline", version: migration.version, context)
                        entry.name = migration.name
                        entry.layer = migration.layer
                        entry.sha256 = migration.up?.sha256
                        try ledger.append(entry, session)
                    }
                }
                names += migrations.map(\.name)
            }
            return names
        }
    }
}
