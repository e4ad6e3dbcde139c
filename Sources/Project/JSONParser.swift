/// Parses JSON byte by byte.
struct JSONParser {
    let bytes: [UInt8]
    let path: String
    private var position = 0
    private var line = 1
    private var lineStart = 0
    private var depth = 0
    private static let depthMax = 200
    var passesRepeatedKeys = false
    private(set) var repeatedKeys: [JSONMember] = []

    init(bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    mutating func document() throws(EnvironmentsError) -> JSONNode {
        let node = try value(.root)
        skipBlanks()
        guard position == bytes.count else { throw problem("text follows the end of the document") }
        return node
    }

    private func problem(
        _ what: String,
        hint: String = "the file must be JSON, without comments and without a comma after the last value"
    ) -> EnvironmentsError {
        // The byte order mark does not count as a character of the first line.
        let start = line == 1 && bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : lineStart
        // Columns count characters; the continuation bytes of a character begin with the bits 10.
        let column = bytes[min(start, position)..<position].count { $0 & 0xc0 != 0x80 } + 1
        return EnvironmentsError(
            .file,
            at: FilePlace(path, line: line, column: column),
            what,
            hint: hint
        )
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\n"):
                line += 1
                lineStart = position + 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            default: return
            }
            position += 1
        }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(_ way: JSONTrail) throws(EnvironmentsError) -> JSONNode {
        skipBlanks()
        let (start, startLine) = (position, line)
        let value: JSONNode.Value
        switch next {
        case UInt8(ascii: "{"): value = .object(try members(way))
        case UInt8(ascii: "["): value = .array(try elements(way))
        case UInt8(ascii: "\""): value = .string(try string())
        case UInt8(ascii: "t"): value = try word("true", .bool(true))
        case UInt8(ascii: "f"): value = try word("false", .bool(false))
        case UInt8(ascii: "n"): value = try word("null", .null)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): value = .number(try number())
        case nil: throw problem("the file ends where a value should be")
        default: throw problem("this is not the beginning of a value")
        }
        return JSONNode(value: value, range: start..<position, line: startLine, way: way, path: path)
    }

    private mutating func word(_ word: String, _ value: JSONNode.Value) throws(EnvironmentsError) -> JSONNode.Value {
        guard bytes[position...].starts(with: word.utf8) else { throw problem("this is not the beginning of a value") }
        position += word.utf8.count
        return value
    }

    private mutating func members(_ way: JSONTrail) throws(EnvironmentsError) -> [JSONMember] {
        try enter()
        defer { depth -= 1 }
        var members: [JSONMember] = []
        var keys: Set<String> = []
        skipBlanks()
        if take("}") { return members }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw problem("a key in double quotes is missing") }
            let (start, keyLine) = (position, line)
            let key = try string()
            let isRepeated = !keys.insert(key).inserted
            guard !isRepeated || passesRepeatedKeys else {
                throw problem("the key \(key) occurs twice", hint: "keep one of the two entries")
            }
            skipBlanks()
            guard take(":") else { throw problem("a colon is missing after the key \(key)") }
            let node = try value(JSONTrail(way, .key(key)))
            let member = JSONMember(key: key, keyStart: start, line: keyLine, value: node)
            if isRepeated { repeatedKeys.append(member) } else { members.append(member) }
            skipBlanks()
            if take("}") { return members }
            guard take(",") else { throw problem("a comma or a closing brace is missing") }
        }
    }

    private mutating func elements(_ way: JSONTrail) throws(EnvironmentsError) -> [JSONNode] {
        try enter()
        defer { depth -= 1 }
        var elements: [JSONNode] = []
        skipBlanks()
        if take("]") { return elements }
        while true {
            elements.append(try value(JSONTrail(way, .index(elements.count))))
            skipBlanks()
            if take("]") { return elements }
            guard take(",") else { throw problem("a comma or a closing bracket is missing") }
        }
    }

    private mutating func enter() throws(EnvironmentsError) {
        position += 1
        depth += 1
        guard depth <= Self.depthMax else { throw problem("the values are nested more than \(Self.depthMax) deep") }
    }

    private mutating func number() throws(EnvironmentsError) -> String {
        let start = position
        _ = take("-")
        func isDigit(_ byte: UInt8?) -> Bool {
            byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        }
        guard isDigit(next) else { throw problem("a number needs a digit") }
        if !take("0") { while isDigit(next) { position += 1 } }
        if take(".") {
            guard isDigit(next) else { throw problem("a number needs a digit after its point") }
            while isDigit(next) { position += 1 }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard isDigit(next) else { throw problem("a number needs a digit in its exponent") }
            while isDigit(next) { position += 1 }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func string() throws(EnvironmentsError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw problem("the text is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                position += 1
                try escape(&text)
            case 0..<0x20: throw problem("a text must not contain a line break or another control character")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw problem("a text is not closed")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(EnvironmentsError) {
        guard let byte = next else { throw problem("a text is not closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var code = try fourDigits()
            if (0xd800..<0xdc00).contains(code), take("\\"), take("u") {
                let low = try fourDigits()
                guard (0xdc00..<0xe000).contains(low) else { throw problem("half of a surrogate pair is missing") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            // No name, path or text in PostgreSQL can contain it.
            guard code != 0 else { throw problem("a text must not contain the character U+0000") }
            guard let scalar = Unicode.Scalar(code) else { throw problem("half of a surrogate pair is missing") }
            text += Array(String(Character(scalar)).utf8)
        default: throw problem("\\ is followed by a character that has no meaning there")
        }
    }

    private mutating func fourDigits() throws(EnvironmentsError) -> UInt32 {
        let digits = bytes[position..<min(position + 4, bytes.count)].map { Unicode.Scalar($0) }
        guard digits.count == 4, digits.allSatisfy(\.properties.isASCIIHexDigit),
            let code = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
        else {
            throw problem("\\u needs four hexadecimal digits")
        }
        position += 4
        return code
    }
}
