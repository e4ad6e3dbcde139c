internal import ArgumentParser

/// Gives every option a variable: `GRANARY_` and its name in capitals, such as GRANARY_JOBS for `--jobs`.
///
/// The arguments are completed before they are parsed, from what the parser itself knows of the options, so that no
/// option can be forgotten here. An option on the command line wins over its variable.
package struct OptionVariables {
    /// Of these only one can be meant; one on the command line silences the variables of the others.
    private static let contradicting = [["database-url", "local"], ["quiet", "verbose"]]

    /// The variables that gave this run options, by the names of the options.
    @TaskLocal package static var used: [String: String] = [:]

    /// What a person decides about one database is not left in the environment for all of them.
    private static let withoutVariable: Set = ["help", "version", "beside"]

    private let root: CommandTree.Root
    private let variables: [String: String]

    /// - Returns: nil where there is nothing to complete arguments with.
    package init?(of root: CommandTree.Root, variables: [String: String]) {
        self.root = root
        self.variables = variables.filter { $0.key.hasPrefix("GRANARY_") && !$0.value.isEmpty }
        if self.variables.isEmpty { return nil }
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
            guard let name = option.longName, !Self.withoutVariable.contains(name) else { continue }
            let variable = Self.variable(for: name)
            guard let value = variables[variable], !isMeantForAnother(option, value, named: name) else { continue }
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

    /// Two commands may have options of one name that take different words, such as --trust of `restore` and of
    /// `migrate repair`: a word that only the other one takes is not for this one.
    private func isMeantForAnother(_ option: CommandTree.Argument, _ value: String, named name: String) -> Bool {
        !option.takes(value)
            && option.isOneOfFew
            // The description of all commands takes longer to make than most commands run.
            && CommandTree.read(root)?.options(named: name).contains { $0.isOneOfFew && $0.takes(value) } == true
    }

    /// The command that the arguments name, and where its own arguments begin.
    private func leaf(of arguments: [String]) -> (CommandTree, Int)? {
        var command: any ParsableCommand.Type = root
        for (index, argument) in arguments.enumerated() {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == argument }) else {
                return nil
            }
            command = next
            if command.configuration.subcommands.isEmpty { return CommandTree.read(command).map { ($0, index + 1) } }
        }
        return nil
    }
}

extension CommandTree {
    /// Its own and those of all commands below it.
    fileprivate func options(named name: String) -> [Argument] {
        (arguments ?? []).filter { $0.longName == name } + (subcommands ?? []).flatMap { $0.options(named: name) }
    }
}

extension CommandTree.Argument {
    private static let yes = ["1", "true", "yes", "on"]
    private static let no = ["0", "false", "no", "off"]

    fileprivate var isOneOfFew: Bool { kind == "flag" || allValues != nil }

    fileprivate func takes(_ value: String) -> Bool {
        guard kind == "flag" else { return allValues?.contains(value) ?? true }
        return Self.yes.contains(value.lowercased()) || Self.no.contains(value.lowercased())
    }

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
        guard takes(value) else {
            throw CommandError(
                .usage,
                "\(variable) is neither yes nor no",
                hint: "set it to 1 or 0, or unset it"
            )
        }
        return Self.yes.contains(value.lowercased()) ? ["--\(name)"] : []
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
