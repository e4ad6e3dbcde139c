package import ArgumentParser
internal import LocalServer

/// `granary server psql`.
package struct ServerPsql: GranaryCommand {
    package static let configuration = CommandConfiguration(
        commandName: "psql",
        abstract: "Run psql on this folder's server; start the server if necessary.",
        discussion: """
            All arguments after psql go to psql.

            Example:
              granary server psql -c 'TABLE orders'
            """
    )

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Arguments of psql.", valueName: "argument"))
    package var arguments: [String] = []

    /// psql receives the terminal and its signals directly.
    package static var watchesSignals: Bool { false }

    /// All arguments belong to psql, so there are no output options.
    package var settings: Console.Settings { Console.Settings() }

    package init() {}

    package func run(on console: Console) async throws {
        let cluster = try ServerCommand.existingCluster(postgresBin(console), on: console)
        try await cluster.start()
        try await cluster.replaceProcessByPsql(arguments)
    }

    /// `--postgres-bin` would go to psql here, so only the variable is read.
    private func postgresBin(_ console: Console) -> String? {
        console.environment["GRANARY_POSTGRES_BIN"].flatMap { $0.isEmpty ? nil : $0 }
    }
}
