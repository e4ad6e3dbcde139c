internal import Bookkeeping
package import PostgresClient
internal import Project

/// The result of `adopt`.
package struct AdoptionReport: Sendable, Equatable {
    package struct Ledger: Sendable, Equatable {
        package var service: String
        package var table: TableName
        package var tool: String
        /// Whether granary updates the other tool's row from now on.
        package var isKeptInStep: Bool
    }

    package internal(set) var ledgers: [Ledger] = []
    /// The migrations that are now recorded as applied.
    package internal(set) var names: [String] = []
}

extension Migrator {
    /// Records as applied everything that another tool's ledger lists as applied. From then on granary also updates
    /// golang-migrate's row. It does not change the ledger of any other tool, but warns when that ledger changes.
    ///
    /// - Parameter table: The other tool's ledger. If nil, the one in the service's own schema is used, or the one in
    ///   `public` if there is only one service.
    /// - Throws: `MigrationError` if the service already has a ledger, if no such table or more than one is found, or
    ///   if the table lists migrations that are not in the folder; `PostgresError`.
    package func adopt(_ table: TableName?) async throws -> AdoptionReport {
        try await holdingLock(adopting: table) { _, session in
            try options.stateSchema.ensure(&session)
            var report = AdoptionReport()
            for folder in options.services {
                let state = try reader.read(folder, isAsked: true, session)
                guard state.entries.isEmpty || state.isSiblingNew else {
                    throw MigrationError(
                        .policy,
                        "\(state.name) has migrations in its ledger already, up to \(state.standings.version)",
                        hint: "only a service that granary has not migrated before can be adopted"
                    )
                }
                switch try ledger(toAdopt: table, state, folder, session) {
                case .golangMigrate(let sibling):
                    try adopt(sibling, isNamed: table != nil, state, folder, &report, &session)
                case .other(let other):
                    try adopt(other, state, &report, &session)
                }
            }
            return report
        }
    }

    private enum Adoptable {
        case golangMigrate(GolangMigrateLedger)
        case other(OtherLedger)
    }

    private func ledger(
        toAdopt table: TableName?,
        _ state: ServiceState,
        _ folder: MigratorOptions.Folder,
        _ session: borrowing Session
    ) throws -> Adoptable {
        if let table {
            if let sibling = try GolangMigrateLedger.find(table, session) { return .golangMigrate(sibling) }
            return .other(try adoptable(try OtherLedger.find(table, session), named: table))
        }
        if let sibling = state.sibling { return .golangMigrate(sibling) }
        return .other(try onlyLedger(state, folder, session))
    }

    private func adoptable(_ ledger: OtherLedger?, named table: TableName) throws(MigrationError) -> OtherLedger {
        guard let ledger, ledger.purpose == .migrations else {
            throw MigrationError(
                .usage,
                "\(table) is not the ledger of a tool that can be adopted",
                hint:
                    "granary can adopt the ledgers of golang-migrate, goose, dbmate, sql-migrate, Flyway, sqlx and Prisma; "
                    + "name the table with --table schema.table"
            )
        }
        guard ledger.isOfSQLFiles else {
            throw MigrationError(
                .usage,
                "\(table) is the ledger of \(ledger.tool), whose migrations are not files of SQL",
                hint: "write the schema down as the first migration (`granary schema --format sql` prints it), then "
                    + "`granary migrate baseline V` says that it is applied"
            )
        }
        guard ledger.isReadable else {
            throw MigrationError(
                .policy,
                "\(table), the ledger of \(ledger.tool), may not be read",
                hint: "grant SELECT on it to the role that migrates, and remove rules and row security from it"
            )
        }
        return ledger
    }

    /// Finds the ledger when no table is named: the only one in the service's schemas, or in `public` if there is only
    /// one service. Versions cannot tell which service a ledger belongs to, because every service counts from 1. A
    /// ledger of golang-migrate holds only one number, so it is never taken from `public`.
    private func onlyLedger(
        _ state: ServiceState,
        _ folder: MigratorOptions.Folder,
        _ session: borrowing Session
    ) throws -> OtherLedger {
        let taken = try Ledger(service: state.name, options.stateSchema, session).tablesOfOthers(session)
        let all = try OtherLedgers(folder.file, options).unexplained(session).filter { !taken.contains($0.table) }
        let listing = all.filter { $0.isOfSQLFiles && $0.record?.isOneRow != true }
        let own = listing.filter { folder.service.schemas.contains($0.table.schema) }
        let isAlone = options.services.count == 1
        let found = own.isEmpty && isAlone ? listing.filter { $0.table.schema == "public" } : own
        if found.isEmpty, all.count == 1, !all[0].isOfSQLFiles { return try adoptable(all[0], named: all[0].table) }
        guard let ledger = found.first, found.count == 1 else {
            let names = (found.isEmpty ? all : found).map { "\($0.table.spelling) (\($0.tool))" }.joined(
                separator: ", "
            )
            throw MigrationError(
                .usage,
                found.isEmpty
                    ? "\(state.name) has no ledger of another tool in its own schema\(isAlone ? " or in public" : "")"
                    : "there are \(found.count) ledgers: \(names)",
                hint: found.isEmpty && !names.isEmpty
                    ? "there is \(names); name it with --table schema.table"
                    : "name the table with --table schema.table"
            )
        }
        return try adoptable(ledger, named: ledger.table)
    }

    private func adopt(
        _ sibling: GolangMigrateLedger,
        isNamed: Bool,
        _ state: ServiceState,
        _ folder: MigratorOptions.Folder,
        _ report: inout AdoptionReport,
        _ session: inout Session
    ) throws {
        var state = state
        if isNamed {
            state.sibling = sibling
            state.entries = Adoption.entries(sibling.row, state.tree)
            state.isSiblingNew = true
        }
        // The user may name a table that several services share, so its version need not exist in this service's
        // folder.
        if var obstacle = isNamed ? Adoption.dirt(state) : Adoption.obstacle(state) {
            // `repair` works only on golang-migrate's row of the service's own schema.
            if isNamed, let row = sibling.row, !folder.service.schemas.contains(sibling.table.schema) {
                obstacle.hint =
                    "look at what \(row.version) has done, settle it with golang-migrate's `force`, and adopt again"
            }
            throw obstacle
        }
        try Adoption.adopt(state, Ledger(service: state.name, options.stateSchema, session), context, &session)
        report.names += state.entries.map(\.name)
        report.ledgers.append(
            .init(service: state.name, table: sibling.table, tool: "golang-migrate", isKeptInStep: true)
        )
    }

    private func adopt(
        _ other: OtherLedger,
        _ state: ServiceState,
        _ report: inout AdoptionReport,
        _ session: inout Session
    ) throws {
        guard let entries = try other.entries(session) else {
            throw MigrationError(
                .policy,
                "\(other.table) does not have the columns that \(other.adoptedTool) gives its ledger, so it cannot be read",
                hint: "`granary migrate baseline V` records the files up to version V as applied"
            )
        }
        try Adoption.requireClean(entries, other.table, other.adoptedTool)
        let migrations = try LedgerFiles(state.tree).migrations(of: entries, other.table, other.adoptedTool)
        let adopted = AdoptedLedger(table: other.table, tool: other.adoptedTool, entries: entries.map(\.name))
        let ledger = Ledger(service: state.name, options.stateSchema, session)
        try session.transaction { session in
            for migration in migrations { try ledger.addRow(.unverified(migration, by: context), session) }
            try ledger.append(LogEntry("adopt", note: adopted.note, context), session)
        }
        report.names += migrations.map(\.name)
        report.ledgers.append(
            .init(service: state.name, table: other.table, tool: other.adoptedTool, isKeptInStep: false)
        )
    }
}

extension Adoption {
    /// - Throws: `MigrationError` with `.disagreement` if the other tool recorded a failed migration.
    static func requireClean(
        _ entries: [OtherLedger.Entry],
        _ table: TableName,
        _ tool: String
    ) throws(MigrationError) {
        guard let dirty = entries.first(where: \.isDirty) else { return }
        throw MigrationError(
            .disagreement,
            "\(table) (\(tool)) says that \(dirty.name) failed",
            hint: "look at what \(dirty.name) has done, settle it with \(tool), and adopt again"
        )
    }
}

extension OtherLedger {
    /// The name of the tool whose format the adopted ledger has.
    fileprivate var adoptedTool: String { KnownLedgers.adoptedName(of: tool) }
}
