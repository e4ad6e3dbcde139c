package import ArgumentParser
internal import Bookkeeping
internal import Migrations
internal import Project

/// `granary migrate renumber`.
package struct MigrateRenumber: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "renumber",
        abstract: "Give a migration another number: its files, both JSON files and its page, together.",
        discussion: """
            Without a number, all migrations that are not on the branch --base and whose number is taken there, or \
            lower than the highest there, get the next free numbers. A migration that the database has applied keeps \
            its number.

            Example:
              granary migrate renumber
              granary migrate renumber --base origin/main --plan
              granary migrate renumber 000007 000012
              granary migrate renumber 000007_add_phone

            \(variablesHelp)
            """
    )

    @Argument(help: "The migration, by its number or name.") package var from: String?
    @Argument(help: "Its new number; else the next free one.") package var to: String?
    @Option(name: .long, help: ArgumentHelp("The branch or commit whose numbers count.", valueName: "ref"))
    package var base: String?
    @Flag(name: .plan, help: "Show what would be moved and edited, and change nothing.") package var plan = false
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { !plan }
    package init() {}

    package mutating func validate() throws {
        if let from { _ = try MigrateGoto.number(from) }
        if let to, Int(to).map({ $0 > 0 }) != true { throw ValidationError("\(to) is not the number of a migration") }
        // A variable may be meant for `granary validate`.
        if from != nil, base != nil, OptionVariables.used["base"] == nil {
            throw ValidationError("--base finds the migrations itself; omit the number")
        }
    }

    package func run(on console: Console) async throws {
        let services = try common.service.services(variables: console.environment)
        var done: [JSONDocument] = []
        let chosen = try chosen(services)
        // Locks the folders of all files that are read and edited, including those of other services.
        let folders = services.map(\.service.folder) + services.compactMap(\.file.folder)
        let lock = try FolderLock.take(folders)
        defer { withExtendedLifetime(lock) {} }
        for (service, file) in chosen {
            let all = try Migration.all(in: service.folder, file)
            let moves = try await moves(all, service, file)
            guard !moves.isEmpty else { continue }
            try await requireUnapplied(moves, service, on: console)
            let renumbering = try Renumbering(moves, of: service, all: all, others: services.map(\.service.folder))
            if !plan { try renumbering.make() }
            done.append(try tell(renumbering, on: console))
        }
        if console.settings.isJSON { return try console.result(.object(["services": .array(done)])) }
        if done.isEmpty { console.note("no migration needs another number") }
    }

    /// The migrations to renumber. A number alone may exist in only one service.
    private func chosen(
        _ services: [(service: Service, file: EnvironmentsFile)]
    ) throws -> [(service: Service, file: EnvironmentsFile)] {
        let chosen = services.filter { common.service.service == nil || $0.service.name == common.service.service }
        guard chosen.isEmpty || (from != nil && chosen.count > 1) else { return chosen }
        throw CommandError(
            .usage,
            "the migration is of one service",
            hint: "add --service, with one of \(services.map(\.service.name).joined(separator: ", "))"
        )
    }

    private func moves(
        _ all: [Migration],
        _ service: Service,
        _ file: EnvironmentsFile
    ) async throws -> [Renumbering.Move] {
        guard let from else {
            let tree = try await GitTree.read(base ?? "origin/main", folder: service.folder)
            return Renumbering.moves(of: all, against: tree, layers: file.folders.merging(["": ""]) { one, _ in one })
        }
        let version = try MigrateGoto.number(from)
        let found = all.filter { migration in
            migration.version == version && (!from.contains("_") || migration.name == from)
                && (common.database.env == nil || migration.layer.isEmpty || migration.layer == common.database.env)
        }
        guard let migration = found.first else {
            throw MigrationError(
                .usage,
                "there is no migration \(from) in \(service.folder)",
                hint: "`granary migrate deps` lists the migrations"
            )
        }
        guard found.count == 1 else {
            let names = found.map { $0.layer.isEmpty ? $0.name : "\($0.layer)/\($0.name)" }.joined(separator: ", ")
            throw MigrationError(
                .usage,
                "\(from) may be \(names)",
                hint: "write the whole name, and --env for the folder of an environment"
            )
        }
        return [.init(from: migration, to: to.flatMap { Int($0) } ?? (all.map(\.version).max() ?? 0) + 1)]
    }

    /// A migration in a ledger must keep its number.
    private func requireUnapplied(
        _ moves: [Renumbering.Move],
        _ service: Service,
        on console: Console
    ) async throws {
        guard try !common.database.isMissing(on: console, migrations: service.folder) else {
            return console.note("no database was given, so it is not known whether these migrations are applied")
        }
        let session = try await MigrationSession.open(common, writes: false, on: console)
        for state in try await session.migrator().status() where state.name == service.name {
            for move in moves {
                try requireWhole(move, state, session)
                let entry = state.entries.first { entry in
                    entry.version == move.from.version
                        && (entry.name == move.from.name || entry.upSHA256 == move.from.up?.sha256)
                }
                guard let entry else { continue }
                throw MigrationError(
                    .policy,
                    "\(entry.name) is applied in \(session.connected.name), whose ledger contains this number",
                    hint: "revert it there first, or give the other migration of this number another one"
                )
            }
        }
    }

    /// An interrupted migration may be half applied in the database, and the log refers to it by number.
    private func requireWhole(_ move: Renumbering.Move, _ state: ServiceState, _ session: MigrationSession) throws {
        let half = state.standings.all.first { standing in
            standing.version == move.from.version && standing.name == move.from.name
                && standing.unfinished?.leavesSomething == true
        }
        guard let half else { return }
        throw MigrationError(
            .policy,
            "\(half.name) is half applied in \(session.connected.name), whose log contains this number",
            hint: "`granary migrate repair` continues it"
        )
    }

    private func tell(_ renumbering: Renumbering, on console: Console) throws -> JSONDocument {
        for note in renumbering.notes { console.note(note) }
        if !console.settings.isJSON {
            for (from, to) in renumbering.moved {
                try console.result("\(plan ? "would move" : "moved") \(from) to \(to.split(separator: "/").last ?? "")")
            }
            for path in renumbering.edited { try console.result("\(plan ? "would edit" : "edited") \(path)") }
        }
        return Self.result.document((renumbering, plan))
    }

    static let result = ResultDescription<(renumbering: Renumbering, isPlan: Bool)>([
        .init("migrations", each: move, \.renumbering.moves), .init("moved", each: moved, \.renumbering.moved),
        .init("edited", \.renumbering.edited), .init("notes", \.renumbering.notes), .init("planned", \.isPlan),
    ])

    private static let move = ResultDescription<Renumbering.Move>([
        .init("name", \.from.name), .init("renamed", \.name), .init("version", \.to),
    ])

    private static let moved = ResultDescription<(from: String, to: String)>([
        .init("from", \.from), .init("to", \.to),
    ])
}
