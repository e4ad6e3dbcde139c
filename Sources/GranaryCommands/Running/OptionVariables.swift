internal import ArgumentParser

/// Gives every option a variable: `GRANARY_` and its name in upper case, such as GRANARY_JOBS for `--jobs`.
///
/// Arguments are added before parsing, from the parser's own description of the options, so no option can be forgotten.
/// An option on the command line takes precedence over its variable.
package struct OptionVariables {
    /// Groups of options that exclude each other. One on the command line disables the variables of the others.
    private static let contradicting = [
        ["database-url", "local"], ["server", "local"], ["quiet", "verbose"], ["offline", "scratch-url"],
        ["generate", "common"], ["grant", "schema"], ["all-databases", "service"], ["all-databases", "schema"],
        ["all-databases", "table"],
    ]

    /// Such groups for commands that only read. One that empties tables should not choose between them.
    private static let contradictingInReading = [["all", "schema"]]

    /// Options that change nothing unless the other one is given. Where a command knows the other one and lacks it, the
    /// variable is meant for another form of the command, or for another command.
    ///
    /// A variable that would change what is written or deleted, such as GRANARY_IF_EMPTY, is refused like its option.
    private static let belonging = [
        "exclude-database": "all-databases", "digests": "since", "rows": "generate", "strict": "generate",
        "write": "generate", "output": "generate", "keep-last": "prune", "keep-hourly": "prune", "keep-daily": "prune",
        "keep-weekly": "prune", "keep-monthly": "prune", "keep-yearly": "prune", "keep-within": "prune",
    ]

    /// The variables that gave options to this run, by the names of the options.
    @TaskLocal package static var used: [String: String] = [:]

    /// Decisions about one database must not be made by a variable that applies to all.
    private static let withoutVariable: Set = ["help", "version", "beside", "kept", "drop-kept"]

    /// Two names of one option. A command that changes something and lacks it must not run as if nothing were set.
    private static let changingNothing = ["dry-run", "plan"]

    private let root: CommandTree.Root
    private let variables: [String: String]

    /// - Returns: nil if the parser's description has an unknown form.
    package init?(of root: CommandTree.Root, variables: [String: String]) {
        self.root = root
        self.variables = variables.filter { $0.key.hasPrefix("GRANARY_") && !$0.value.isEmpty }
        if self.variables.isEmpty { return nil }
    }

    /// The options that variables added, and the complete arguments.
    package struct Completed: Equatable {
        package var arguments: [String]
        /// The variables that were used, by the names of their options.
        package var used: [String: String]
    }

    /// - Throws: `CommandError` with `.usage` if the variable of a flag is neither yes nor no, and with `.refused` if
    ///   one asks for a plan and the command has none.
    package func complete(_ arguments: [String]) throws -> Completed {
        guard let (type, place) = leaf(of: arguments), let command = CommandTree.read(type) else {
            return Completed(arguments: arguments, used: [:])
        }
        try requirePlan(of: type, command, arguments, place)
        let given = arguments[place...].prefix { $0 != "--" }
        func isGiven(_ names: [String]) -> Bool {
            command.arguments?.contains { option in
                option.longNames.contains(where: names.contains) && given.contains { option.isNamed(by: $0) }
            } ?? false
        }
        var contradicting = Self.contradicting
        if (type as? any GranaryCommand.Type)?.onlyReads == true { contradicting += Self.contradictingInReading }
        var added: [(option: String, words: [String])] = []
        var used: [String: String] = [:]
        for option in command.arguments ?? [] {
            for name in option.longNames where !Self.withoutVariable.contains(name) {
                let variable = Self.variable(for: name)
                guard let value = variables[variable], !isMeantForAnother(option, value, named: name) else { continue }
                if isGiven(contradicting.filter { $0.contains(name) }.flatMap(\.self) + [name]) { continue }
                added.append((name, try option.words(name: name, value: value, variable: variable)))
                used[name] = variable
            }
        }
        let switchedOn = Set(added.filter { !$0.words.isEmpty }.map(\.option))
        for (option, owner) in Self.belonging
        where command.arguments?.contains(where: { $0.longNames.contains(owner) }) == true && !isGiven([owner])
            && !switchedOn.contains(owner)
        {
            added.removeAll { $0.option == option }
            used[option] = nil
        }
        return Completed(arguments: arguments[..<place] + added.flatMap(\.words) + arguments[place...], used: used)
    }

    package static func variable(for option: String) -> String {
        "GRANARY_" + option.uppercased().replacing("-", with: "_")
    }

    private func requirePlan(
        of type: any ParsableCommand.Type,
        _ command: CommandTree,
        _ arguments: [String],
        _ place: Int
    ) throws {
        guard (type as? any GranaryCommand.Type)?.onlyReads != true,
            !arguments[place...].contains(where: { $0 == "--help" || $0 == "-h" }),
            command.arguments?.contains(where: { $0.longNames.contains(where: Self.changingNothing.contains) }) != true,
            let name = Self.changingNothing.first(where: {
                CommandTree.Argument.isOn(variables[Self.variable(for: $0)])
            })
        else { return }
        let words = (["granary"] + arguments[..<place]).joined(separator: " ")
        throw CommandError(
            .refused,
            "\(Self.variable(for: name)) is set, but `\(words)` has no --\(name), so nothing was done",
            hint: "unset the variable for this command"
        )
    }

    /// Two commands may have options with the same name and different values, such as --trust of `restore` and of
    /// `migrate repair`. A value that is only valid for the other command is ignored.
    private func isMeantForAnother(_ option: CommandTree.Argument, _ value: String, named name: String) -> Bool {
        !option.takes(value)
            && option.isOneOfFew
            // Describing all commands takes longer than running most of them.
            && CommandTree.read(root)?.options(named: name).contains { $0.isOneOfFew && $0.takes(value) } == true
    }

    /// The command in the arguments, and the index of its first own argument. A group may have a command that needs no
    /// name, as `granary backups` lists them.
    private func leaf(of arguments: [String]) -> (any ParsableCommand.Type, Int)? {
        var command: any ParsableCommand.Type = root
        for (index, argument) in arguments.enumerated() {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == argument }) else {
                return unnamed(in: command, arguments, index)
            }
            command = next
            if command.configuration.subcommands.isEmpty { return (command, index + 1) }
        }
        return unnamed(in: command, arguments, arguments.count)
    }

    /// The command of a group that needs no name; nil for the group's own help.
    private func unnamed(
        in group: any ParsableCommand.Type,
        _ arguments: [String],
        _ place: Int
    ) -> (any ParsableCommand.Type, Int)? {
        guard let usual = group.configuration.defaultSubcommand,
            arguments.count == place || arguments[place].hasPrefix("-"),
            !arguments[place...].contains(where: { $0 == "--help" || $0 == "-h" })
        else { return nil }
        return (usual, place)
    }
}

extension CommandTree {
    /// Its own options and those of all subcommands.
    fileprivate func options(named name: String) -> [Argument] {
        (arguments ?? []).filter { $0.longNames.contains(name) }
            + (subcommands ?? []).flatMap { $0.options(named: name) }
    }
}

extension CommandTree.Argument {
    private static let yes = ["1", "true", "yes", "on"]
    private static let no = ["0", "false", "no", "off"]

    /// Whether the variable of a flag is set, and not to no.
    fileprivate static func isOn(_ value: String?) -> Bool { value.map { !no.contains($0.lowercased()) } ?? false }

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
