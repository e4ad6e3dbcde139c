/// The text form of an encrypted file (RFC 7468, strict). It is only read.
package enum AgeArmor {
    private static let begin = "-----BEGIN AGE ENCRYPTED FILE-----"
    private static let end = "-----END AGE ENCRYPTED FILE-----"
    private static let columns = 64
    /// The text is decoded in memory, so a longer one is refused.
    static let bytesMax = 256 << 20

    /// Whether a file begins like armor, possibly after white space.
    static func begins(_ prefix: [UInt8]) -> Bool { prefix.drop(while: isSpace).starts(with: begin.utf8) }

    /// The binary form.
    ///
    /// - Throws: `AgeError.armor`.
    package static func decode(_ text: [UInt8]) throws -> [UInt8] {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(withoutReturn)
        while let first = lines.first, isBlank(first) { lines.removeFirst() }
        while let last = lines.last, isBlank(last) { lines.removeLast() }
        guard lines.count > 1, leading(lines[0]).elementsEqual(begin.utf8),
            trailing(lines[lines.count - 1]).elementsEqual(end.utf8)
        else { throw malformed }
        var bytes: [UInt8] = []
        for (index, line) in lines[1..<(lines.count - 1)].enumerated() {
            let isLast = index == lines.count - 3
            guard !line.isEmpty, isLast ? line.count <= columns : line.count == columns, line.count % 4 == 0 else {
                throw malformed
            }
            let padding = isLast ? line.suffix(2).count { $0 == UInt8(ascii: "=") } : 0
            guard let part = Base64.bytes(line.dropLast(padding)), (3 - part.count % 3) % 3 == padding else {
                throw malformed
            }
            bytes += part
        }
        return bytes
    }

    private static let malformed = AgeError(
        .armor,
        "the text form of the encryption is malformed",
        hint: AgeError.verifyHint
    )

    private static func withoutReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private static func isBlank(_ line: ArraySlice<UInt8>) -> Bool { line.allSatisfy(isSpace) }
    /// White space is allowed before and after the armor, not inside it.
    private static func leading(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> { line.drop(while: isSpace) }
    private static func trailing(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, isSpace(last) { line.removeLast() }
        return line
    }
}
