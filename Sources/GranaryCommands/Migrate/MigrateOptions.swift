internal import Archive
package import ArgumentParser
internal import Backup
internal import Bookkeeping
internal import Glibc
internal import Migrations
internal import PostgresClient
internal import Project
internal import SQLText
internal import Storage

/// Options of all subcommands of `migrate`.
package struct MigrateOptions: ParsableArguments {
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}
}

/// Options of runs that change something.
package struct MigrateManner: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("lock_timeout of each attempt.", valueName: "time"))
    package var lockTimeout = DurationArgument(.seconds(3))

    @Option(name: .long, help: ArgumentHelp("Give up on locks after this time.", valueName: "time"))
    package var lockBudget = DurationArgument(.seconds(60))

    @Option(
        name: .long,
        help: ArgumentHelp("The folder for backups that are made first.", valueName: "folder"),
        completion: .directory
    )
    package var backups: String?

    @OptionGroup(title: "Into a bucket") package var upload: UploadOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions

    @Option(
        name: .long,
        help: ArgumentHelp("Run outside the maintenance window; the log keeps the reason.", valueName: "why")
    )
    package var overrideWindow: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Refuse unless this is the database.", valueName: "database")
    )
    package var confirm: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Confirm reverting this version.", valueName: "version"),
        completion: .migration
    )
    package var confirmVersion: String?

    @Flag(name: .long, help: "Also apply migrations with a lower number than an applied one.")
    package var allowOutOfOrder = false

    package init() {}

    package mutating func validate() throws {
        if overrideWindow?.isEmpty == true { throw ValidationError("--override-window needs a reason") }
        if confirm?.isEmpty == true { throw ValidationError("--confirm is empty") }
        if let confirmVersion, Migration.version(spelled: confirmVersion) == nil {
            throw ValidationError("--confirm-version takes the number of a migration, not \(confirmVersion)")
        }
    }

    /// The version whose reverting is confirmed. `--confirm` may also name it, where migrations are reverted: that was
    /// its meaning once.
    ///
    /// - Throws: `CommandError` with `.refused` if `--confirm` names another database.
    func confirmedVersion(in database: ConnectedDatabase, mayRevert: Bool) throws -> Int? {
        let named = confirmVersion.flatMap { Migration.version(spelled: $0) }
        guard let confirm, confirm != database.name else { return named }
        if mayRevert, let version = Migration.version(spelled: confirm), named == nil || named == version {
            return version
        }
        throw CommandError(
            .refused,
            "--confirm names \(confirm), but the target is \(database.name) at \(database.host)",
            hint: "nothing was changed; check which database the command works on"
        )
    }
}

/// A migrator connected to a database.
struct MigrationSession {
    let connected: ConnectedDatabase
    var options: MigratorOptions
    let console: Console
    let manner: MigrateManner?
    let postgresBin: String?
    let undo: UndoCommands

    /// - Parameter writes: Whether the guard must permit writing.
    static func open(
        _ options: MigrateOptions,
        manner: MigrateManner? = nil,
        mayRevert: Bool = false,
        writes: Bool,
        on console: Console
    ) async throws -> MigrationSession {
        let services = try options.service.services(variables: console.environment)
        let folder = services[0].service.folder
        let connected = try await options.database.connect(on: console, migrations: folder)
        let confirmed = try manner?.confirmedVersion(in: connected, mayRevert: mayRevert)
        let gate = Gate(database: connected, schema: options.service.state.schema, console: console)
        let environment: String
        var policy: MarkerPolicy?
        if writes {
            (environment, policy) = try await gate.admit()
        } else {
            let situation = try await gate.situation()
            if let name = situation.choice?.name {
                environment = name
            } else {
                // Reading is harmless; it shows the state for development.
                environment = "development"
                console.note("no environment was given and the database is not marked: development is assumed")
            }
        }
        var migrator = MigratorOptions(
            services: services.map {
                MigratorOptions.Folder(service: $0.service, file: $0.file.with(policy, of: environment))
            },
            environment: environment,
            now: time(nil),
            actor: Operator.account(console.environment),
            host: Operator.host,
            toolVersion: granaryVersion
        )
        migrator.stateSchema = options.service.state.schema
        if let manner {
            migrator.allowsOutOfOrder = manner.allowOutOfOrder
            migrator.windowOverride = manner.overrideWindow
            migrator.confirmed = confirmed
            migrator.patience = LockPatience(
                lockTimeout: manner.lockTimeout.duration,
                budget: manner.lockBudget.duration
            )
        }
        return MigrationSession(
            connected: connected,
            options: migrator,
            console: console,
            manner: manner,
            postgresBin: options.database.programs.postgresBin,
            undo: UndoCommands(options, manner, services.map(\.service), connected)
        )
    }

    func migrator() -> Migrator {
        let renderer = MigrationLines(console: console, undo: undo)
        return Migrator(
            options,
            server: connected.address,
            logger: console.logger,
            backUp: backUp,
            progress: { renderer.receive($0) }
        )
    }

    private func backUp(_ tables: [RelationName], _ schemas: [String]) async throws -> String {
        let files = options.services.map(\.file) + [connected.environments]
        for file in files { try file.requireRulesInPlace([.encrypted, .recipients], of: options.environment) }
        return try await SafetyBackup(
            server: connected.address,
            database: connected.name,
            folder: manner?.backups,
            migrations: options.services[0].service.folder,
            postgresBin: postgresBin,
            environment: options.environment,
            stateSchema: options.stateSchema.name,
            services: Dictionary(
                options.services.map { ($0.service.name, $0.service.schemas) },
                uniquingKeysWith: { one, _ in one }
            ),
            audience: EncryptionPolicy(files.map { $0.rules(of: options.environment) }).audience(on: console),
            console: console,
            stores: manner?.store.stores(on: console) ?? ObjectStores.none,
            upload: manner?.upload ?? UploadOptions()
        ).take(
            tables: tables.map { table in
                table.schema.map { TableName(schema: $0, name: table.name).spelling } ?? table.name
            },
            schemas: schemas
        ).file
    }
}
