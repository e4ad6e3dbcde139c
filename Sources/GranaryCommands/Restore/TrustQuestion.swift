internal import ArgumentParser
internal import PostgresClient
internal import Restore

/// The question before code of another installation is run.
///
/// No question is needed for an archive with this installation's seal, and for one that holds only tables and rows. A
/// plain dump is SQL that a person chose to run: its code is listed, without a question.
struct TrustQuestion {
    let file: String
    let outlook: RestorePlanReport
    /// `--trust`.
    let isTrusted: Bool
    /// The command line to continue with.
    let line: String
    let console: Console

    /// Lists what would run, and asks if necessary.
    ///
    /// - Throws: `CommandError` with `.refused`; `CancellationError`.
    func settle() async throws {
        guard let code = outlook.code, !code.isHarmless else { return }
        guard outlook.isSealed == false else {
            if outlook.isSealed == nil { for line in Self.lines(code, of: file) { console.note(line) } }
            return
        }
        let origin =
            outlook.isRepacked
            ? "was packed again by another program, so that its seal proves nothing"
            : "was not made by this installation"
        console.note("\(file) \(origin)")
        for line in Self.lines(code, of: file) { console.note(line) }
        guard !isTrusted else { return }
        guard Question.canBeAsked(console) else {
            throw CommandError(
                .refused,
                "\(file) \(origin), and would run \(code.lines.joined(separator: ", "))",
                hint: "nothing was changed; if you know who made it: \(line)"
            )
        }
        console.screen.ask("type trust to run it: ")
        guard try await Question.answer(console) == "trust" else {
            throw CommandError(.refused, "not trusted", hint: "nothing was changed")
        }
    }

    static func lines(_ code: CodeInventory, of file: String) -> [String] {
        let part = code.isPartial ? " (as far as it was read)" : ""
        return ["\(file) runs\(part):"] + (code.lines + code.roleLines).map { "- \($0)" }
    }
}

extension RestoreCommand {
    /// This command line with `--trust`.
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
