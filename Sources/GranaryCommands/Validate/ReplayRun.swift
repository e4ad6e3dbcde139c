internal import Archive
internal import Glibc
internal import MigrationChecks
internal import Migrations
internal import PostgresClient
internal import Project
internal import Seeding
internal import Storage

/// The part of `validate` that needs a server: runs migrations up, down and up, and checks seeds against the resulting
/// tables.
struct ReplayRun: Sendable {
    let services: [(service: Service, file: EnvironmentsFile)]
    let environments: [String]
    /// The folder of a service's seeds.
    let seeds: @Sendable (Service) -> String
    let since: Int?
    /// `--scratch-url`.
    let scratchURL: String?
    let postgresBin: String?
    /// The given database, whose server must not be touched.
    let target: ConnectedDatabase?
    let console: Console

    /// Rows for each empty table: enough that one can be lost and another changed.
    private static let rowsToLose = 3

    /// - Throws: `CommandError`, `LocalServerError`, `PostgresError`, `CancellationError`.
    func run() async throws -> ReplayReport {
        try await ScratchServer.with(url: scratchURL, target: target, postgresBin: postgresBin, on: console) { server in
            try await Replay(
                options,
                environments: environments,
                server: server.address,
                keepsRoles: server.isForeign,
                since: since,
                logger: console.logger,
                fill: { try await fill($1, $0) },
                inspect: { try await seedFindings($0, $1) },
                progress: { event in
                    switch event {
                    case .started(let name, let number, let count):
                        console.note("replaying \(number) of \(count): \(name)")
                    }
                }
            ).run()
        }
    }

    private var options: MigratorOptions {
        MigratorOptions(
            services: services.map { MigratorOptions.Folder(service: $0.service, file: $0.file) },
            environment: environments.first ?? "development",
            now: time(nil),
            actor: "validate",
            host: "",
            toolVersion: granaryVersion
        )
    }

    private func fill(_ tables: [String], _ server: ServerAddress) async throws {
        var options = SeedOptions(
            service: "validate",
            schemas: services.flatMap(\.service.schemas),
            rules: EnvironmentPolicy(name: "development"),
            now: time(nil)
        )
        options.generate = (patterns: tables, rows: Self.rowsToLose)
        _ = try await Seeder(options, server: server, logger: console.logger).run()
    }

    private func seedFindings(_ environment: String, _ server: ServerAddress) async throws -> [Finding] {
        var findings: [Finding] = []
        for (service, file) in services {
            var options = SeedOptions(
                service: service.name,
                schemas: service.schemas,
                rules: file.rules(of: environment),
                now: time(nil)
            )
            options.folder = seeds(service)
            guard Files.isFolder(options.folder) else { continue }
            findings += try await Seeder(options, server: server, logger: console.logger).findings()
        }
        return findings
    }
}
