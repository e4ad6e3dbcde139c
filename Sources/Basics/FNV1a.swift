/// The hash FNV-1a with 64 bits (RFC 9923), which is the same in every version of granary. Swift's own hashes are not.
///
/// Keys of advisory locks, names of folders and generated values are made with it, so its values must never change. It
/// is no protection against somebody who looks for texts with the same hash.
package struct FNV1a: Sendable {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

    package mutating func add(_ text: String) { for byte in text.utf8 { add(byte) } }

    package static func hash(of text: String) -> UInt64 {
        var hash = FNV1a()
        hash.add(text)
        return hash.value
    }

    /// The sixteen hexadecimal digits of a text's hash.
    package static func digits(of text: String) -> String {
        let digits = String(hash(of: text), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
