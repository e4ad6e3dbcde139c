internal import AgeEncryption
internal import Storage

enum AgeTargets {
    /// The identity that the files of the corpus are encrypted for. It opens nothing else.
    private static let identity = "AGE-SECRET-KEY-1W4Q7GUKFPNMC5ZPEGL0YH7N7ZJPSUPZ39LCFMH5YFV5CGN9WQMJQ98Y88N"

    /// A header that is read is written with the same bytes, and content does not depend on the ranges in which it is
    /// read.
    static func age(_ input: [UInt8]) throws {
        let source = MemorySource(try unless(AgeError.self) { try AgeArmor.decode(input) } ?? input)
        guard let header = try unless(AgeError.self, { try AgeHeader(source) }) else { return }
        let bytes = try source.bytes(at: 0, count: header.byteCount)
        try require(header.bytes == bytes, "the header is written differently than it was read")
        guard !header.needsPassphrase, let key = try AgeSecretKey(identity) else { return }
        let opened = try unless(AgeError.self) {
            try AgeSource(source, header, try header.fileKey([.key(key)]), name: "input")
        }
        guard let opened,
            let whole = try unless(StorageError.self, { try opened.bytes(at: 0, count: opened.byteCount) })
        else { return }
        for offset in stride(from: 0, to: whole.count, by: 10_007) {
            let count = min(70_000, whole.count - offset)
            let part = try opened.bytes(at: offset, count: count)
            try require(part == Array(whole[offset..<offset + count]), "a range from \(offset) on differs")
        }
    }
}
