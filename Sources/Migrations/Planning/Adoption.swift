internal import Bookkeeping
internal import PostgresClient

/// Ledgers of other tools. golang-migrate's ledger is adopted at the first run and kept up to date afterwards. Other
/// ledgers are adopted only by `adopt`; afterwards granary reports when they change.
enum Adoption {
    /// The table of golang-migrate that is kept up to date for a service.
    struct Finding {
        var table: GolangMigrateLedger
        var isNew: Bool
    }

    /// - Parameter schemas: The schemas of the service. A table in another schema is adopted only if the user names it.
    static func find(
        _ ledger: Ledger,
        schemas: [String],
        hasEntries: Bool,
        _ session: borrowing Session
    ) throws -> Finding? {
        if let table = try ledger.adoptedTable(session) {
            let found = try GolangMigrateLedger.find(table, session)
            return Finding(table: found ?? .gone(table), isNew: false)
        }
        guard !hasEntries else { return nil }
        for schema in schemas {
            let table = TableName(schema: schema, name: "schema_migrations")
            if let found = try GolangMigrateLedger.find(table, session) { return Finding(table: found, isNew: true) }
        }
        return nil
    }

    /// The migrations that golang-migrate's row implies: the files of the folder that golang-migrate reads, up to its
    /// version.
    static func entries(_ row: GolangMigrateLedger.Row?, _ tree: MigrationTree) -> [LedgerEntry] {
        guard let row else { return [] }
        let versions = tree.migrations.filter { $0.layer == tree.golangMigrateLayer && $0.version <= row.version }
        return versions.enumerated().map { place, migration in
            LedgerEntry(
                version: migration.version,
                name: migration.name,
                layer: migration.layer,
                upSHA256: nil,
                downSHA256: nil,
                downSQL: migration.down?.text,
                isVerified: false,
                appliedBy: "golang-migrate",
                order: place
            )
        }
    }

    /// The reason why nothing may run before the user has decided; nil if there is none.
    static func obstacle(_ state: ServiceState) -> MigrationError? {
        if let dirty = dirt(state) { return dirty }
        if let change = change(state) { return change }
        guard let sibling = state.sibling else { return nil }
        let expected = state.siblingVersion(applied: state.entries.map(\.version), others: state.sharers)
        // A table that a migration has dropped with its schema proves nothing. An empty table means that nothing is
        // applied.
        guard sibling.isThere, sibling.row?.version != expected else { return nil }
        let isElsewhere = sibling.row.map { state.tree.migration($0.version) == nil } ?? false
        return MigrationError(
            .disagreement,
            "golang-migrate's row in \(sibling.table) says "
                + (sibling.row.map { "version \($0.version)" } ?? "none") + ", and the ledger says "
                + (expected.map { "\($0)" } ?? "none"),
            hint: "`granary migrate repair --trust row` adds golang-migrate's changes to the ledger, "
                + "`granary migrate repair --trust ledger` corrects golang-migrate's row"
                + (isElsewhere
                    ? "; where another service shares the table, `granary migrate adopt --table \(sibling.table)` for that one too"
                    : "")
        )
    }

    /// An error if golang-migrate's last run failed.
    static func dirt(_ state: ServiceState) -> MigrationError? {
        guard let sibling = state.sibling else { return nil }
        if let row = sibling.row, row.isDirty {
            return MigrationError(
                .disagreement,
                "golang-migrate's row in \(sibling.table) has version \(row.version), dirty: its last run failed",
                hint:
                    "look at what \(row.version) has done; `granary migrate repair --trust row` records it as applied, "
                    + "`granary migrate repair --trust ledger` as not applied"
            )
        }
        return nil
    }

    /// An error if the other tool has run since its ledger was adopted.
    private static func change(_ state: ServiceState) -> MigrationError? {
        guard let adopted = state.adopted, let change = state.adoptedChange else { return nil }
        return MigrationError(
            .disagreement,
            "\(change.clause(adopted.tool)) since \(adopted.table) was adopted; the ledger does not contain this change",
            hint: "`granary migrate repair --trust row` adds the changes of \(adopted.tool) to the ledger, "
                + "`granary migrate repair --trust ledger` leaves the ledger as it is"
        )
    }

    /// Records the adoption: a ledger row for each migration, and the table's name in the log.
    static func adopt(_ state: ServiceState, _ ledger: Ledger, _ context: RunContext, _ session: inout Session) throws {
        guard let sibling = state.sibling else { return }
        try session.transaction { session in
            for entry in state.entries {
                guard let migration = state.tree.migration(entry.version) else { continue }
                try ledger.addRow(.unverified(migration, by: context), session)
            }
            try ledger.append(LogEntry("adopt", note: sibling.table.note, context), session)
        }
    }
}

extension LedgerEntry {
    /// A row for a migration that another tool applied. The content of its file at that time is unknown.
    static func unverified(_ migration: Migration, by context: RunContext) -> LedgerEntry {
        LedgerEntry(
            version: migration.version,
            name: migration.name,
            layer: migration.layer,
            upSHA256: nil,
            downSHA256: migration.down?.sha256,
            downSQL: migration.down?.text,
            isVerified: false,
            appliedBy: context.actor
        )
    }
}
