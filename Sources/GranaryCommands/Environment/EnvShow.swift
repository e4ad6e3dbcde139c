package import ArgumentParser
internal import Environments
internal import PostgresClient

/// `granary env show`, or `granary env` alone.
package struct EnvShow: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the environment, who chose it, and the database's marker.",
        discussion: """
            Example:
              granary env --json

            \(variablesHelp)
            """
    )

    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Which environment") package var environment: EnvironmentOptions
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let file = try EnvironmentsFile.read(migrations: environment.state.folder())
        let explicit = try environment.explicit(file, on: console)
        var report = EnvironmentReport(file: file)
        report.services = try services(file, console)
        do {
            let connected = try await database.connect(on: console, environment: explicit)
            let request = try environment.request(for: connected, file, on: console)
            let situation = try await withSession(connected.address, logger: console.logger) { session in
                try session.pin()
                return try request.look(session)
            }
            report.database = connected.name
            report.host = connected.host
            report.marker = situation.marker
            report.choice = situation.choice
        } catch let error as CommandError where error.code == .noDatabase {
            // Without a database there is still an answer to the question.
            report.choice = try EnvironmentChoice.resolve(
                option: environment.env,
                variables: console.environment,
                file: file
            )
        }
        if console.settings.isJSON { return try console.result(report.document) }
        for line in report.lines { try console.result(line) }
    }

    /// A folder that has no name for a service is no reason to say nothing about the environment.
    private func services(_ file: EnvironmentsFile, _ console: Console) throws -> [Service] {
        do {
            return try service.services(file, migrations: environment.state.path, variables: console.environment)
        } catch let error as EnvironmentsError {
            let isAsked = service.service != nil || service.root != nil
            guard isAsked || error.code != .usage else { return [] }
            throw error
        }
    }
}
