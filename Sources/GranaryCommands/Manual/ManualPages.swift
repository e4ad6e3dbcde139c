internal import Archive
package import ArgumentParser

/// The manual: granary(1), and a page for each top-level command, from the parser's descriptions.
package struct ManualPages {
    package struct Page {
        package var name: String
        package var text: String
        package var file: String { "\(name).1" }
    }

    private let tree: CommandTree
    private let groups: [CommandGroup]
    private let date: String

    /// - Parameters:
    ///   - groups: The commands, grouped by topic.
    ///   - date: `2026-11-23`, at the foot of each page.
    package init(_ tree: CommandTree, groups: [CommandGroup], date: String) {
        self.tree = tree
        self.groups = groups
        self.date = date
    }

    package var all: [Page] { [overview] + tree.children.map(page) }

    private var overview: Page {
        let description = Discussion(tree.discussion)
        let commands = groups.flatMap { group in
            [".SS \(group.name)"]
                + group.subcommands.map { command in
                    Roff.entry(
                        "\(Roff.bold("granary-\(command._commandName)"))(1)",
                        command.configuration.abstract
                    )
                }
        }
        return Page(
            name: "granary",
            text: text(
                "granary",
                tree.abstract,
                [
                    ("SYNOPSIS", ["\(Roff.bold("granary")) \(Roff.italic("command")) [\(Roff.italic("option"))...]"]),
                    ("DESCRIPTION", ManualFacts.description.map { ".PP\n\(Roff.prose($0))" }),
                    ("COMMANDS", commands),
                    ("OPTIONS", [Roff.prose("Every command takes these.")] + sharedOptions("Output").map(entry)),
                    (
                        "ENVIRONMENT",
                        [Roff.prose(variablesHelp)]
                            + ManualFacts.variables.map { Roff.entry(Roff.bold($0.name), $0.text) }
                    ),
                    ("FILES", ManualFacts.files.map { Roff.entry(Roff.bold($0.name), $0.text) }),
                    (
                        "EXIT STATUS",
                        ExitStatus.allCases.map { Roff.entry(Roff.bold("\($0.rawValue)"), $0.explanation) }
                    ),
                    (
                        "EXAMPLES",
                        [Roff.example(description.examples)]
                            + ManualFacts.examples.flatMap {
                                [".PP\n\(Roff.prose($0.text))", Roff.example($0.lines)]
                            }
                    ),
                    (
                        "SEE ALSO",
                        [Self.references(tree.children.map { "granary-\($0.commandName)" } + ManualFacts.others)]
                    ),
                ]
            )
        )
    }

    private func page(_ command: CommandTree) -> Page {
        let name = "granary-\(command.commandName)"
        let own = Discussion(command.discussion)
        var sections = [
            ("SYNOPSIS", synopsis(command)), ("DESCRIPTION", own.paragraphs.map { ".PP\n\(Roff.prose($0))" }),
        ]
        if sections[1].1.isEmpty { sections[1].1 = [Roff.prose(command.abstract ?? "")] }
        if command.children.isEmpty {
            sections.append(("OPTIONS", options(command.arguments ?? [])))
        } else {
            let shared = command.children.flatMap(shown).filter { HelpText.isShared($0.sectionTitle) }
                .reduce(into: [CommandTree.Argument]()) { if !$0.contains($1) { $0.append($1) } }
            sections.append(("COMMANDS", command.children.flatMap { part($0, of: command, without: shared) }))
            sections.append(
                (
                    "OPTIONS",
                    [Roff.prose("Options that several of these commands share; the --help of each lists its own.")]
                        + options(shared)
                )
            )
        }
        if !own.examples.isEmpty { sections.append(("EXAMPLES", [Roff.example(own.examples)])) }
        sections.append(("ENVIRONMENT", [Roff.prose("\(variablesHelp) Others are listed in granary(1).")]))
        sections.append(("EXIT STATUS", [Roff.prose("The same for all commands: see granary(1).")]))
        sections.append(("SEE ALSO", [Self.references(["granary"] + (ManualFacts.related[command.commandName] ?? []))]))
        return Page(name: name, text: text(name, command.abstract, sections))
    }

    /// A subcommand: its usage, its description, its own options, its examples.
    private func part(
        _ command: CommandTree,
        of parent: CommandTree,
        without shared: [CommandTree.Argument]
    ) -> [String] {
        let discussion = Discussion(command.discussion)
        let own = shown(command).filter { !shared.contains($0) }
        return [
            ".SS granary \(parent.commandName) \(command.commandName)",
            usage([parent.commandName, command.commandName], own, hasMore: true),
            ".PP\n\(Roff.prose(command.abstract ?? ""))",
        ] + discussion.paragraphs.map { ".PP\n\(Roff.prose($0))" } + own.map(entry)
            + (discussion.examples.isEmpty ? [] : [Roff.example(discussion.examples)])
    }

    private func text(_ name: String, _ abstract: String?, _ sections: [(String, [String])]) -> String {
        var summary = abstract ?? ""
        if summary.hasSuffix(".") { summary.removeLast() }
        var lines = [
            ".TH \(name.uppercased()) 1 \"\(date)\" \"granary \(granaryVersion)\" \"Granary\"",
            // Names that are split over lines cannot be searched for.
            ".nh\n.ad l", ".SH NAME", Roff.wrapped("\(name) \\- \(Roff.escaped(summary))"),
        ]
        for (title, content) in sections { lines += [".SH \(title)"] + content }
        return tidy(lines.joined(separator: "\n")) + "\n"
    }

    /// A paragraph macro directly after a heading has no effect.
    private func tidy(_ text: String) -> String {
        text.replacing(#/(\n\.S[HS] [^\n]*)\n\.PP\n/#) { "\($0.1)\n" }
    }
}

// Options.
extension ManualPages {
    private func shown(_ command: CommandTree) -> [CommandTree.Argument] {
        (command.arguments ?? []).filter { $0.shouldDisplay && !["help", "version"].contains($0.longName) }
    }

    private func sharedOptions(_ title: String) -> [CommandTree.Argument] {
        (tree.children.first { $0.commandName == "backup" }?.arguments ?? []).filter { $0.sectionTitle == title }
    }

    /// The command's own options first, then the sections in the order of the help.
    private func options(_ arguments: [CommandTree.Argument]) -> [String] {
        let shown = arguments.filter { $0.shouldDisplay && !["help", "version"].contains($0.longName) }
        let titles = shown.compactMap(\.sectionTitle).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return shown.filter { $0.sectionTitle == nil }.map(entry)
            + titles.flatMap { title in [".SS \(title)"] + shown.filter { $0.sectionTitle == title }.map(entry) }
    }

    private func entry(_ argument: CommandTree.Argument) -> String {
        var text = argument.abstract ?? ""
        var notes: [String] = []
        if let values = argument.allValues, argument.kind != "flag" {
            notes.append("values: \(values.joined(separator: ", "))")
        }
        if let usual = argument.defaultValue, argument.kind != "flag" { notes.append("default: \(usual)") }
        if !notes.isEmpty { text += " (\(notes.joined(separator: "; ")))" }
        return Roff.entry(head(argument), text)
    }

    private func head(_ argument: CommandTree.Argument) -> String {
        let value = Roff.italic(argument.valueName ?? "value")
        let names = (argument.names ?? []).sorted { ($0.kind == "long" ? 1 : 0) < ($1.kind == "long" ? 1 : 0) }.map {
            Roff.bold(($0.kind == "long" ? "--" : "-") + $0.name)
        }
        .joined(separator: ", ")
        switch argument.kind {
        case "positional": return value
        case "flag": return names
        default: return "\(names) \(value)"
        }
    }

    private func synopsis(_ command: CommandTree) -> [String] {
        guard !command.children.isEmpty else { return [usage([command.commandName], shown(command), hasMore: false)] }
        return command.children.enumerated().map { index, child in
            let line = usage([command.commandName, child.commandName], shown(child), hasMore: false)
            return index == 0 ? line : ".br\n\(line)"
        }
    }

    /// The command with its required arguments, and `[option...]`.
    private func usage(_ path: [String], _ arguments: [CommandTree.Argument], hasMore: Bool) -> String {
        let options = arguments.filter { $0.kind != "positional" }
        var words = [Roff.bold((["granary"] + path).joined(separator: " "))]
        words += options.filter { !$0.isOptional }.map(head)
        if hasMore || options.contains(where: \.isOptional) { words.append("[\(Roff.italic("option"))...]") }
        words += arguments.filter { $0.kind == "positional" }.map { argument in
            let name = Roff.italic(argument.valueName ?? "value") + (argument.isRepeating ? "..." : "")
            return argument.isOptional ? "[\(name)]" : name
        }
        return words.joined(separator: " ")
    }

    /// `granary(1), psql(1)`, in lines.
    static func references(_ names: [String]) -> String {
        names.map { "\(Roff.bold($0))(1)" }.joined(separator: ",\n")
    }
}

/// The parts of the text below a command's abstract in the help.
struct Discussion {
    /// Prose, one line per paragraph, without the remark on variables, which is the same for all commands.
    private(set) var paragraphs: [String] = []
    /// The lines under `Example:`, without their indentation.
    private(set) var examples: [String] = []

    init(_ text: String?) {
        for part in (text ?? "").split(separator: "\n\n").map(String.init) where part != variablesHelp {
            let lines = part.split(separator: "\n")
            if lines.first == "Example:" || lines.first == "Examples:" {
                examples += lines.dropFirst().map { String($0.drop(while: \.isWhitespace)) }
            } else {
                paragraphs.append(lines.joined(separator: " "))
            }
        }
    }
}
