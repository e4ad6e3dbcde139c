package import ArgumentParser
internal import LocalServer

/// `granary server url`.
package struct ServerURL: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "url",
        abstract: "Print the connection URL of this folder's server.",
        discussion: """
            Example:
              psql "$(granary server url)"

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let url = try ServerCommand.existingCluster(nil, on: console).url
        try console.result(.object(["url": .string(url)]), else: [url])
    }
}
