/// The parser's help, rearranged so that the most important parts come first.
enum HelpText {
    /// The sections of options that many commands share.
    private static let shared = ["Buckets", "Which service", "Which database", "Output"]

    /// The screen of `granary` alone.
    static let mostUsed = """
        granary init                    begin a project: folders, files, granary.mk
        granary server start            start a PostgreSQL server for this folder
        granary status                  database, migrations, last backup, findings
        granary migrate generate NAME   begin a migration
        granary migrate up              apply the pending migrations
        granary migrate status          list the migrations and their states
        granary seed                    load the seeds of the environment
        granary backup                  back up the database into backups/
        granary backups                 list the backups
        granary restore FILE            restore a backup, completely or not at all
        granary counts                  count the rows of the tables
        granary doctor                  check programs, database, rights and folders

        `granary --help` lists all commands, `granary COMMAND --help` explains one.
        """

    static func isShared(_ title: String?) -> Bool { title.map(shared.contains) ?? false }

    /// Moves a command's own options before the shared ones, where the parser puts them last, and shortens a usage line
    /// that lists all options. In the help of a subcommand, the shared ones are only listed.
    static func arranged(_ text: String) -> String {
        guard text.hasPrefix("OVERVIEW: ") else { return text }
        var sections = text.split(separator: "\n\n", omittingEmptySubsequences: false).map(String.init)
        let common = sections.filter(isShared)
        sections = sections.filter { !isShared($0) }
        if !isOfSubcommand(sections) {
            sections += common
        } else if !common.isEmpty {
            sections.append(listed(common))
        }
        return sections.map { $0.hasPrefix("USAGE: ") ? shortUsage($0) : $0 }.joined(separator: "\n\n")
    }

    private static func isShared(_ section: String) -> Bool {
        shared.contains { section.hasPrefix("\($0.uppercased()):\n") }
    }

    /// `granary migrate up`, but not `granary backup`.
    private static func isOfSubcommand(_ sections: [String]) -> Bool {
        sections.contains { $0.contains(#/^USAGE: granary [a-z]+ [a-z]/#) }
    }

    /// The names of options, which are explained in the help of commands.
    private static func listed(_ sections: [String]) -> String {
        let names = sections.flatMap { $0.matches(of: #/\n  (?:-[a-z], )?(--[a-z0-9-]+(?: <[^>]+>)?)/#).map { $0.1 } }
        var lines: [String] = [""]
        for name in names {
            let last = lines[lines.count - 1]
            if last.count + name.count + 3 > 80 {
                lines.append("  \(name)")
            } else {
                lines[lines.count - 1] = last.isEmpty ? "  \(name)" : "\(last) \(name)"
            }
        }
        return (["COMMON OPTIONS (granary help status explains them):"] + lines).joined(separator: "\n")
    }

    private static func shortUsage(_ line: String) -> String {
        let short = line.replacing(" <options>", with: " [<options>]")
        guard short.count > 80 else { return short }
        let bare = short.replacing(#/ \[-[^\]]*\]/#, with: "")
        guard let place = bare.firstIndex(where: { "<[".contains($0) }) else { return "\(bare) [<options>]" }
        return "\(bare[..<place])[<options>] \(bare[place...])"
    }
}
