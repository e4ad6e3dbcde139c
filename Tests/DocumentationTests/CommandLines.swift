import TestSupport

/// The calls of `granary` on a page.
struct CommandLine: Sendable, CustomStringConvertible {
    /// `["server", "start"]`; empty for `granary` alone.
    var command: [String]
    /// Names of long options, without their values.
    var options: [String]
    var place: String
    var description: String { "\(place): granary \(command.joined(separator: " "))" }

    /// Every call of granary in `text`: from the word to the end of the command.
    static func all(in text: String, place: String) -> [CommandLine] {
        let logical = text.replacing("\\\n", with: " ")
        return logical.split(whereSeparator: \.isNewline).flatMap { line -> [CommandLine] in
            guard line.first != "#" else { return [] }
            var words = line.split { " ()`\"".contains($0) }.map(String.init)
            // What is scheduled is a call of its own.
            if words.contains("schedule") { words = words.map { $0 == "--" ? "granary" : $0 } }
            return words.indices.filter { words[$0] == "granary" }.map { start in
                let rest = words[(start + 1)...].prefix {
                    !["|", "||", "&&", ";", ">", "#", "granary", "then"].contains($0)
                }
                let names = rest.prefix { $0.first?.isLetter == true }
                let known = [2, 1, 0].lazy.map { Array(names.prefix($0)) }.first { CommandHelp.commands.contains($0) }
                return CommandLine(
                    command: known ?? Array(names.prefix(1)),
                    // All arguments after psql are psql's.
                    options: known == ["server", "psql"] ? [] : rest.compactMap(option),
                    place: place
                )
            }
        }
    }

    /// `--jobs` of `--jobs=4`; nil for any other word.
    static func option(_ word: some StringProtocol) -> String? {
        guard word.hasPrefix("--"), word.dropFirst(2).first?.isLetter == true else { return nil }
        return String(word.prefix { $0 == "-" || $0.isLetter || $0.isNumber })
    }
}

/// The output of `--help` of the built program.
struct CommandHelp: Sendable {
    static let commands: [[String]] = [
        [], ["backup"], ["convert"], ["verify"], ["restore"], ["drill"], ["seed"], ["clean"], ["server"],
        ["server", "start"],
        ["server", "stop"],
        ["server", "status"], ["server", "url"], ["server", "psql"], ["init"], ["env"], ["env", "show"],
        ["env", "mark"],
        ["migrate"], ["migrate", "up"], ["migrate", "down"], ["migrate", "goto"], ["migrate", "redo"],
        ["migrate", "status"], ["migrate", "plan"], ["migrate", "approve"], ["migrate", "repair"],
        ["migrate", "adopt"], ["migrate", "baseline"], ["migrate", "generate"], ["migrate", "deps"],
        ["migrate", "renumber"], ["migrate", "import"], ["validate"], ["reset"],
        ["status"], ["tables"], ["counts"], ["schema"], ["doctor"],
        ["backups"], ["backups", "list"], ["backups", "show"], ["backups", "prune"],
        ["backups", "lock"], ["backups", "unlock"],
        ["key"], ["key", "new"], ["key", "recipient"], ["key", "check"],
        ["schedule"], ["schedule", "systemd"], ["schedule", "cron"], ["schedule", "kubernetes"],
    ]

    private var texts: [[String]: String] = [:]
    private var options: [[String]: Set<String>] = [:]

    /// Read once, because it runs dozens of programs.
    private static let asked = Task { try await ask() }

    static func read() async throws -> CommandHelp { try await asked.value }

    private static func ask() async throws -> CommandHelp {
        var help = CommandHelp()
        for command in commands {
            let outcome = try await runCommand(try granaryBinary(), ["help"] + command, environment: ["COLUMNS": "100"])
            guard outcome.status == 0 else { throw CommandFailure(description: outcome.description) }
            help.texts[command] = outcome.stdout
            help.options[command] = listed(outcome.stdout)
        }
        return help
    }

    func text(_ command: [String]) -> String? { texts[command] }

    func options(_ command: [String]) -> Set<String> { options[command] ?? [] }

    /// The options in the help of a command: at the beginning of a line, alone or after a short form. Common options of
    /// a subcommand are only listed, several on a line.
    private static func listed(_ help: String) -> Set<String> {
        let lines = help.split(separator: "\n").filter { $0.hasPrefix("  -") }
        let common = help.firstRange(of: "COMMON OPTIONS").map { help[$0.upperBound...] } ?? ""
        return Set(lines.flatMap { $0.split { " ,".contains($0) }.prefix(2).compactMap { CommandLine.option($0) } })
            .union(common.split { " ,\n".contains($0) }.compactMap { CommandLine.option($0) })
    }

    /// The subcommands in the help of a command.
    func subcommands(_ command: [String]) -> Set<String> {
        var isList = false
        var names: Set<String> = []
        for line in (texts[command] ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix("SUBCOMMANDS:") { isList = true } else if line.isEmpty { isList = false }
            if isList, line.hasPrefix("  "), line.dropFirst(2).first != " " {
                names.insert(String(line.dropFirst(2).prefix { $0 != " " }))
            }
        }
        return names
    }
}

/// The targets of this project's makefiles.
enum MakeTargets {
    /// The names of the rules, without those of files, and whether each has a line of help.
    static func all() throws -> [String: Bool] {
        var targets: [String: Bool] = [:]
        for file in ["Makefile", "granary.mk"] {
            for line in try Project.text(file).split(separator: "\n") {
                if line.hasPrefix(".PHONY:") {
                    for name in line.dropFirst(7).split(separator: " ") where !name.hasPrefix("$") {
                        targets[String(name)] = targets[String(name)] ?? false
                    }
                }
                guard let match = line.wholeMatch(of: #/([a-z-]+):(?!=).*## \S.*/#) else { continue }
                targets[String(match.1)] = true
            }
        }
        return targets
    }

    /// The targets called in a text: the words after `make`, without variables and options.
    static func called(in text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).flatMap { line -> [String] in
            let words = line.split { " ()".contains($0) }.map(String.init)
            return words.indices.filter { words[$0] == "make" }.flatMap { start -> [String] in
                Array(
                    words[(start + 1)...]
                        .prefix { !["|", "||", "&&", ";", ">", "#"].contains($0) }
                        .map { $0.filter { $0 != ";" } }
                        .prefix { $0.wholeMatch(of: #/[a-z][a-z-]*/#) != nil }
                )
            }
        }
    }
}
