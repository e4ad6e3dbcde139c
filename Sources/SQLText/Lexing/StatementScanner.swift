import Glibc

/// Finds where a statement ends, by the rules of psql's scanner (`psqlscan.l`).
struct StatementScanner {
    enum Ending {
        case semicolon
        case backslash
        case endOfText
    }

    /// Whether a backslash in a plain string is only a character (`standard_conforming_strings`).
    var stringsAreStandard = true
    private var parentheses = 0
    /// How deep we are in the `BEGIN ATOMIC … END` body of a routine; `CASE` ends with `END` too.
    private var body = 0
    private var words = 0
    /// The first letters of the first four words, where they are those of `CREATE OR REPLACE FUNCTION`.
    private var head: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    private var isCopy = false
    private var lastWasFrom = false
    /// The statement is a `COPY … FROM stdin`.
    private(set) var readsRows = false

    mutating func reset() { self = StatementScanner(stringsAreStandard: stringsAreStandard) }

    init(stringsAreStandard: Bool = true) { self.stringsAreStandard = stringsAreStandard }

    /// Goes on from the buffer's position, and leaves it at the byte that ends the statement.
    mutating func scan(_ buffer: inout DumpBuffer) throws -> Ending {
        while true {
            Self.skipPlain(&buffer)
            guard let byte = try buffer.peek() else { return .endOfText }
            switch byte {
            case UInt8(ascii: ";"):
                if parentheses == 0, body == 0 { return .semicolon }
                buffer.position += 1
            case UInt8(ascii: "\\"): return .backslash
            case UInt8(ascii: "'"): try quotation(&buffer, escapes: !stringsAreStandard)
            case UInt8(ascii: "\""): try quotedName(&buffer)
            case UInt8(ascii: "$"): try dollar(&buffer)
            case UInt8(ascii: "-"): try dash(&buffer)
            case UInt8(ascii: "/"): try slash(&buffer)
            case UInt8(ascii: "("):
                parentheses += 1
                buffer.position += 1
            case UInt8(ascii: ")"):
                parentheses = max(0, parentheses - 1)
                buffer.position += 1
            case _ where byte.startsName: try word(&buffer)
            default: buffer.position += 1
            }
        }
    }

    /// Over bytes that mean nothing to us.
    private static func skipPlain(_ buffer: inout DumpBuffer) {
        let (bytes, end) = (buffer.bytes, buffer.end)
        var position = buffer.position
        while position < end, !bytes[position].isSpecial { position += 1 }
        buffer.position = position
    }
}

// Quotations.
extension StatementScanner {
    /// A string, at its opening quote.
    private func quotation(_ buffer: inout DumpBuffer, escapes: Bool) throws {
        let began = buffer.position - buffer.start
        guard escapes else { return try Self.skip(past: UInt8(ascii: "'"), &buffer, began, "a string") }
        repeat {
            buffer.position += 1
            while let byte = try buffer.peek(), byte != UInt8(ascii: "'") {
                buffer.position += byte == UInt8(ascii: "\\") ? 2 : 1
            }
            guard try buffer.peek() != nil else { throw Self.unterminated("a string", began, &buffer) }
            buffer.position += 1
        } while try Self.isContinued(&buffer)
    }

    /// After the closing quote of an E string: a string after a line break belongs to it, with its escapes. Moves on to
    /// its opening quote.
    private static func isContinued(_ buffer: inout DumpBuffer) throws -> Bool {
        var ahead = 0
        var hasNewline = false
        while let byte = try buffer.peek(ahead) {
            if byte == UInt8(ascii: "'") {
                guard hasNewline || ahead == 0 else { return false }
                buffer.position += ahead
                return true
            } else if byte.isBlank {
                hasNewline = hasNewline || byte == 0x0A || byte == 0x0D
                ahead += 1
            } else if byte == UInt8(ascii: "-"), try buffer.peek(ahead + 1) == UInt8(ascii: "-") {
                while let next = try buffer.peek(ahead), next != 0x0A, next != 0x0D { ahead += 1 }
            } else {
                return false
            }
        }
        return false
    }

    /// A doubled quote is two quotations in a row, which ends at the same place.
    private func quotedName(_ buffer: inout DumpBuffer) throws {
        try Self.skip(past: UInt8(ascii: "\""), &buffer, buffer.position - buffer.start, "a quoted name")
    }

    private static func skip(
        past mark: UInt8,
        _ buffer: inout DumpBuffer,
        _ began: Int,
        _ what: String
    ) throws {
        buffer.position += 1
        while true {
            if let found = buffer.find(mark, from: buffer.position, to: buffer.end) {
                buffer.position = found + 1
                return
            }
            buffer.position = buffer.end
            guard try buffer.fill() else { throw unterminated(what, began, &buffer) }
        }
    }

    /// `$$` or `$tag$`, or a dollar that is only a character.
    private func dollar(_ buffer: inout DumpBuffer) throws {
        let began = buffer.position - buffer.start
        var length = 1
        while let byte = try buffer.peek(length), byte != UInt8(ascii: "$") {
            guard length == 1 ? byte.startsName : byte.isInTag else {
                buffer.position += 1
                return
            }
            length += 1
        }
        guard try buffer.peek(length) != nil else {
            buffer.position += 1
            return
        }
        length += 1
        let mark = Array(UnsafeBufferPointer(start: buffer.bytes + buffer.position, count: length))
        buffer.position += length
        while true {
            if let found = buffer.find(UInt8(ascii: "$"), from: buffer.position, to: buffer.end) {
                buffer.position = found
                // The end must be in memory as a whole to be compared.
                if try buffer.peek(length - 1) == UInt8(ascii: "$"),
                    memcmp(buffer.bytes + buffer.position, mark, length) == 0
                {
                    buffer.position += length
                    return
                }
                buffer.position += 1
            } else {
                buffer.position = buffer.end
                guard try buffer.fill() else { throw Self.unterminated("a dollar-quoted string", began, &buffer) }
            }
        }
    }

    private static func unterminated(_ what: String, _ began: Int, _ buffer: inout DumpBuffer) -> SQLTextError {
        SQLTextError(
            .unterminated,
            line: buffer.line(at: buffer.start + began),
            "\(what) that begins here does not end",
            hint: "the file may be cut off"
        )
    }
}

// Comments.
extension StatementScanner {
    private func dash(_ buffer: inout DumpBuffer) throws {
        guard try buffer.peek(1) == UInt8(ascii: "-") else {
            buffer.position += 1
            return
        }
        try Self.skipLine(&buffer, releasing: false)
    }

    private func slash(_ buffer: inout DumpBuffer) throws {
        guard try buffer.peek(1) == UInt8(ascii: "*") else {
            buffer.position += 1
            return
        }
        let began = buffer.position - buffer.start
        guard try Self.skipBlock(&buffer, releasing: false) else {
            throw Self.unterminated("a comment", began, &buffer)
        }
    }

    /// To the end of the line, which for PostgreSQL a carriage return is too, or the end of the text.
    static func skipLine(_ buffer: inout DumpBuffer, releasing: Bool) throws {
        while true {
            let newline = buffer.find(0x0A, from: buffer.position, to: buffer.end)
            let end = newline ?? buffer.end
            if let found = buffer.find(0x0D, from: buffer.position, to: end) ?? newline {
                buffer.position = found
                return
            }
            buffer.position = buffer.end
            if releasing { buffer.release() }
            guard try buffer.fill() else { return }
        }
    }

    /// A block comment, which may hold others, at its first byte; false when it does not end.
    static func skipBlock(_ buffer: inout DumpBuffer, releasing: Bool) throws -> Bool {
        var depth = 0
        while let byte = try buffer.peek() {
            if releasing { buffer.release() }
            if byte == UInt8(ascii: "/"), try buffer.peek(1) == UInt8(ascii: "*") {
                depth += 1
                buffer.position += 2
            } else if byte == UInt8(ascii: "*"), try buffer.peek(1) == UInt8(ascii: "/") {
                depth -= 1
                buffer.position += 2
                if depth == 0 { return true }
            } else {
                buffer.position += 1
            }
        }
        return false
    }
}

// Words.
extension StatementScanner {
    private mutating func word(_ buffer: inout DumpBuffer) throws {
        var length = 1
        while let byte = try buffer.peek(length), byte.isInName { length += 1 }
        let text = UnsafeBufferPointer(start: buffer.bytes + buffer.position, count: length)
        if length == 1, text[0] | 0x20 == UInt8(ascii: "e"), try buffer.peek(1) == UInt8(ascii: "'") {
            buffer.position += 1
            return try quotation(&buffer, escapes: true)
        }
        note(UnsafeBufferPointer(start: buffer.bytes + buffer.position, count: length))
        buffer.position += length
    }

    private mutating func note(_ word: UnsafeBufferPointer<UInt8>) {
        if words < 4 { noteHead(word) }
        words += 1
        if isCopy, parentheses == 0 {
            if lastWasFrom, word.isWord("stdin") { readsRows = true }
            lastWasFrom = word.isWord("from")
        }
        guard isRoutine, parentheses == 0 else { return }
        if word.isWord("begin") {
            body += 1
        } else if word.isWord("case"), body > 0 {
            body += 1
        } else if word.isWord("end"), body > 0 {
            body -= 1
        }
    }

    private mutating func noteHead(_ word: UnsafeBufferPointer<UInt8>) {
        if words == 0 { isCopy = word.isWord("copy") }
        let isOfRoutines =
            word.isWord("create") || word.isWord("or") || word.isWord("replace") || word.isWord("function")
            || word.isWord("procedure")
        let letter = isOfRoutines ? word[0] | 0x20 : 0
        switch words {
        case 0: head.0 = letter
        case 1: head.1 = letter
        case 2: head.2 = letter
        default: head.3 = letter
        }
    }

    private var isRoutine: Bool {
        let (f, p) = (UInt8(ascii: "f"), UInt8(ascii: "p"))
        guard head.0 == UInt8(ascii: "c") else { return false }
        if head.1 == f || head.1 == p { return true }
        return head.1 == UInt8(ascii: "o") && head.2 == UInt8(ascii: "r") && (head.3 == f || head.3 == p)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether it is this word, which is in lower case, in any case.
    func isWord(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in indices where self[index] | 0x20 != word.utf8Start[index] { return false }
        return true
    }
}

extension UInt8 {
    var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
    var startsName: Bool {
        (self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z")) || self == UInt8(ascii: "_")
            || self >= 128
    }
    /// What may follow in the tag of a dollar quotation.
    var isInTag: Bool { startsName || (self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9")) }
    var isInName: Bool { isInTag || self == UInt8(ascii: "$") }

    fileprivate var isSpecial: Bool {
        switch self {
        case UInt8(ascii: ";"), UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "$"),
            UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "("), UInt8(ascii: ")"):
            true
        default: startsName
        }
    }
}
