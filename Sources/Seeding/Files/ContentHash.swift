internal import Cryptography

/// SHA-256, as the records of what was seeded hold it.
package enum ContentHash {
    package static func hex(_ bytes: [UInt8]) -> String { Hexadecimal.text(SHA256.digest(of: bytes)) }

    package static func hex(_ texts: [String]) -> String { hex(Array(texts.joined(separator: "\u{0}").utf8)) }
}
