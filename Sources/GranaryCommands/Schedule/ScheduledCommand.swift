internal import ArgumentParser
internal import Storage

/// The command that a schedule runs: one that granary understands, and that holds no secret.
struct ScheduledCommand: Sendable, Equatable {
    /// All words after `granary`.
    let words: [String]
    /// The words that name the command: `["backups", "prune"]`.
    let path: [String]

    /// - Throws: `CommandError` with `.usage`.
    init(_ words: [String], below root: CommandTree.Root) throws {
        guard !words.isEmpty else {
            throw CommandError(
                .usage,
                "there is no command to schedule",
                hint: "write it after --, such as `-- backup --backups /srv/backups`"
            )
        }
        for (index, word) in words.enumerated() where word.unicodeScalars.contains(where: Formatting.isControl) {
            throw CommandError(
                .usage,
                "word \(index + 1) of the command contains a control character",
                hint: "a line break cannot be written into a unit: take another name"
            )
        }
        try Self.refuseSecrets(words)
        if let unknown = UnknownCommand(words, below: root) { throw unknown.error }
        do {
            let command = try root.parseAsRoot(GranaryProgram.separated(words))
            guard command is any GranaryCommand else { throw Self.useless }
            if command is any ScheduleKind { throw Self.useless }
        } catch let error as CommandError {
            throw error
        } catch {
            guard !root.exitCode(for: error).isSuccess else { throw Self.useless }
            throw CommandError(
                .usage,
                "the command is not valid: \(GranaryProgram.sentence(root.message(for: error)))",
                hint: "try it without `schedule` first"
            )
        }
        self.words = words
        path = Self.path(words, below: root)
    }

    private static let useless = CommandError(
        .usage,
        "this command does nothing that a schedule could repeat",
        hint: "such as `-- backup`, `-- backups prune --keep-daily 7` or `-- drill`"
    )

    /// Units are readable for everyone on the machine, and so is the list of its processes.
    private static func refuseSecrets(_ words: [String]) throws {
        let masked = Masking.masked(arguments: words)
        guard let place = zip(words, masked).enumerated().first(where: { $1.0 != $1.1 })?.offset else { return }
        let word = words[place]
        let option = word.hasPrefix("--") ? String(word.prefix { $0 != "=" }) : place > 0 ? words[place - 1] : ""
        let name = option.hasPrefix("--") ? "the value of \(option)" : "word \(place + 1)"
        throw CommandError(
            .usage,
            "\(name) is a secret, and a schedule can be read by others",
            hint: "leave it out: each option has a variable, such as GRANARY_PING and DATABASE_URL, which belongs into "
                + "the file of variables that the schedule reads; a password belongs into a password file"
        )
    }

    private static func path(_ words: [String], below root: CommandTree.Root) -> [String] {
        var (command, path): (any ParsableCommand.Type, [String]) = (root, [])
        for word in words {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == word }) else { break }
            command = next
            path.append(word)
        }
        return path
    }

    /// The folders on disk into which the options let it write, and the options; a relative path counts from `home`.
    func written(from home: String) -> [(option: String, folder: String)] {
        var places: [(option: String, folder: String)] = []
        for (index, word) in words.enumerated() {
            for (option, isFolder) in Self.places where word == option || word.hasPrefix("\(option)=") {
                let next = index + 1 < words.count ? words[index + 1] : ""
                let path = word == option ? next : String(word.dropFirst(option.utf8.count + 1))
                guard !path.isEmpty, path != "-", !ObjectAddress.isMeant(by: path) else { continue }
                let whole = path.hasPrefix("/") ? path : "\(home)/\(path)"
                var folder = isFolder ? whole : String(whole[..<(whole.lastIndex(of: "/") ?? whole.startIndex)])
                while folder.utf8.count > 1, folder.hasSuffix("/") { folder.removeLast() }
                places.append((option, folder.isEmpty ? "/" : folder))
            }
        }
        return places
    }

    /// Each of these folders once, without those below `home`.
    func writtenFolders(outside home: String) -> [String] {
        var seen: Set<String> = []
        return written(from: home).map { $0.folder }
            .filter { $0 != home && !$0.hasPrefix("\(home)/") && seen.insert($0).inserted }
    }

    /// Options with a place that is written to, and whether it is a folder.
    private static let places = [
        ("--backups", true), ("--output", false), ("-o", false), ("--metrics", false), ("--report", false),
    ]
}
