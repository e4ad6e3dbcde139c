internal import Cryptography

/// SHA-256, in the form used in the record of seeds.
package enum ContentHash {
    package static func hex(_ bytes: [UInt8]) -> String { SHA256.text(of: bytes) }

    package static func hex(_ texts: [String]) -> String { hex(Array(texts.joined(separator: "\u{0}").utf8)) }
}
