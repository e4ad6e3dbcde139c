internal import Glibc
internal import MigrationChecks
internal import PostgresClient
internal import Project
internal import Seeding

extension ValidateCommand {
    /// Contradictions between seeds and the tables of the given database.
    func seedFindings(
        _ folders: [Validator.Folder],
        _ connected: ConnectedDatabase,
        _ console: Console
    ) async throws -> [Finding] {
        let gate = Gate(database: connected, schema: service.state.schema, console: console)
        let environment = try await gate.situation().choice?.name ?? "development"
        var findings: [Finding] = []
        for folder in folders {
            let seeds = service.seeds(of: folder.service, folder: self.seeds)
            guard SeedFolder(seeds).exists else { continue }
            var options = SeedOptions(
                service: folder.service.name,
                schemas: folder.service.schemas,
                rules: folder.declared.environments.rules(of: environment),
                now: time(nil)
            )
            options.folder = seeds
            options.stateSchema = service.state.stateSchema
            let seeder = Seeder(options, server: connected.address, logger: console.logger)
            findings += try await seeder.findings()
        }
        return findings
    }
}
