/// Hints for people who called a target of `granary.mk`: `CONFIRM=shop` instead of `--confirm shop`.
///
/// `granary.mk` exports the names of the variables that the target takes.
enum MakeWords {
    static let variable = "GRANARY_MAKE_VARIABLES"

    /// The variables of `granary.mk`, by the options that they give.
    private static let variables = [
        "confirm": "CONFIRM", "env": "ENV", "type": "TYPE", "base": "BASE", "since": "SINCE", "format": "FORMAT",
    ]

    /// Commands in backquotes stay as they are, since they are whole.
    ///
    /// - Parameter taken: The names of variables that the target takes, between blanks.
    static func hint(_ hint: String, taken: String) -> String {
        let taken = Set(taken.split(separator: " ").map(String.init))
        let parts = hint.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        let said = parts.enumerated().map { $0.offset.isMultiple(of: 2) ? words($0.element, taken) : $0.element }
        let text = said.joined(separator: "`")
        let isComplete = !said.enumerated().contains { $0.offset.isMultiple(of: 2) && hasOwnOption($0.element) }
        return isComplete ? text : "\(text); make passes options on in ARGS=\"…\""
    }

    private static func words(_ text: String, _ taken: Set<String>) -> String {
        // A value is one word of the shell, perhaps quoted, at the end of its clause. Other words are the sentence's.
        text.replacing(#/--([a-z]+)(?![-=a-z])(?: ((?:'[^']*'|\\'|[^\s';,)])+)(?=$|[;,)]| --))?/#) { match -> String in
            guard let variable = variables[String(match.1)], taken.contains(variable) else { return String(match.0) }
            return "\(variable)=\((match.2 ?? "").replacing("$", with: "$$"))"
        }
    }

    /// Whether there is an option that does not belong to another program, or to a whole command.
    private static func hasOwnOption(_ text: String) -> Bool {
        text.split(whereSeparator: { ";,".contains($0) }).contains { clause in
            clause.contains(#/--[a-z]/#) && !clause.contains(#/\b(?:pg_[a-z]+|age|gpg|granary|the dump)\b/#)
        }
    }
}
