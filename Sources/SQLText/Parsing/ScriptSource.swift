/// The bytes of a script, and line and column of positions in them. Statements share it, so dividing a script copies
/// nothing.
final class ScriptSource: Sendable {
    let bytes: [UInt8]
    /// The offset after the byte order mark, which neither parser nor server accepts.
    let start: Int
    /// Where each line begins.
    private let lineStarts: [Int]

    init(_ text: String) throws(SQLTextError) {
        var text = text
        bytes = text.withUTF8 { Array($0) }
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        lineStarts = bytes.withUnsafeBufferPointer { bytes in
            var starts = [0]
            for offset in bytes.indices where bytes[offset] == 0x0A { starts.append(offset + 1) }
            return starts
        }
        if let place = bytes.firstIndex(of: 0) { throw Self.nul(at: place, in: self) }
    }

    private static func nul(at offset: Int, in source: ScriptSource) -> SQLTextError {
        var error = source.error(.notText, at: offset, "a NUL byte, which SQL text cannot hold")
        error.hint = "the file may be damaged, or in another encoding than UTF-8"
        return error
    }

    /// The line of an offset, from 1. As in psql, a line ends with a newline, and a carriage return before it belongs
    /// to it.
    func line(at offset: Int) -> Int {
        var (low, high) = (0, lineStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// The column of an offset in its line, in characters (Unicode scalars, as PostgreSQL counts them), from 1.
    func column(at offset: Int) -> Int {
        let begin = max(lineStarts[line(at: offset) - 1], start)
        guard begin < offset else { return 1 }
        return bytes[begin..<offset].reduce(into: 1) { column, byte in if byte & 0xC0 != 0x80 { column += 1 } }
    }

    /// The offset of the `character`th character after `base`, counted from 1.
    func offset(ofCharacter character: Int, from base: Int) -> Int {
        var offset = base
        var rest = character - 1
        while rest > 0, offset < bytes.count {
            offset += 1
            while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
            rest -= 1
        }
        return offset
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func error(_ code: SQLTextError.Code, at offset: Int, _ message: String) -> SQLTextError {
        var error = SQLTextError(code, line: line(at: offset), message)
        error.column = column(at: offset)
        error.offset = offset
        return error
    }

    /// The parser's error, with its place in the script.
    func error(_ failure: PgQuery.Failure, in range: Range<Int>) -> SQLTextError {
        // At the end of the input the parser reports the position after it, which a script without a final newline does
        // not have.
        let offset =
            failure.character == 0
            ? range.lowerBound : self.offset(ofCharacter: failure.character, from: range.lowerBound)
        var error = error(failure.code, at: min(offset, range.upperBound), failure.message)
        error.near = failure.message.split(separator: " at or near \"", maxSplits: 1).dropFirst().first.map {
            String($0.dropLast())
        }
        if error.near?.hasPrefix("\\") == true {
            error.hint = "commands that begin with a backslash are commands of psql; the server does not know them"
        }
        return error
    }
}
