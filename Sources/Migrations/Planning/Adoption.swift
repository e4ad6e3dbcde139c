internal import Bookkeeping
internal import PostgresClient

/// golang-migrate's ledger beside ours: found, adopted on first use, kept in step.
enum Adoption {
    /// The table that is kept in step for a service, and whether it is yet to be adopted.
    struct Finding {
        var table: GolangMigrateLedger
        var isNew: Bool
    }

    /// - Parameter schemas: The service's own; a table elsewhere is adopted only when it is named.
    static func find(
        _ ledger: Ledger,
        schemas: [String],
        hasEntries: Bool,
        _ session: borrowing Session
    ) throws -> Finding? {
        if let table = try adopted(ledger, session) {
            let found = try GolangMigrateLedger.find(table, session)
            return Finding(table: found ?? GolangMigrateLedger(table: table, isThere: false, row: nil), isNew: false)
        }
        guard !hasEntries else { return nil }
        for schema in schemas {
            let table = TableName(schema: schema, name: "schema_migrations")
            if let found = try GolangMigrateLedger.find(table, session) { return Finding(table: found, isNew: true) }
        }
        return nil
    }

    /// The log remembers which table was adopted.
    static func adopted(_ ledger: Ledger, _ session: borrowing Session) throws -> TableName? {
        guard try ledger.exists(session) else { return nil }
        let note = try session.query(
            "SELECT note FROM \(ledger.schema).migration_log WHERE service = $1 AND event = 'adopt' ORDER BY id DESC LIMIT 1",
            [ledger.service]
        ).first?["note"]
        return note.flatMap { TableName(noted: $0) }
    }

    /// The other services that keep the same table in step, and the version that each wants its row to have at least.
    static func sharers(
        of table: TableName,
        _ ledger: Ledger,
        _ session: borrowing Session
    ) throws -> [String: Int] {
        guard try ledger.exists(session) else { return [:] }
        let rows = try session.query(
            """
            SELECT m.service, pg_catalog.max(m.version) AS version FROM \(ledger.schema).migrations m
            WHERE m.service IN (
                    SELECT service FROM (
                        SELECT DISTINCT ON (service) service, note FROM \(ledger.schema).migration_log
                        WHERE event = 'adopt' AND service <> $1 ORDER BY service, id DESC) AS last
                    WHERE note = $2)
                -- Where there are base files golang-migrate reads them, and else the environment's.
                AND (m.layer = '' OR NOT EXISTS (
                    SELECT FROM \(ledger.schema).migrations o WHERE o.service = m.service AND o.layer = ''))
            GROUP BY m.service
            """,
            [ledger.service, table.note]
        )
        return Dictionary(rows.map { ($0.text("service"), $0.int("version")) }, uniquingKeysWith: max)
    }

    /// What the row says is applied: the files of the folder that golang-migrate reads, up to its version.
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
                appliedAt: "",
                appliedBy: "golang-migrate",
                milliseconds: nil,
                order: place,
                requires: []
            )
        }
    }

    /// Why nothing may run before someone has decided.
    static func obstacle(_ state: ServiceState) -> MigrationError? {
        if let dirty = dirt(state) { return dirty }
        guard let sibling = state.sibling else { return nil }
        let expected = state.siblingVersion(applied: state.entries.map(\.version), others: state.sharers)
        // A table that a migration has dropped with its schema says nothing; an empty one says that nothing is applied.
        guard sibling.isThere, sibling.row?.version != expected else { return nil }
        let isElsewhere = sibling.row.map { state.tree.migration($0.version) == nil } ?? false
        return MigrationError(
            .disagreement,
            "golang-migrate's row in \(sibling.table) says "
                + (sibling.row.map { "version \($0.version)" } ?? "none") + ", and the ledger says "
                + (expected.map { "\($0)" } ?? "none"),
            hint: "`granary migrate repair --trust row` takes what golang-migrate has done into the ledger, "
                + "`granary migrate repair --trust ledger` puts its row right"
                + (isElsewhere
                    ? "; where another service shares the table, `granary migrate adopt --table \(sibling.table)` for that one too"
                    : "")
        )
    }

    /// A run of golang-migrate's that broke off.
    static func dirt(_ state: ServiceState) -> MigrationError? {
        guard let sibling = state.sibling else { return nil }
        if let row = sibling.row, row.isDirty {
            return MigrationError(
                .disagreement,
                "golang-migrate's row in \(sibling.table) says version \(row.version), dirty: its run broke off",
                hint: "look at what \(row.version) has done; `granary migrate repair --trust row` takes it as applied, "
                    + "`granary migrate repair --trust ledger` as not applied"
            )
        }
        return nil
    }

    /// Writes the adoption down: a ledger row for each file, and the table's name into the log.
    static func adopt(_ state: ServiceState, _ ledger: Ledger, _ context: RunContext, _ session: inout Session) throws {
        guard let sibling = state.sibling else { return }
        try session.transaction { session in
            for entry in state.entries {
                guard let migration = state.tree.migration(entry.version) else { continue }
                try ledger.addRow(.unverified(migration, service: state.name), milliseconds: nil, context, session)
            }
            var entry = LogEntry(event: "adopt")
            entry.note = sibling.table.note
            try ledger.append(entry, context, session)
        }
    }
}

extension MigrationStep {
    /// A migration that was applied by someone else: nobody knows what its file said then.
    static func unverified(_ migration: Migration, service: String) -> MigrationStep {
        MigrationStep(
            service: service,
            version: migration.version,
            name: migration.name,
            layer: migration.layer,
            direction: .up,
            script: .empty,
            sha256: migration.up?.sha256 ?? "",
            downSHA256: migration.down?.sha256,
            downSQL: migration.down?.text,
            isVerified: false
        )
    }
}
