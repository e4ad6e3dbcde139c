internal import Bookkeeping
internal import PostgresClient
internal import Project
internal import SQLText

/// Checks for ledgers of other tools before the first migration of a service. If one of them may list this service's
/// files, nothing runs until the user has said which service it belongs to.
struct OtherLedgers {
    private let file: EnvironmentsFile
    private let options: MigratorOptions

    init(_ file: EnvironmentsFile, _ options: MigratorOptions) {
        self.file = file
        self.options = options
    }

    /// Ledgers that have entries and are not known to belong to another service.
    func unexplained(_ session: borrowing Session) throws -> [OtherLedger] {
        let explained = try explained(session)
        return try OtherLedger.recording(session).filter { !explained.contains($0.table) }
    }

    /// Ledgers that belong to other services, according to the database's log, `environments.json`, or the options of
    /// this run.
    func explained(_ session: borrowing Session) throws -> Set<TableName> {
        let remembered = try options.stateSchema.tablesBeside(session)
        let named = file.beside + options.beside
        guard !named.isEmpty else { return remembered }
        let known = try OtherLedger.all(session).map(\.table)
        return remembered.union(named.flatMap { TableName.named($0, in: known) { $0 } })
    }

    /// The tables named by the options of a run. Each must be a ledger.
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
                        ? "\(name) is not the ledger of another tool" : "\(name) matches \(found.count) ledgers",
                    hint: known.isEmpty
                        ? "this database has none; omit --beside" : "--beside takes one of \(list)"
                )
            }
            return table
        }
    }

    /// Records in the log, for all services, that these tables belong to other services.
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
    /// The ledgers that block the first migration of the service.
    func blockingLedgers(_ service: Service, currentSchema: String?) -> [OtherLedger] {
        guard !otherLedgers.isEmpty else { return [] }
        let schemas = schemasTouched(currentSchema: currentSchema).union(service.schemas + ["public"])
        return otherLedgers.filter { schemas.contains($0.table.schema) }
    }

    /// The schemas that the pending files touch.
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
                // The value is a list of names, as written in the file.
                let names = (setting.value ?? "").split { ", '\"".contains($0) }
                schemas.formUnion(names.map(String.init))
            }
        }
        return schemas
    }

    /// The reason why nothing may run until the user has said which service a ledger belongs to.
    func obstacle(of ledgers: [OtherLedger]) -> MigrationError? {
        guard let first = ledgers.first else { return nil }
        let others = ledgers.dropFirst().map { ", and \($0.sentence)" }.joined()
        let table = QuotedText.shellWord(first.table.spelling)
        let takeOver: String
        if first.isOfSQLFiles, first.record != nil {
            takeOver = "`granary migrate adopt --table \(table)` records its migrations as applied"
        } else if let version = baseline(after: first) {
            takeOver = "`granary migrate baseline \(version)` records the files up to there as applied"
        } else {
            takeOver = "`granary migrate baseline V` records the files up to version V as applied"
        }
        return MigrationError(
            .disagreement,
            "\(first.sentence)\(others), and the ledger has no migration of \(name), so every file would run again",
            hint:
                "\(takeOver); if the table belongs to another service, `granary migrate up --beside \(table)` ignores it, "
                + "also in later runs"
        )
    }

    /// The number of the last entry of a ledger, if a file of this service has the same number.
    private func baseline(after ledger: OtherLedger) -> String? {
        guard let last = ledger.record?.last.flatMap({ Migration.version(spelled: $0) }),
            tree.migration(last) != nil
        else { return nil }
        return tree.migration(last)?.digits
    }

    /// A note that names ledgers in other schemas.
    func note(on ledgers: [OtherLedger]) -> String? {
        guard !ledgers.isEmpty else { return nil }
        return "another tool migrates this database too: \(ledgers.map(\.sentence).joined(separator: "; "))"
    }
}
