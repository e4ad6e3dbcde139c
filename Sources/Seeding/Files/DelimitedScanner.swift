/// Finds the records and fields of CSV and TSV.
struct DelimitedScanner {
    static let quote = UInt8(ascii: "\"")

    let bytes: [UInt8]
    let separator: UInt8
    let path: String
    private var position: Int
    private var line = 1

    init(bytes: [UInt8], separator: UInt8, path: String) {
        self.bytes = bytes
        self.separator = separator
        self.path = path
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// Appends the offsets of the next record's fields, and the offset of its end plus 1. Skips empty lines.
    ///
    /// - Returns: The line of the record; nil at the end of the file.
    mutating func record(_ offsets: inout [UInt32]) throws(SeedingError) -> Int? {
        while position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D {
            if bytes[position] == 0x0A { line += 1 }
            position += 1
        }
        guard position < bytes.count else { return nil }
        let first = line
        while true {
            offsets.append(UInt32(truncatingIfNeeded: position))
            try skipField()
            guard position < bytes.count, bytes[position] == separator else { break }
            position += 1
        }
        offsets.append(UInt32(truncatingIfNeeded: position + 1))
        if position < bytes.count, bytes[position] == 0x0D { position += 1 }
        if position < bytes.count, bytes[position] == 0x0A {
            position += 1
            line += 1
        }
        return first
    }

    /// How many records of a number of fields the rest of the file can have: they end at line feeds, and each field takes
    /// at least one byte. The line feeds of quoted texts do not count, except in TSV, where a quote may be part of a text.
    func recordsAtMost(width: Int) -> Int {
        let rest = bytes[position...]
        let ends: Int
        if separator == 0x09 || !rest.contains(Self.quote) {
            ends = rest.count { $0 == 0x0A }
        } else {
            var isQuoted = false
            ends = rest.count { byte in
                if byte == Self.quote { isQuoted.toggle() }
                return byte == 0x0A && !isQuoted
            }
        }
        return min(ends, rest.count / max(1, width)) + 1
    }

    private mutating func skipField() throws(SeedingError) {
        let (start, first) = (position, line)
        let isPlain =
            if position < bytes.count, bytes[position] == Self.quote { try skipQuoted() } else { try skipUnquoted() }
        guard !isPlain, String(validating: bytes[start..<position], as: UTF8.self) == nil else { return }
        throw SeedingError(
            .file,
            at: FilePlace(path, line: first),
            "the text is not UTF-8",
            hint: "convert the file, for example with iconv -t UTF-8"
        )
    }

    /// Whether a line ends here. A carriage return alone is part of the text.
    private func endsLine(_ position: Int) -> Bool {
        if bytes[position] == 0x0A { return true }
        return bytes[position] == 0x0D && (position + 1 == bytes.count || bytes[position + 1] == 0x0A)
    }

    /// - Returns: Whether the field is ASCII.
    private mutating func skipUnquoted() throws(SeedingError) -> Bool {
        var all: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == separator || byte == 0x0A { break }
            if byte == 0x0D, endsLine(position) { break }
            // JSON between tabs needs no quotes around it.
            guard byte != Self.quote || separator == 0x09 else {
                throw problem(line, "a field contains a quote but does not begin with one")
            }
            all |= byte
            position += 1
        }
        return all < 0x80
    }

    /// - Returns: Whether the field is ASCII.
    private mutating func skipQuoted() throws(SeedingError) -> Bool {
        let first = line
        var all: UInt8 = 0
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            all |= byte
            if byte == 0x0A { line += 1 }
            guard byte == Self.quote else { continue }
            if position < bytes.count, bytes[position] == Self.quote {
                position += 1
                continue
            }
            guard position == bytes.count || bytes[position] == separator || endsLine(position) else {
                throw problem(line, "text follows the closing quote of a field")
            }
            return all < 0x80
        }
        throw problem(first, "a quoted field is not closed")
    }

    private func problem(_ line: Int, _ what: String) -> SeedingError {
        SeedingError(
            .file,
            at: FilePlace(path, line: line),
            what,
            hint: "write quotes inside a quoted field twice, as in \"a \"\"b\"\"\""
        )
    }
}
