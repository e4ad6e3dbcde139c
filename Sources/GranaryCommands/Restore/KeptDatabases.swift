internal import Databases
internal import PostgresClient

/// `granary restore --kept` and `--drop-kept`: the old databases that restores of a target have kept.
struct KeptDatabases {
    let target: String
    let connected: ConnectedDatabase
    let console: Console

    /// The target may be missing; then another database answers.
    private var address: ServerAddress { connected.through.map { connected.address.database($0) } ?? connected.address }

    func all() async throws -> [KeptDatabase] {
        let target = target
        return try await withSession(address, logger: console.logger) { try KeptDatabase.all(of: target, $0) }
    }

    func list() async throws {
        let kept = try await all()
        if kept.isEmpty, !console.settings.isJSON {
            return console.note("no restore of \(target) has kept an old database")
        }
        try console.result(
            Self.result.document((target, kept)),
            else: Self.database.table(kept, width: StandardOutput.columns)
        )
    }

    /// - Parameters:
    ///   - confirm: The name once more, from the command line.
    ///   - force: Ends the sessions that are connected to it.
    ///   - isPlan: Drop nothing.
    /// - Throws: `CommandError` with `.refused` if no restore of the target has kept it.
    func drop(_ name: String, confirm: String?, force: Bool, isPlan: Bool) async throws {
        let all = try await all()
        guard let kept = all.first(where: { $0.name == name }) else {
            throw CommandError(
                .refused,
                "\(name) is no database that a restore of \(target) has kept, so it was not dropped",
                hint: all.isEmpty
                    ? "no restore of \(target) has kept an old database"
                    : "there are \(all.map(\.name).joined(separator: ", "))"
            )
        }
        console.note(
            "\(isPlan ? "would drop" : "to drop:") \(name) at \(connected.host)\(Self.size(kept).map { " (\($0))" } ?? "")"
        )
        try await Confirmation(database: name, host: connected.host, given: confirm, console: console)
            .settle(isNeeded: !isPlan, isRequired: true)
        if !isPlan { try await kept.drop(force: force, address, logger: console.logger) }
        if console.settings.isJSON { try console.result(Self.dropped.document((target, isPlan ? nil : name))) }
    }

    private static func size(_ kept: KeptDatabase) -> String? { kept.bytes.map(Formatting.bytes) }

    static let result = ResultDescription<(target: String, kept: [KeptDatabase])>([
        .init("database", \.target), .init("kept_databases", each: database, \.kept),
    ])

    static let dropped = ResultDescription<(target: String, dropped: String?)>([
        .init("database", \.target), .init("dropped", \.dropped),
    ])

    private static let database = ResultDescription<KeptDatabase>([
        .init("name", \.name, column: .init("database", \.name)),
        .init("kept_at", \.keptAt, column: .init("kept at", \.keptAt)),
        .init("bytes", \.bytes, column: .init("size", isNumber: true) { size($0) ?? "?" }),
    ])
}

extension KeptDatabase {
    /// The time of the swap, as `2026-11-23T07:15:00Z`.
    fileprivate var keptAt: String {
        guard let match = time.wholeMatch(of: #/(....)(..)(..)T(..)(..)(..)Z/#) else { return time }
        return "\(match.1)-\(match.2)-\(match.3)T\(match.4):\(match.5):\(match.6)Z"
    }
}

extension RestoreCommand {
    /// Lists the kept databases, or drops the one that is named in place of the file.
    func runOnKept(on console: Console) async throws {
        // A variable may be meant for restores.
        let strays = [("in-place", target.inPlace), ("drop-old", target.dropOld)]
        if let stray = strays.first(where: { $0.1 && OptionVariables.used[$0.0] == nil })?.0 {
            throw CommandError(
                .usage,
                "--\(stray) belongs to a restore, and --kept and --drop-kept restore nothing",
                hint: "leave --\(stray) out"
            )
        }
        let connected = try await database.connect(
            on: console,
            mayBeMissing: true,
            maintenance: target.maintenanceDb,
            migrations: migrations
        ).ignoringReadOnlyDefault
        let kept = KeptDatabases(target: target.into ?? connected.name, connected: connected, console: console)
        guard target.dropKept, !file.isEmpty else { return try await kept.list() }
        // The settings of a job are not a decision about this database.
        let confirm = OptionVariables.used["confirm"] == nil ? target.confirm : nil
        try await kept.drop(file, confirm: confirm, force: target.force, isPlan: plan)
    }

    /// The line for a shell that drops the database that this restore has kept.
    func dropLine(for kept: String, of connected: ConnectedDatabase) -> String {
        database.dropLine(
            for: kept,
            of: connected,
            migrations: migrations,
            into: target.into,
            maintenance: target.maintenanceDb
        )
    }
}
