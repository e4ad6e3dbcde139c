/// The text of a statement in its script. It shares the script's memory.
package struct StatementText: Sendable {
    let source: ScriptSource
    let range: Range<Int>

    package var text: String { source.text(range) }
    /// The line of the first word, from 1.
    package var line: Int { source.line(at: range.lowerBound) }
    /// The column of the first word, in characters from 1.
    package var column: Int { source.column(at: range.lowerBound) }

    /// The first line of the text, for messages.
    package var firstLine: String {
        let line = source.bytes[range].prefix { $0 != 0x0A && $0 != 0x0D }
        return String(decoding: line, as: UTF8.self)
    }
}
