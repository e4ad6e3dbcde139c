internal import Bookkeeping
package import PostgresClient
internal import Project

extension Migrator {
    /// Says that everything up to a version is applied already, without running any of it.
    ///
    /// - Returns: The names of what is now in the ledger.
    /// - Throws: `MigrationError` where the ledger has something already, or there is no such version.
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
                        hint: "`granary migrate status` lists what there is"
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

    /// Takes golang-migrate's table over, wherever it is; from then on its row is kept in step.
    ///
    /// - Parameter table: `schema.table`; nil takes the one in the service's own schema.
    /// - Returns: The names of what it says is applied.
    package func adopt(_ table: TableName?) async throws -> [String] {
        try await holdingLock(adopting: table) { _, session in
            try options.stateSchema.ensure(&session)
            var names: [String] = []
            for folder in options.services {
                var state = try reader.read(folder, isAsked: true, session)
                guard state.entries.isEmpty || state.isSiblingNew else {
                    throw MigrationError(
                        .policy,
                        "\(state.name) has migrations in its ledger already, up to \(state.standings.version)",
                        hint: "only a service that granary has not migrated before can be adopted"
                    )
                }
                if let table {
                    guard let found = try GolangMigrateLedger.find(table, session) else {
                        throw MigrationError(
                            .usage,
                            "\(table) is not golang-migrate's: it has no columns version bigint and dirty boolean",
                            hint: "name the table with --table schema.table"
                        )
                    }
                    state.sibling = found
                    state.entries = Adoption.entries(found.row, state.tree)
                    state.isSiblingNew = true
                }
                guard state.sibling != nil else {
                    throw MigrationError(
                        .usage,
                        "\(state.name) has no schema_migrations in its own schema",
                        hint: "name the table with --table schema.table"
                    )
                }
                // A table that is named may be shared, so its version need not be one of this service's files.
                if var obstacle = table == nil ? Adoption.obstacle(state) : Adoption.dirt(state) {
                    // Only what is in step can be repaired.
                    if let table, let row = state.sibling?.row, !folder.service.schemas.contains(table.schema) {
                        obstacle.hint =
                            "look at what \(row.version) has done, settle it with golang-migrate's `force`, and adopt again"
                    }
                    throw obstacle
                }
                let ledger = Ledger(service: state.name, options.stateSchema, session)
                try Adoption.adopt(state, ledger, context, &session)
                names += state.entries.map(\.name)
            }
            return names
        }
    }
}
