package import ArgumentParser
internal import LocalServer

/// `granary server stop`.
package struct ServerStop: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop the server of this folder; its data stay.",
        discussion: """
            Example:
              granary server stop

            \(variablesHelp)
            """
    )

    @OptionGroup package var programs: ProgramOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { speech.json }
    package init() {}

    package func run(on console: Console) async throws {
        let stopped =
            LocalCluster.exists(project: ".")
            ? try await ServerCommand.cluster(programs.postgresBin, on: console).stop() : false
        console.note(stopped ? "the local server was stopped" : "the local server was not running")
        if console.settings.isJSON { try console.result(.object(["stopped": .bool(stopped)])) }
    }
}
