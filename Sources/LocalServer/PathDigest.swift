/// A short name for a long path, to distinguish projects. It is not secret.
package enum PathDigest {
    /// 64-bit FNV-1a, see RFC 9923.
    package static func number(of path: String) -> UInt64 {
        path.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Its sixteen hexadecimal digits.
    static func name(for path: String) -> String {
        let digits = String(number(of: path), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
