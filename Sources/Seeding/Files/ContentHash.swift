internal import Crypto

/// SHA-256, as the records of what was seeded hold it.
package enum ContentHash {
    package static func hex(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    package static func hex(_ texts: [String]) -> String { hex(Array(texts.joined(separator: "\u{0}").utf8)) }
}
