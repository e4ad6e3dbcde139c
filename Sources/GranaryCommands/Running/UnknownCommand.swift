internal import ArgumentParser

/// A word in place of a command, and the commands that it may mean.
package struct UnknownCommand: Equatable {
    package var word: String
    /// The commands before it: `["migrate"]` for `granary migrate upp`.
    package var path: [String]
    /// Likely commands, the likeliest first, each with all its words.
    package var suggestions: [[String]]

    /// - Returns: nil if the arguments name a known command, or none.
    package init?(_ arguments: [String], below root: CommandTree.Root) {
        let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
        var (command, path): (any ParsableCommand.Type, [String]) = (root, [])
        for word in words.prefix(while: { !$0.hasPrefix("-") }) {
            let children = command.configuration.subcommands
            guard !children.isEmpty else { return nil }
            guard let next = children.first(where: { $0._commandName == word }) else {
                self.word = word
                self.path = path
                suggestions = Self.suggestions(for: word, below: path, of: root)
                return
            }
            command = next
            path.append(word)
        }
        return nil
    }

    package var error: CommandError {
        let place = (["granary"] + path).joined(separator: " ")
        let meant = suggestions.prefix(3).map { "`granary \($0.joined(separator: " "))`" }
        let question =
            pointer.map { "\($0); " } ?? (meant.isEmpty ? "" : "did you mean \(meant.joined(separator: " or "))? ")
        return CommandError(
            .usage,
            "\(place) has no command \(word)",
            hint: "\(question)`\(place) --help` lists the commands"
        )
    }

    /// Where commands of other migrators are found here.
    private var pointer: String? {
        guard path == ["migrate"] else { return nil }
        return switch word {
        case "create", "new", "make", "add": "`granary migrate generate NAME` makes the files"
        case "version", "current": "`granary migrate status` shows the version"
        case "rollback", "undo", "revert": "`granary migrate down` reverts the last migration"
        case "force":
            "`granary migrate repair` settles what a failed run has left, and `granary migrate baseline VERSION` records "
                + "migrations without running them, in a database that granary has not migrated before"
        case "drop": "`granary reset` drops the schemas of the service, in development"
        default: nil
        }
    }

    /// Commands at this place with a similar name or this beginning; else commands elsewhere with exactly this name,
    /// such as `status`.
    private static func suggestions(
        for word: String,
        below path: [String],
        of root: any ParsableCommand.Type
    ) -> [[String]] {
        let all = paths(of: root, [])
        let near = all.filter { $0.count == path.count + 1 && $0.starts(with: path) }
            .map { (path: $0, distance: distance(word, $0[path.count])) }
            .filter { $0.distance <= max(1, word.count / 3) || $0.path[path.count].hasPrefix(word) }
            .sorted { ($0.distance, $0.path[path.count]) < ($1.distance, $1.path[path.count]) }
            .map(\.path)
        return near.isEmpty ? all.filter { $0.last == word } : near
    }

    private static func paths(of command: any ParsableCommand.Type, _ path: [String]) -> [[String]] {
        command.configuration.subcommands.filter { $0.configuration.shouldDisplay }.flatMap { child in
            [path + [child._commandName]] + paths(of: child, path + [child._commandName])
        }
    }

    /// The optimal string alignment distance: letters missing, added, changed or swapped with their neighbor.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var rows = [Array(0...b.count)]
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
