package import ArgumentParser
internal import FoundationEssentials

/// All commands and their options, as the parser describes them.
///
/// Everything about all commands is derived from this (variables, manual pages, suggestions), so no command and no
/// option can be forgotten.
package struct CommandTree: Decodable {
    package var commandName: String
    package var abstract: String?
    package var discussion: String?
    package var shouldDisplay: Bool?
    package var subcommands: [CommandTree]?
    package var arguments: [Argument]?

    package struct Argument: Decodable, Equatable {
        package struct Name: Decodable, Equatable {
            package var kind: String
            package var name: String
        }

        /// `positional`, `option` or `flag`.
        package var kind: String
        package var isOptional: Bool
        package var isRepeating: Bool
        package var shouldDisplay: Bool
        package var names: [Name]?
        package var valueName: String?
        package var defaultValue: String?
        package var allValues: [String]?
        package var abstract: String?
        package var sectionTitle: String?

        package var longName: String? { longNames.first }
        /// One option may have several, such as `--plan` and `--dry-run`.
        package var longNames: [String] { names?.filter { $0.kind == "long" }.map(\.name) ?? [] }
    }

    /// The subcommands, except those that are hidden or need no explanation.
    package var children: [CommandTree] {
        (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
    }

    package typealias Root = any (AsyncParsableCommand & SendableMetatype).Type

    /// The root command, while a command runs.
    @TaskLocal package static var root: Root?

    /// A command and its subcommands.
    ///
    /// - Returns: nil if the parser's description has an unknown form.
    package static func read(_ command: any ParsableCommand.Type) -> CommandTree? {
        struct Tool: Decodable { var command: CommandTree }
        return try? JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8)).command
    }
}
