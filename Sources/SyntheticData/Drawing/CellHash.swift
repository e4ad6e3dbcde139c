internal import Basics

/// The arithmetic of generated values: a value depends only on the seed, the table, the column and the row.
///
/// The mixer is that of SplitMix64 (Steele, Lea, Flood 2014). The permutation is a Feistel network of four rounds,
/// repeated until the result is inside the domain. So any number of indices can be permuted without memory.
package enum CellHash {
    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }

    /// The key of a column's draws: FNV-1a over the names, mixed with the seed.
    package static func key(seed: Int, _ names: String...) -> UInt64 {
        var hash = FNV1a()
        for name in names {
            hash.add(name)
            hash.add(0xFF)
        }
        return mix(hash.value &+ UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15)
    }

    /// The random number of a row.
    @inline(__always)
    package static func draw(_ key: UInt64, _ row: UInt64) -> UInt64 { mix(key &+ (row &+ 1) &* 0x9E37_79B9_7F4A_7C15) }

    /// Another random number for the same cell.
    @inline(__always)
    static func next(_ draw: UInt64) -> UInt64 { mix(draw &+ 0x9E37_79B9_7F4A_7C15) }

    /// Maps a draw to one of `count` numbers.
    @inline(__always)
    static func below(_ count: Int, _ draw: UInt64) -> Int {
        Int(truncatingIfNeeded: draw.multipliedFullWidth(by: UInt64(count)).high)
    }

    /// Maps a draw to a number from 0 to 1, excluding 1.
    @inline(__always)
    static func unit(_ draw: UInt64) -> Double { Double(draw &>> 11) * 0x1p-53 }
}

/// All numbers below `count` in a random order.
struct Permutation: Sendable {
    let count: Int
    private let key: UInt64
    private let halfBits: UInt64
    private let mask: UInt64

    init(count: Int, key: UInt64) {
        self.count = max(1, count)
        self.key = key
        let bits = max(2, UInt64(Int.bitWidth - (self.count - 1).leadingZeroBitCount))
        halfBits = (bits + 1) / 2
        mask = (1 &<< halfBits) &- 1
    }

    /// - Parameter tweak: Each value selects a different permutation.
    @inline(__always)
    func callAsFunction(_ index: Int, tweak: UInt64 = 0) -> Int {
        if count == 1 { return 0 }
        var value = UInt64(index)
        repeat { value = round(value, key ^ tweak) } while value >= UInt64(count)
        return Int(value)
    }

    @inline(__always)
    private func round(_ value: UInt64, _ key: UInt64) -> UInt64 {
        var (left, right) = (value &>> halfBits, value & mask)
        for number in 0..<4 as Range<UInt64> {
            let mixed = CellHash.mix(right &+ key &+ number &* 0x9E37_79B9_7F4A_7C15) & mask
            (left, right) = (right, left ^ mixed)
        }
        return left &<< halfBits | right
    }
}
