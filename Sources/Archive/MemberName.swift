/// Names of members. They may come from an untrusted source.
extension ZipEntry {
    /// Requires a name that cannot lead out of a folder and does not affect a terminal.
    ///
    /// - Throws: `ArchiveError.format`, with the name escaped.
    func requireSafeName() throws {
        guard !ZipEntry.isSafe(name.utf8) else { return }
        let shown = name.unicodeScalars.prefix(100).map { $0.escaped(asASCII: true) }.joined()
        throw ArchiveError(.format, "the member name \"\(shown)\" is not safe", hint: "do not unpack this file")
    }

    /// Checks bytes, because for `Character` a slash followed by a combining accent is not a slash; in one pass,
    /// because an archive may have millions of names.
    private static func isSafe(_ name: String.UTF8View) -> Bool {
        var (count, partBytes, dots) = (0, 0, 0)
        var previous: UInt8 = 0
        for byte in name {
            count += 1
            if byte == UInt8(ascii: "/") {
                guard isSafe(partBytes, dots) else { return false }
                (partBytes, dots) = (0, 0)
            } else {
                // In UTF-8, U+0080 to U+009F are C2 followed by the same byte.
                let isControl = byte < 32 || byte == 0x7f || (previous == 0xc2 && byte < 0xa0)
                guard !isControl, byte != UInt8(ascii: "\\") else { return false }
                partBytes += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
            }
            previous = byte
        }
        return count <= UInt16.max && isSafe(partBytes, dots)
    }

    /// Whether a part with this many bytes, of which this many are dots, is neither empty nor `.` nor `..`.
    private static func isSafe(_ partBytes: Int, _ dots: Int) -> Bool {
        partBytes > 0 && !(partBytes <= 2 && dots == partBytes)
    }
}
