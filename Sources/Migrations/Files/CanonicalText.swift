/// The text of a file for checksums: no byte order mark, lines end with LF, and exactly one LF at the end. Most files
/// are already written like this, so their checksum equals that of their bytes.
struct CanonicalText {
    let text: String

    init(_ text: String) {
        var bytes = text.utf8[...]
        if bytes.starts(with: Self.mark) { bytes = bytes.dropFirst(Self.mark.count) }
        guard bytes.contains(Self.carriageReturn) || bytes.count < text.utf8.count || !Self.endsWithOneNewline(bytes)
        else {
            self.text = text
            return
        }
        var canonical: [UInt8] = []
        canonical.reserveCapacity(bytes.count + 1)
        for byte in bytes {
            if byte == Self.newline, canonical.last == Self.carriageReturn { canonical.removeLast() }
            canonical.append(byte)
        }
        while canonical.last == Self.newline { canonical.removeLast() }
        // An empty file stays empty.
        if !canonical.isEmpty { canonical.append(Self.newline) }
        self.text = String(decoding: canonical, as: UTF8.self)
    }

    /// The same lines with other line ends, with and without a final newline or a byte order mark.
    var spellings: [String] {
        let lines = text.utf8.last == Self.newline ? String(decoding: text.utf8.dropLast(), as: UTF8.self) : text
        let windows = lines.replacing("\n", with: "\r\n")
        let bodies = [lines, lines + "\n", windows, windows + "\r\n"]
        return bodies + bodies.map { "\u{FEFF}" + $0 }
    }

    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private static func endsWithOneNewline(_ bytes: Substring.UTF8View) -> Bool {
        bytes.isEmpty || bytes.last == newline && bytes.dropLast().last != newline
    }
}
