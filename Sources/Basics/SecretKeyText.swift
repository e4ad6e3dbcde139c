/// Recognizes identities of age in text, so that they are neither stored nor printed.
package enum SecretKeyText {
    private static let start = Array("age-secret-key-".utf8)

    package static func isContained(in text: String) -> Bool { isContained(in: Array(text.utf8)) }

    /// `text` with every identity replaced by `AGE-SECRET-KEY-***`.
    package static func masked(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard isContained(in: bytes) else { return text }
        var (masked, place): ([UInt8], Int) = ([], 0)
        while place < bytes.count {
            guard begins(bytes, at: place) else {
                masked.append(bytes[place])
                place += 1
                continue
            }
            let word = bytes[place...].prefix(while: isOfWord)
            // `AGE-SECRET-KEY-1` in a hint is only the beginning that all identities have.
            masked += word.count > start.count + 1 ? Array("AGE-SECRET-KEY-***".utf8) : Array(word)
            place += word.count
        }
        return String(decoding: masked, as: UTF8.self)
    }

    private static func isContained(in bytes: [UInt8]) -> Bool { bytes.indices.contains { begins(bytes, at: $0) } }

    private static func begins(_ bytes: [UInt8], at place: Int) -> Bool {
        bytes.count - place >= start.count && zip(bytes[place...], start).allSatisfy { $0 == $1 || $0 | 0x20 == $1 }
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
