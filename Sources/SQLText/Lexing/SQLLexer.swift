// SQLText: analyses SQL text without a connection.
//
//   token    a word, a quotation, a comment or a sign (Lexing)
//   element  of a plain dump: a statement, a COPY with its rows, or a command of psql (Dumps)
//   script   a file as statements, each with PostgreSQL's own parse tree (Parsing)
//   effects  the objects that a statement touches, its locks and the rows it destroys (Effects)
//   schema   the tables that statements create, with columns, indexes and constraints (Schema)

import Glibc

/// PostgreSQL's lexical rules. This is the only code that knows where a quotation, a comment or a word ends.
///
///     var lexer = SQLLexer()
///     while true {
///         if let token = lexer.next(memory, &position, isLast: isAtEnd) { … }
///         else if isAtEnd { break }
///         else { read more after the bytes in memory }
///     }
///
/// The text may arrive in pieces. A token that reaches the end of the memory stays open: its bytes up to `position`
/// have been read, and the next call continues there. The rules come from `scan.l` of the server and `psqlscan.l` of
/// psql.
struct SQLLexer {
    struct Token {
        var kind: TokenKind
        /// Its range in memory, even if its beginning has been released.
        var range: Range<Int>
        /// false if the text ends within a quotation or a block comment.
        var isClosed: Bool
    }

    private enum State {
        case between
        case sign
        case blanks
        case word
        case number
        case lineComment
        case blockComment
        case quoted
        /// After a quotation mark, which ends the quotation unless another one follows.
        case behindQuote
        case dollars
    }

    /// Whether a backslash in a plain string is an ordinary character (`standard_conforming_strings`).
    let stringsAreStandard: Bool
    private var state = State.between
    private var kind = TokenKind.sign
    /// The length of the open token so far.
    private var length = 0
    /// The nesting depth of block comments.
    private var depth = 0
    /// The byte that ends a quotation, and whether a backslash escapes it.
    private var mark: UInt8 = 0
    private var escapes = false
    /// `$tag$`, which ends a dollar quotation.
    private var tag: [UInt8] = []
    private var gap = Gap()

    /// Bytes after `position` that were examined but are not part of the token yet.
    private struct Gap {
        var length = 0
        var hasNewline = false
        var isInComment = false
    }

    /// A token began that was not completely in memory.
    var isInToken: Bool { state != .between }

    init(stringsAreStandard: Bool = true) { self.stringsAreStandard = stringsAreStandard }

    /// Returns the token that begins at `position`, and moves `position` after it.
    ///
    /// - Parameter isLast: The text ends with the memory.
    /// - Returns: nil if the token may continue after the memory, or at the end of the text.
    mutating func next(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, isLast: Bool) -> Token? {
        let start = position
        if state == .between {
            guard position < bytes.count, begin(bytes, &position, isLast) else { return nil }
        }
        let isClosed = goOn(bytes, &position, start, isLast)
        length += position - start
        guard isClosed || isLast else { return nil }
        let token = Token(kind: kind, range: (position - length)..<position, isClosed: isClosed)
        state = .between
        length = 0
        if gap.length > 0 { gap = Gap() }
        return token
    }

    // Inlined, because a call for every token costs more than reading most tokens.

    /// Moves to the byte that decides how the token continues; false if that is not in memory.
    @inline(__always)
    private mutating func begin(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ isLast: Bool) -> Bool {
        let byte = bytes[position]
        switch byte {
        case _ where byte.startsName: (kind, state) = (.word, .word)
        case _ where byte.isBlank: (kind, state) = (.blanks, .blanks)
        case _ where byte.isInTag: (kind, state) = (.number, .number)
        case UInt8(ascii: "'"): quote(.string, byte, escapes: !stringsAreStandard)
        case UInt8(ascii: "\""): quote(.quotedName, byte, escapes: false)
        case UInt8(ascii: "$"): return beginDollars(bytes, &position, isLast)
        case UInt8(ascii: "-"), UInt8(ascii: "/"):
            guard position + 1 < bytes.count || isLast else { return false }
            switch (byte, position + 1 < bytes.count ? bytes[position + 1] : 0) {
            case (UInt8(ascii: "-"), UInt8(ascii: "-")): (kind, state) = (.lineComment, .lineComment)
            case (UInt8(ascii: "/"), UInt8(ascii: "*")): (kind, state, depth) = (.blockComment, .blockComment, 1)
            default: (kind, state) = (.sign, .sign)
            }
            if state != .sign { position += 1 }
        default: (kind, state) = (.sign, .sign)
        }
        position += 1
        return true
    }

    private mutating func quote(_ kind: TokenKind, _ mark: UInt8, escapes: Bool) {
        (self.kind, self.mark, self.escapes) = (kind, mark, escapes)
        state = .quoted
    }

    /// Moves to the end of the token or of the memory. Returns whether the token is known to end there.
    @inline(__always)
    private mutating func goOn(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ position: inout Int,
        _ start: Int,
        _ isLast: Bool
    ) -> Bool {
        while true {
            switch state {
            case .between, .sign: return true
            case .blanks:
                while position < bytes.count, bytes[position].isBlank { position += 1 }
                return position < bytes.count || isLast
            case .number:
                while position < bytes.count, bytes[position].isInNumber { position += 1 }
                return position < bytes.count || isLast
            case .word:
                while position < bytes.count, bytes[position].isInName { position += 1 }
                guard position < bytes.count else { return isLast }
                // E'…'
                guard bytes[position] == UInt8(ascii: "'"), length + position - start == 1,
                    bytes[position - 1] | 0x20 == UInt8(ascii: "e")
                else { return true }
                quote(.string, bytes[position], escapes: true)
                position += 1
            case .lineComment: return endLine(bytes, &position) || isLast
            case .blockComment: return endBlock(bytes, &position, isLast)
            case .quoted:
                guard endQuotation(bytes, &position, isLast) else { return false }
                state = .behindQuote
            case .behindQuote:
                guard let goesOn = reopens(bytes, &position, isLast) else { return false }
                guard goesOn else { return true }
                state = .quoted
            case .dollars: return endDollars(bytes, &position, isLast)
            }
        }
    }
}

// Quotations.
extension SQLLexer {
    /// Moves after the next quotation mark.
    private func endQuotation(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ isLast: Bool) -> Bool {
        guard escapes else {
            let found = bytes.find(mark, from: position)
            position = found.map { $0 + 1 } ?? bytes.count
            return found != nil
        }
        while position < bytes.count {
            switch bytes[position] {
            case mark:
                position += 1
                return true
            case UInt8(ascii: "\\"):
                guard position + 1 < bytes.count || isLast else { return false }
                position = min(position + 2, bytes.count)
            default: position += 1
            }
        }
        return false
    }

    /// Whether the quotation continues after a quotation mark: with a doubled mark, or, for a string with escapes, with
    /// another string after a line break, which has escapes too. nil if the deciding byte is not in memory.
    private mutating func reopens(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ position: inout Int,
        _ isLast: Bool
    ) -> Bool? {
        guard position < bytes.count else { return isLast ? false : nil }
        if bytes[position] == mark {
            position += 1
            return true
        }
        while escapes, position + gap.length < bytes.count {
            let byte = bytes[position + gap.length]
            if byte.endsLine {
                gap.hasNewline = true
                gap.isInComment = false
            } else if byte == mark, !gap.isInComment {
                guard gap.hasNewline else { return false }
                position += gap.length + 1
                gap = Gap()
                return true
            } else if byte == UInt8(ascii: "-"), !gap.isInComment {
                guard position + gap.length + 1 < bytes.count else { return isLast ? false : nil }
                guard bytes[position + gap.length + 1] == byte else { return false }
                gap.isInComment = true
            } else if !byte.isBlank, !gap.isInComment {
                return false
            }
            gap.length += 1
        }
        return escapes && !isLast ? nil : false
    }

    /// `$$` or `$tag$`, or a dollar that is an ordinary sign.
    private mutating func beginDollars(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ position: inout Int,
        _ isLast: Bool
    ) -> Bool {
        var end = position + max(1, gap.length)
        while end < bytes.count, end == position + 1 ? bytes[end].startsName : bytes[end].isInTag { end += 1 }
        guard end < bytes.count || isLast else {
            gap.length = end - position
            return false
        }
        if end < bytes.count, bytes[end] == UInt8(ascii: "$") {
            tag = Array(bytes[position...end])
            (kind, state) = (.dollarString, .dollars)
            position = end + 1
        } else {
            (kind, state) = (.sign, .sign)
            position += 1
        }
        return true
    }

    private func endDollars(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, _ isLast: Bool) -> Bool {
        while let found = bytes.find(UInt8(ascii: "$"), from: position) {
            position = found
            // The end tag must be completely in memory to be compared.
            guard found + tag.count <= bytes.count else {
                if isLast { position = bytes.count }
                return false
            }
            if memcmp(bytes.baseAddress! + found, tag, tag.count) == 0 {
                position += tag.count
                return true
            }
            position += 1
        }
        position = bytes.count
        return false
    }
}

// Comments.
extension SQLLexer {
    /// Moves to the end of the line. For PostgreSQL a carriage return ends a line too.
    private func endLine(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Bool {
        let newline = bytes.find(0x0A, from: position)
        let found = bytes.find(0x0D, from: position, to: newline ?? bytes.count) ?? newline
        position = found ?? bytes.count
        return found != nil
    }

    private mutating func endBlock(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ position: inout Int,
        _ isLast: Bool
    ) -> Bool {
        while position + 1 < bytes.count {
            switch (bytes[position], bytes[position + 1]) {
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                depth += 1
                position += 2
            case (UInt8(ascii: "*"), UInt8(ascii: "/")):
                depth -= 1
                position += 2
                if depth == 0 { return true }
            default: position += 1
            }
        }
        if isLast { position = bytes.count }
        return false
    }
}
