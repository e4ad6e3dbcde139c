/// Gives every option a variable: `GRANARY_` and its name in capitals, such as GRANARY_JOBS for `--jobs`.
///
/// The arguments are completed before they are parsed, from what the parser itself knows of the options, so that no
/// option can be forgotten here. An option on the command line wins over its variable.
package struct OptionVariables {
    /// Of these only one can be meant; one on the command line silences the variables of the others.
    private static let contradicting = [["database-url", "local"], ["quiet", "verbose"]]

    private let root: CommandTree
    private let variables: [String: String]

    /// - Parameter help: What `ParsableCommand._dumpHelp()` says of the root command; asked only if it is needed.
    package init?(variables: [String: String], help: () -> String) {
        let ours = variables.filter { $0.key.hasPrefix("GRANARY_") && !$0.value.isEmpty }
        guard !ours.isEmpty, let root = CommandTree.decoded(help()) else { return nil }
        self.root = root
        self.variables = ours
    }

    /// What the variables added, and the arguments with it.
    package struct Completed: Equatable {
        package var arguments: [String]
        /// The variables that were used, by the names of their options.
        package var used: [String: String]
    }

    /// - Throws: `CommandError` with `.usage` for a flag's variable that is neither yes nor no.
    package func complete(_ arguments: [String]) throws -> Completed {
        guard let (command, place) = leaf(of: arguments) else { return Completed(arguments: arguments, used: [:]) }
        let given = arguments[place...].prefix { $0 != "--" }
        var added: [String] = []
        var used: [String: String] = [:]
        for option in command.arguments ?? [] {
            guard let name = option.longName, !["help", "version"].contains(name) else { continue }
            let variable = Self.variable(for: name)
            guard let value = variables[variable] else { continue }
            let rivals = Self.contradicting.first { $0.contains(name) } ?? [name]
            let isGiven = command.arguments?.contains { other in
                rivals.contains(other.longName ?? "") && given.contains { other.isNamed(by: $0) }
            }
            if isGiven == true { continue }
            added += try option.words(name: name, value: value, variable: variable)
            used[name] = variable
        }
        return Completed(arguments: arguments[..<place] + added + arguments[place...], used: used)
    }

    package static func variable(for option: String) -> String {
        "GRANARY_" + option.uppercased().replacing("-", with: "_")
    }

    /// The command that the arguments name, and where its own arguments begin.
    private func leaf(of arguments: [String]) -> (CommandTree, Int)? {
        var command = root
        for (index, argument) in arguments.enumerated() {
            guard let next = command.child(argument) else { return nil }
            if next.commandName == "help" { return nil }
            command = next
            if (command.subcommands ?? []).isEmpty { return (command, index + 1) }
        }
        return nil
    }
}

extension CommandTree.Argument {
    /// `--name`, `--name=…`, `-n`, and `-n` among other letters.
    fileprivate func isNamed(by argument: String) -> Bool {
        names?.contains { name in
            switch name.kind {
            case "long": argument == "--\(name.name)" || argument.hasPrefix("--\(name.name)=")
            case "short":
                argument.hasPrefix("-") && !argument.hasPrefix("--") && argument.dropFirst().contains(name.name)
            default: false
            }
        } ?? false
    }

    fileprivate func words(name: String, value: String, variable: String) throws -> [String] {
        guard kind == "flag" else {
            let values = isRepeating ? value.split(separator: ",").map { $0.trimmed } : [value]
            return values.filter { !$0.isEmpty }.map { "--\(name)=\($0)" }
        }
        switch value.lowercased() {
        case "1", "true", "yes", "on": return ["--\(name)"]
        case "0", "false", "no", "off": return []
        default:
            throw CommandError(
                .usage,
                "\(variable) is neither yes nor no",
                hint: "set it to 1 or 0, or unset it"
            )
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
