/// Reads RFC 8259 byte by byte, counting lines and columns.
struct JSONParser {
    private let bytes: [UInt8]
    private let path: String
    private var position: Int
    private var line = 1
    private var lineStart: Int
    /// Bytes on this line that continue a character: what a column counted in bytes has too many.
    private var continuations = 0
    private var keys: [String] = []

    init(_ bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
        // Editors on Windows put a byte order mark there; RFC 8259 allows to ignore it.
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        lineStart = position
    }

    /// - Throws: `EnvironmentsError.invalidFile`.
    mutating func document() throws -> JSONValue {
        try skipBlanks()
        guard next != nil else { throw error("the file is empty", hint: "an empty object is {}") }
        let value = try value(depth: 0)
        try skipBlanks()
        guard next == nil else { throw error("text follows the end of the value", hint: "a JSON file is one value") }
        return value
    }
}

// Values.
extension JSONParser {
    private mutating func value(depth: Int) throws -> JSONValue {
        let start = position
        let place = place
        guard depth < JSONText.depthLimit else {
            throw error(
                "values stand more than \(JSONText.depthLimit) deep in each other",
                hint: "look at the brackets"
            )
        }
        let content: JSONValue.Content =
            switch next ?? 0 {
            case UInt8(ascii: "{"): .object(try object(depth: depth))
            case UInt8(ascii: "["): .array(try array(depth: depth))
            case UInt8(ascii: "\""): .string(try string())
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number(try number())
            default: try word()
            }
        return JSONValue(
            content: content,
            range: start..<position,
            place: place,
            keyPath: keys.reduce(into: "") { path, key in
                path += path.isEmpty || key.hasPrefix("[") ? key : ".\(key)"
            }
        )
    }

    private mutating func object(depth: Int) throws -> JSONObject {
        var members: [JSONObject.Member] = []
        var places: [[UInt8]: TextPlace] = [:]
        try list(closedBy: UInt8(ascii: "}")) { parser in
            guard parser.next == UInt8(ascii: "\"") else {
                throw parser.error(
                    "a key in double quotes is expected",
                    hint: parser.hint(for: "a key stands in \"…\"")
                )
            }
            let start = parser.position
            let place = parser.place
            let key = try parser.string()
            let end = parser.position
            // Byte by byte: two keys that only look the same are two keys.
            if let first = places.updateValue(place, forKey: Array(key.utf8)) {
                throw EnvironmentsError(
                    .invalidFile,
                    "\(place): the key \(key) stands twice in one object, first in line \(first.line)",
                    hint: "take one of the two away"
                )
            }
            try parser.skipBlanks()
            guard parser.next == UInt8(ascii: ":") else {
                throw parser.error("a colon is expected after the key \(key)", hint: "write \"\(key)\": value")
            }
            parser.advance()
            try parser.skipBlanks()
            parser.keys.append(key)
            let value = try parser.value(depth: depth + 1)
            parser.keys.removeLast()
            members.append(
                JSONObject.Member(key: key, keyRange: start..<end, keyPlace: place, value: value)
            )
        }
        return JSONObject(members)
    }

    private mutating func array(depth: Int) throws -> [JSONValue] {
        var elements: [JSONValue] = []
        try list(closedBy: UInt8(ascii: "]")) { parser in
            parser.keys.append("[\(elements.count)]")
            elements.append(try parser.value(depth: depth + 1))
            parser.keys.removeLast()
        }
        return elements
    }

    /// What stands between two brackets, separated by commas.
    private mutating func list(closedBy end: UInt8, _ element: (inout JSONParser) throws -> Void) throws {
        let start = place
        let bracket = Character(Unicode.Scalar(end))
        advance()
        try skipBlanks()
        var isFirst = true
        while next != end {
            guard next != nil else {
                throw error("the file ends within what begins at line \(start.line)", hint: "a \(bracket) is missing")
            }
            if !isFirst {
                guard next == UInt8(ascii: ",") else {
                    throw error("a comma or \(bracket) is expected", hint: hint(for: "a comma separates values"))
                }
                let comma = place
                advance()
                try skipBlanks()
                if next == end {
                    throw EnvironmentsError(
                        .invalidFile,
                        "\(comma): a comma stands before the \(bracket)",
                        hint: "take it away: JSON has no comma after the last value"
                    )
                }
            }
            isFirst = false
            try element(&self)
            try skipBlanks()
        }
        advance()
    }

    private mutating func number() throws -> String {
        let start = position
        let place = place
        while let byte = next, isLetterOrDigit(byte) || [43, 45, 46].contains(byte) { advance() }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.wholeMatch(of: #/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/#) != nil else {
            throw EnvironmentsError(
                .invalidFile,
                "\(place): this is not a number as JSON has it",
                hint: "a number has no leading zeros and no plus; text stands in double quotes"
            )
        }
        return text
    }

    private mutating func word() throws -> JSONValue.Content {
        let words: [(String, JSONValue.Content)] = [("true", .bool(true)), ("false", .bool(false)), ("null", .null)]
        for (word, content) in words where bytes[position...].starts(with: word.utf8) {
            let end = position + word.utf8.count
            guard end == bytes.count || !isLetterOrDigit(bytes[end]) else { break }
            for _ in word.utf8 { advance() }
            return content
        }
        throw error(
            next == nil ? "the file ends where a value is expected" : "a value is expected",
            hint: hint(for: "a value is \"text\", a number, true, false, null, { … } or [ … ]")
        )
    }
}

// Bytes.
extension JSONParser {
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    var place: TextPlace {
        TextPlace(file: path, line: line, column: position - lineStart - continuations + 1)
    }

    mutating func advance() {
        let byte = bytes[position]
        position += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            lineStart = position
            continuations = 0
        } else if byte & 0xC0 == 0x80 {
            continuations += 1
        }
    }

    private mutating func skipBlanks() throws {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { advance() }
        if next == UInt8(ascii: "/") || next == UInt8(ascii: "#") {
            throw error("a comment stands here", hint: "JSON has no comments; use a \"description\"")
        }
    }

    private func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    func error(_ sentence: String, hint: String) -> EnvironmentsError {
        EnvironmentsError(.invalidFile, "\(place): \(sentence)", hint: hint)
    }

    /// What people write who think of another language.
    private func hint(for usual: String) -> String {
        switch next {
        case UInt8(ascii: "'"): "JSON's quotes are double: \"…\""
        case UInt8(ascii: "T"), UInt8(ascii: "F"), UInt8(ascii: "N"): "true, false and null are written in lower case"
        default: usual
        }
    }
}
