package import ArgumentParser
internal import LocalServer

/// `granary server start`.
package struct ServerStart: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start the server of this folder, and create it if it does not exist; print its URL.",
        discussion: """
            Example:
              export DATABASE_URL=$(granary server start)

            \(variablesHelp)
            """
    )

    @OptionGroup package var programs: ProgramOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        let cluster = try ServerCommand.cluster(programs.postgresBin, on: console)
        let start = try await cluster.start()
        console.note(
            start.made
                ? "the local server was created and started; its data is in \(cluster.dataFolder)"
                : start.started ? "the local server was started" : "the local server is already running"
        )
        try console.result(
            .object(["url": .string(start.url), "made": .bool(start.made), "started": .bool(start.started)]),
            else: [start.url]
        )
    }
}
