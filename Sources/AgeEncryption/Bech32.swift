/// Bech32 (BIP 173) without its limit of length: text with a prefix that names its kind, and a checksum of six letters.
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

    /// - Parameter prefix: In lower case.
    static func text(_ bytes: [UInt8], prefix: String) -> String {
        let values = regrouped(bytes, from: 8, to: 5, pads: true) ?? []
        let check = checksum(expanded(prefix) + values + [UInt8](repeating: 0, count: 6)) ^ 1
        let letters = values + (0..<6).map { UInt8(check >> UInt32(5 * (5 - $0)) & 31) }
        return prefix + "1" + String(decoding: letters.map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// - Returns: The prefix in lower case, and the bytes; nil if the text is no Bech32, or mixes upper and lower case.
    static func read(_ text: String) -> (prefix: String, bytes: [UInt8])? {
        guard text.utf8.allSatisfy({ (33...126).contains($0) }) else { return nil }
        let lower = text.lowercased()
        guard text == lower || text == text.uppercased(), let one = lower.utf8.lastIndex(of: UInt8(ascii: "1")) else {
            return nil
        }
        let prefix = String(lower[..<one])
        let letters = lower.utf8[lower.utf8.index(after: one)...]
        var values: [UInt8] = []
        for letter in letters {
            guard let value = alphabet.firstIndex(of: letter) else { return nil }
            values.append(UInt8(value))
        }
        guard !prefix.isEmpty, values.count >= 6, checksum(expanded(prefix) + values) == 1,
            let bytes = regrouped(values.dropLast(6), from: 5, to: 8, pads: false)
        else { return nil }
        return (prefix, bytes)
    }

    private static func expanded(_ prefix: String) -> [UInt8] {
        prefix.utf8.map { $0 >> 5 } + [0] + prefix.utf8.map { $0 & 31 }
    }

    private static func checksum(_ values: [UInt8]) -> UInt32 {
        let generator: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
        return values.reduce(1) { sum, value in
            let top = sum >> 25
            return generator.enumerated().reduce((sum & 0x1FF_FFFF) << 5 ^ UInt32(value)) {
                top >> UInt32($1.offset) & 1 == 1 ? $0 ^ $1.element : $0
            }
        }
    }

    /// - Returns: nil if, without padding, more than a group of zero bits is left.
    private static func regrouped(
        _ values: some Sequence<UInt8>,
        from source: UInt32,
        to target: UInt32,
        pads: Bool
    ) -> [UInt8]? {
        var (groups, bits, count): ([UInt8], UInt32, UInt32) = ([], 0, 0)
        for value in values {
            bits = (bits << source | UInt32(value)) & 0xFFFF
            count += source
            while count >= target {
                count -= target
                groups.append(UInt8(truncatingIfNeeded: bits >> count & (1 << target - 1)))
            }
        }
        if pads {
            if count > 0 { groups.append(UInt8(truncatingIfNeeded: bits << (target - count) & (1 << target - 1))) }
            return groups
        }
        return count < source && bits & (1 << count - 1) == 0 ? groups : nil
    }
}
