package import ArgumentParser
internal import Migrations
internal import Project

/// `granary migrate deps`.
package struct MigrateDeps: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "deps",
        abstract: "Draw the dependencies of migrations, with layers, risk and states.",
        discussion: """
            It needs only the files. If a database is given, the state of each migration is shown too. Faults in the \
            files are marked in the drawing; `granary validate` fails on them.

            Example:
              granary migrate deps
              granary migrate deps --root services --format mermaid

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    /// The format of the graph.
    package enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case text, dot, mermaid, json
    }

    @Option(name: .long, help: ArgumentHelp("The output format.", valueName: "text|dot|mermaid|json"))
    package var format = Format.text
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package func run(on console: Console) async throws {
        let services = try common.service.services(variables: console.environment)
        let chosen = try EnvironmentChoice.resolve(
            option: common.database.env,
            from: OptionVariables.used["env"],
            variables: console.environment,
            marker: nil,
            file: services[0].file
        )?.name
        let graph = DependencyGraph(
            services,
            environment: common.database.env == nil ? nil : chosen,
            copy: chosen ?? services[0].file.names.first ?? "development"
        )
        let drawing = DependencyDrawing(graph: graph, states: try await states(on: console))
        if console.settings.isJSON || format == .json {
            return try console.result(DependencyDrawing.result.document(drawing))
        }
        switch format {
        case .dot: try console.result(drawing.dot)
        case .mermaid: try console.result(drawing.mermaid)
        default: try console.result(drawing.text)
        }
    }

    /// The state of each migration, if a database was given.
    private func states(on console: Console) async throws -> [DependencyGraph.Need: String] {
        guard try !common.database.isMissing(on: console, migrations: common.service.migrations) else {
            console.note("no database was given, so states are not shown")
            return [:]
        }
        let session = try await MigrationSession.open(common, writes: false, on: console)
        var states: [DependencyGraph.Need: String] = [:]
        let services: [ServiceState]
        do {
            services = try await session.migrator().status()
        } catch let error as MigrationError {
            console.note("states are not shown: \(error)")
            return [:]
        } catch let error as EnvironmentsError where error.code == .file {
            console.note("states are not shown: \(error)")
            return [:]
        }
        for state in services {
            for standing in state.standings.all {
                states[.init(service: state.name, name: standing.name)] =
                    standing.state.rawValue.replacing("_", with: " ")
            }
        }
        return states
    }
}
