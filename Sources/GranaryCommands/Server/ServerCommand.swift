package import ArgumentParser
internal import LocalServer

/// `granary server`: the private PostgreSQL of this folder.
package struct ServerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Run a private PostgreSQL for this folder.",
        discussion: """
            It listens on a Unix socket that only your account can enter. The commands in this folder use it if no \
            other database is given.

            Example:
              granary server start
              granary server psql -c 'SELECT version()'
              granary server stop
            """,
        subcommands: [
            ServerStart.self, ServerStop.self, ServerStatus.self, ServerURL.self, ServerPsql.self,
        ]
    )

    package init() {}

    static func cluster(_ postgresBin: String?, on console: Console) throws -> LocalCluster {
        try LocalCluster.open(project: ".", postgresBin: postgresBin, logger: console.logger)
    }

    /// The folder's cluster, if it exists. A query must not create it.
    static func existingCluster(_ postgresBin: String?, on console: Console) throws -> LocalCluster {
        guard LocalCluster.exists(project: ".") else {
            throw CommandError(
                .noDatabase,
                "this folder has no local server",
                hint: "`granary server start` creates one"
            )
        }
        return try cluster(postgresBin, on: console)
    }
}
