internal import SQLText

enum SQLTargets {
    /// Where a statement ends depends neither on how much is in memory nor on how it comes there, and is where
    /// PostgreSQL's own parser ends it.
    static func dump(_ input: [UInt8]) throws {
        let whole = pieces(input, buffer: 1 << 16, step: .max)
        try require(whole == pieces(input, buffer: 1, step: 3), "the statements depend on how the text comes")
        guard whole.isWhole, let text = String(validating: input, as: UTF8.self) else { return }
        // Rows and commands of psql are nothing for the parser, and it does not see the setting change.
        guard whole.isSQLAlone, !text.lowercased().contains("standard_conforming_strings"),
            let script = try? SQLScript(text)
        else { return }
        try require(
            script.statements.count == whole.elements.count,
            "\(whole.elements.count) statements are \(script.statements.count) to the parser"
        )
    }

    private struct Pieces: Equatable {
        var elements: [DumpScript.Element] = []
        var rows: [[UInt8]] = []
        var error: String?
        var isWhole: Bool { error == nil }

        var isSQLAlone: Bool {
            elements.allSatisfy {
                if case .statement = $0 { return true }
                return false
            }
        }
    }

    private static func pieces(_ input: [UInt8], buffer: Int, step: Int) -> Pieces {
        var position = 0
        var script = DumpScript(bufferBytes: buffer) { memory in
            let count = min(memory.count, step, input.count - position)
            memory.copyBytes(from: input[position..<(position + count)])
            position += count
            return count
        }
        var pieces = Pieces()
        do {
            while let element = try script.next() {
                pieces.elements.append(element)
                switch element {
                case .statement(let text, _):
                    _ = StatementWords.first(6, of: text)
                    _ = StatementWords.setting(changedBy: text)
                case .copy(let text, _):
                    _ = StatementWords.copyTable(text)
                    var rows: [UInt8] = []
                    defer { pieces.rows.append(rows) }
                    while try script.nextCopyData({ rows += $0 }) {}
                case .metaCommand: break
                }
            }
        } catch {
            pieces.error = "\(error)"
        }
        return pieces
    }

    /// Statements lie in the text, in its order; what is said of them can be said of any.
    static func script(_ input: [UInt8]) throws {
        guard let text = String(validating: input, as: UTF8.self) else { return }
        _ = FileMarkers(text)
        _ = TableMentions(text)
        let whole = try unless(SQLTextError.self) { try SQLScript(text) }
        let split = try unless(SQLTextError.self) { try SQLScript(splitting: text) }
        _ = try unless(SQLTextError.self) { try SQLScript.metaCommands(in: text) }
        try require(whole == nil || split != nil, "what the parser takes cannot be split")
        for script in [whole, split].compactMap(\.self) {
            var end = 0
            for statement in script.statements {
                try require(statement.range.lowerBound >= end, "statements overlap")
                try require(statement.range.upperBound <= input.count, "a statement ends behind the text")
                end = statement.range.upperBound
                _ = (statement.text, statement.tag, statement.firstLine, statement.column)
                _ = (statement.leadingComments, statement.trailingComment)
                _ = StatementEffects(of: statement).locks
            }
            _ = ScriptEffects(of: script).risk
        }
    }
}
