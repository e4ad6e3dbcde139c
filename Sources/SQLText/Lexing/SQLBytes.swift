import Glibc

// Classes of bytes in SQL. Every byte of a character beyond ASCII counts as a letter.
extension UInt8 {
    var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
    /// A newline, or a carriage return alone.
    var endsLine: Bool { self == 0x0A || self == 0x0D }
    var startsName: Bool {
        (self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z")) || self == UInt8(ascii: "_")
            || self >= 128
    }
    /// A byte that may continue the tag of a dollar quotation.
    var isInTag: Bool { startsName || (self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9")) }
    var isInName: Bool { isInTag || self == UInt8(ascii: "$") }
    var isInNumber: Bool { isInTag || self == UInt8(ascii: ".") }
}

extension UnsafeBufferPointer<UInt8> {
    /// Compares with a word in lower case, without regard to case.
    func isWord(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in indices where self[index] | 0x20 != word.utf8Start[index] { return false }
        return true
    }

    /// The first place of a byte between two positions; to the end if none is given.
    func find(_ byte: UInt8, from: Int, to end: Int? = nil) -> Int? {
        let end = end ?? count
        guard from < end, let base = baseAddress, let found = memchr(base + from, CInt(byte), end - from) else {
            return nil
        }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
}
