package import ArgumentParser

/// `granary env`.
package struct EnvCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Tell which environment is meant, or mark a database with one.",
        discussion: """
            A database carries the name of its environment. Commands that write go on only where it is the chosen one; \
            a database without a marker, or a copy of a marked one, is only read.

            Examples:
              granary env
              granary env mark staging
            """,
        subcommands: [EnvShow.self, EnvMark.self],
        defaultSubcommand: EnvShow.self
    )

    package init() {}
}
