internal import CXXHash

/// An order-independent digest of rows: the sum, modulo 2^64, of the XXH3-64 of each line of COPY text.
package struct Digest: Codable, Sendable, Equatable, CustomStringConvertible {
    package private(set) var sum: UInt64 = 0

    package init() {}

    package mutating func add(_ hash: UInt64) { sum &+= hash }
    package mutating func merge(_ other: Digest) { sum &+= other.sum }

    package var description: String {
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        let isHexadecimal = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard text.utf8.count == 16, isHexadecimal, let sum = UInt64(text, radix: 16) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "a digest has 16 hexadecimal digits"
            )
        }
        self.sum = sum
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 { CXXHash_xxh3(bytes.baseAddress!, bytes.count) }
}
