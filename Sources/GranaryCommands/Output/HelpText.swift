/// The parser's help, rearranged so that the most important parts come first.
enum HelpText {
    /// The sections of options that many commands share.
    private static let shared = ["Which service", "Which database", "Output"]

    static func isShared(_ title: String?) -> Bool { title.map(shared.contains) ?? false }

    /// Moves a command's own options before the shared ones, where the parser puts them last, and shortens a usage line
    /// that lists all options.
    static func arranged(_ text: String) -> String {
        guard text.hasPrefix("OVERVIEW: ") else { return text }
        var sections = text.split(separator: "\n\n", omittingEmptySubsequences: false).map(String.init)
        if let own = sections.firstIndex(where: { $0.hasPrefix("OPTIONS:\n") }),
            let first = sections.firstIndex(where: { section in
                shared.contains { section.hasPrefix("\($0.uppercased()):\n") }
            }),
            first < own
        {
            sections.insert(sections.remove(at: own), at: first)
        }
        return sections.map { $0.hasPrefix("USAGE: ") ? shortUsage($0) : $0 }.joined(separator: "\n\n")
    }

    private static func shortUsage(_ line: String) -> String {
        let short = line.replacing(" <options>", with: " [<options>]")
        guard short.count > 80 else { return short }
        let bare = short.replacing(#/ \[-[^\]]*\]/#, with: "")
        guard let place = bare.firstIndex(where: { "<[".contains($0) }) else { return "\(bare) [<options>]" }
        return "\(bare[..<place])[<options>] \(bare[place...])"
    }
}
