/// Hints for people who called a target of `granary.mk`: `CONFIRM=shop` instead of `--confirm shop`.
///
/// `granary.mk` exports the target's name.
enum MakeWords {
    static let variable = "GRANARY_MAKE_TARGET"

    /// The variables of `granary.mk`, by the options that they give.
    private static let variables = [
        "confirm": "CONFIRM", "env": "ENV", "type": "TYPE", "base": "BASE", "since": "SINCE", "format": "FORMAT",
    ]

    /// Commands in backquotes stay as they are, since they are whole.
    static func hint(_ hint: String) -> String {
        let parts = hint.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        let said = parts.enumerated().map { $0.offset.isMultiple(of: 2) ? words($0.element) : $0.element }
        let text = said.joined(separator: "`")
        let isComplete = !said.enumerated().contains { $0.offset.isMultiple(of: 2) && $0.element.contains(" --") }
        return isComplete ? text : "\(text); make passes options on in ARGS=\"…\""
    }

    private static func words(_ text: String) -> String {
        // A value is one word of the shell, perhaps quoted.
        text.replacing(#/--([a-z]+) ((?:'[^']*'|\\'|[^\s';,`])+)/#) { match -> String in
            guard let variable = variables[String(match.1)] else { return String(match.0) }
            return "\(variable)=\(match.2.replacing("$", with: "$$"))"
        }
    }
}
