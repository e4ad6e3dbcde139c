internal import ArgumentParser
internal import PostgresClient
internal import Restore

/// The question before code of another installation is run.
///
/// An archive that this installation has sealed needs none, nor does one that holds nothing but tables and rows. A plain
/// dump is SQL that a person hands over as SQL: its code is listed, and no question is asked.
struct TrustQuestion {
    let file: String
    let outlook: RestorePlanReport
    /// `--trust`.
    let isTrusted: Bool
    /// The command line that would go on.
    let line: String
    let console: Console

    /// Tells what would run, and asks where it must.
    ///
    /// - Throws: `CommandError` with `.refused`; `CancellationError`.
    func settle() async throws {
        guard let code = outlook.code, !code.isHarmless else { return }
        guard outlook.isSealed == false else {
            if outlook.isSealed == nil { for line in Self.lines(code, of: file) { console.note(line) } }
            return
        }
        console.note("\(file) was not made by this installation")
        for line in Self.lines(code, of: file) { console.note(line) }
        guard !isTrusted else { return }
        guard Question.canBeAsked(console) else {
            throw CommandError(
                .refused,
                "\(file) was not made by this installation, and would run \(code.lines.joined(separator: ", "))",
                hint: "nothing was changed; if you know who made it: \(line)"
            )
        }
        console.screen.ask("type trust to run it: ")
        guard try await Question.answer(console) == "trust" else {
            throw CommandError(.refused, "not trusted", hint: "nothing was changed")
        }
    }

    static func lines(_ code: CodeInventory, of file: String) -> [String] {
        let part = code.isPartial ? " (as far as it was looked at)" : ""
        return ["\(file) runs\(part):"] + (code.lines + code.roleLines).map { "- \($0)" }
    }
}

extension RestoreCommand {
    /// This command line once more, with `--trust` in it.
    static func trustingLine(_ arguments: [String]) -> String {
        var words = arguments
        if let place = words.firstIndex(of: configuration.commandName ?? "") {
            words.insert("--trust", at: place + 1)
        } else {
            words.append("--trust")
        }
        return QuotedText.shellLine(["granary"] + words)
    }
}
