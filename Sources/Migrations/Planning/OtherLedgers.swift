internal import Bookkeeping
internal import PostgresClient
internal import Project
internal import SQLText

/// Other tools' ledgers, before the first migration of a service: where one lists what may be this service's files, nothing
/// runs until somebody says whose it is.
struct OtherLedgers {
    private let file: EnvironmentsFile
    private let options: MigratorOptions

    init(_ file: EnvironmentsFile, _ options: MigratorOptions) {
        self.file = file
        self.options = options
    }

    /// Those that record something and are not known to be another service's.
    func unexplained(_ session: borrowing Session) throws -> [OtherLedger] {
        let explained = try explained(session)
        return try OtherLedger.recording(session).filter { !explained.contains($0.table) }
    }

    /// Those that belong to other services: as the database remembers, as `environments.json` declares, as this run says.
    func explained(_ session: borrowing Session) throws -> Set<TableName> {
        let remembered = try options.stateSchema.tablesBeside(session)
        let named = file.beside + options.beside
        guard !named.isEmpty else { return remembered }
        let known = try OtherLedger.all(session).map(\.table)
        return remembered.union(named.flatMap { TableName.named($0, in: known) { $0 } })
    }

    /// The tables that a run names, each of which must be a ledger.
    ///
    /// - Throws: `MigrationError` with `.usage`.
    static func named(_ names: [String], _ session: borrowing Session) throws -> [TableName] {
        let known = try OtherLedger.all(session).filter { $0.purpose == .migrations }.map(\.table)
        return try names.map { name in
            let found = TableName.named(name, in: known) { $0 }
            guard let table = found.first, found.count == 1 else {
                let list = known.map(\.spelling).joined(separator: ", ")
                throw MigrationError(
                    .usage,
                    found.isEmpty
                        ? "\(name) is no ledger of another tool" : "\(name) may be any of \(found.count) ledgers",
                    hint: known.isEmpty
                        ? "there is none in this database; leave out --beside" : "--beside takes one of \(list)"
                )
            }
            return table
        }
    }

    /// Remembers, for all services, that migrations run beside these tables.
    static func remember(
        _ tables: [TableName],
        _ options: MigratorOptions,
        _ context: RunContext,
        _ session: borrowing Session
    )
        throws
    {
        let remembered = try options.stateSchema.tablesBeside(session)
        let log = MigrationLog(options.stateSchema, session)
        for table in tables where !remembered.contains(table) {
            try log.append(LogEntry(LogEntry.besideEvent, note: table.note, context), service: "", session)
        }
    }
}

extension ServiceState {
    /// The ledgers that keep the service from its first migration.
    func blockingLedgers(_ service: Service, currentSchema: String?) -> [OtherLedger] {
        guard !otherLedgers.isEmpty else { return [] }
        let schemas = schemasTouched(currentSchema: currentSchema).union(service.schemas + ["public"])
        return otherLedgers.filter { schemas.contains($0.table.schema) }
    }

    /// The schemas of what the pending files touch.
    private func schemasTouched(currentSchema: String?) -> Set<String> {
        var schemas: Set<String> = []
        for standing in standings.all where !standing.isApplied {
            guard let text = standing.migration?.up?.text, let script = try? SQLScript(splitting: text) else {
                continue
            }
            let effects = ScriptEffects(of: script)
            for touch in effects.touches {
                if touch.kind == .schema { schemas.insert(touch.name) }
                if let schema = touch.schema ?? currentSchema { schemas.insert(schema) }
            }
            for setting in effects.statements.flatMap(\.settings) where setting.name == "search_path" {
                // A list of names, as it is written.
                let names = (setting.value ?? "").split { ", '\"".contains($0) }
                schemas.formUnion(names.map(String.init))
            }
        }
        return schemas
    }

    /// Why nothing may run before somebody has said whose a ledger is.
    func obstacle(of ledgers: [OtherLedger]) -> MigrationError? {
        guard let first = ledgers.first else { return nil }
        let others = ledgers.dropFirst().map { ", and \($0.sentence)" }.joined()
        let table = QuotedText.shellWord(first.table.spelling)
        let takeOver: String
        if first.isOfSQLFiles, first.record != nil {
            takeOver = "`granary migrate adopt --table \(table)` takes over what it says"
        } else if let version = baseline(after: first) {
            takeOver = "`granary migrate baseline \(version)` takes the files up to there as applied"
        } else {
            takeOver = "`granary migrate baseline V` takes the files up to version V as applied"
        }
        return MigrationError(
            .disagreement,
            "\(first.sentence)\(others), and the ledger has no migration of \(name), so every file would run again",
            hint:
                "\(takeOver); if the table belongs to another service, `granary migrate up --beside \(table)` goes ahead, "
                + "and the database remembers it"
        )
    }

    /// The last of the files that a ledger lists by its number.
    private func baseline(after ledger: OtherLedger) -> String? {
        guard let last = ledger.record?.last.flatMap({ Migration.version(spelled: $0) }),
            tree.migration(last) != nil
        else { return nil }
        return tree.migration(last)?.digits
    }

    /// One note on ledgers elsewhere.
    func note(on ledgers: [OtherLedger]) -> String? {
        guard !ledgers.isEmpty else { return nil }
        return "another tool migrates this database too: \(ledgers.map(\.sentence).joined(separator: "; "))"
    }
}
