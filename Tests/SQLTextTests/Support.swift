import SQLText

/// An element of a script, with the rows of a COPY joined.
enum Piece: Equatable, CustomStringConvertible {
    case statement(String, Int)
    case copy(String, Int, rows: String)
    case meta(String, Int)

    var description: String {
        switch self {
        case .statement(let text, let line): "\(line): \(text)"
        case .copy(let text, let line, let rows): "\(line): \(text) ← \(rows)"
        case .meta(let name, let line): "\(line): \\\(name)"
        }
    }
}

/// Reads a script in pieces of at most `step` bytes.
func script(_ bytes: [UInt8], buffer: Int = 1 << 20, step: Int = .max, limit: Int = 1 << 30) -> DumpScript {
    var position = 0
    return DumpScript(bufferBytes: buffer, limitBytes: limit) { memory in
        let count = min(memory.count, step, bytes.count - position)
        memory.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
    }
}

func pieces(_ text: String, buffer: Int = 1 << 20, step: Int = .max) throws -> [Piece] {
    try pieces(Array(text.utf8), buffer: buffer, step: step)
}

func pieces(_ bytes: [UInt8], buffer: Int = 1 << 20, step: Int = .max) throws -> [Piece] {
    var script = script(bytes, buffer: buffer, step: step)
    var pieces: [Piece] = []
    while let element = try script.next() {
        switch element {
        case .statement(let text, let line): pieces.append(.statement(String(decoding: text, as: UTF8.self), line))
        case .metaCommand(let name, _, let line): pieces.append(.meta(name, line))
        case .copy(let text, let line):
            var rows: [UInt8] = []
            while try script.nextCopyData({ rows += $0 }) {}
            pieces.append(
                .copy(String(decoding: text, as: UTF8.self), line, rows: String(decoding: rows, as: UTF8.self))
            )
        }
    }
    return pieces
}

/// The texts of the statements.
func statements(_ text: String) throws -> [String] {
    try pieces(text).map { piece in
        guard case .statement(let text, _) = piece else { return "not a statement: \(piece)" }
        return text
    }
}

func failure(_ text: String, buffer: Int = 1 << 20) -> SQLTextError? {
    do {
        _ = try pieces(text, buffer: buffer)
        return nil
    } catch {
        return error as? SQLTextError
    }
}
