// Strings, with their escapes.
extension JSONParser {
    /// The string that begins at the quote here.
    mutating func string() throws -> String {
        let start = place
        advance()
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                advance()
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            case 0x00..<0x20:
                throw error(
                    byte == 0x0A || byte == 0x0D
                        ? "a string goes on over the end of its line" : "a control character stands in a string",
                    hint: "close it with \", or write \\n for a new line and \\t for a tabulator"
                )
            default:
                text.append(byte)
                advance()
            }
        }
        throw error("the file ends within the string that begins at line \(start.line)", hint: "a \" is missing")
    }

    private mutating func escape() throws -> [UInt8] {
        let start = place
        advance()
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
            UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        if let byte = next, let meant = simple[byte] {
            advance()
            return [meant]
        }
        guard next == UInt8(ascii: "u") else {
            throw EnvironmentsError(
                .invalidFile,
                "\(start): a backslash stands before a character that it cannot escape",
                hint: "a backslash itself is written \\\\"
            )
        }
        advance()
        var code = try hexadecimal(start)
        if (0xD800..<0xDC00).contains(code), next == UInt8(ascii: "\\") {
            advance()
            guard next == UInt8(ascii: "u") else { throw halfPair(start) }
            advance()
            let low = try hexadecimal(start)
            guard (0xDC00..<0xE000).contains(low) else { throw halfPair(start) }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard code != 0 else {
            throw EnvironmentsError(
                .invalidFile,
                "\(start): a string holds the character NUL",
                hint: "PostgreSQL cannot hold it; take it away"
            )
        }
        guard let scalar = Unicode.Scalar(code) else { throw halfPair(start) }
        return Array(String(scalar).utf8)
    }

    private mutating func hexadecimal(_ start: TextPlace) throws -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw EnvironmentsError(
                    .invalidFile,
                    "\(start): \\u is not followed by four hexadecimal digits",
                    hint: "write the character itself, or four digits such as \\u00e9"
                )
            }
            code = code << 4 | UInt32(digit)
            advance()
        }
        return code
    }

    private func halfPair(_ start: TextPlace) -> EnvironmentsError {
        EnvironmentsError(
            .invalidFile,
            "\(start): \\u names one half of a surrogate pair without the other",
            hint: "write the character itself"
        )
    }
}
