/// Words stored one after the other in one block of memory, each with its slug.
///
/// The memory is never freed: lists exist as long as the program.
final class WordList: Sendable {
    let count: Int
    // Safe to share: the memory is filled before the initializer ends, and neither changed nor freed afterwards.
    private nonisolated(unsafe) let bytes: UnsafePointer<UInt8>
    private nonisolated(unsafe) let offsets: UnsafePointer<Int32>
    private nonisolated(unsafe) let slugBytes: UnsafePointer<UInt8>
    private nonisolated(unsafe) let slugOffsets: UnsafePointer<Int32>

    /// - Parameter entries: Words separated by line breaks or commas, `_` for a blank; `佐藤/sato` gives the slug.
    init(_ entries: String) {
        var words: [String] = []
        var slugs: [String] = []
        for entry in entries.split(whereSeparator: { $0.isNewline || $0 == "," }) {
            let parts = entry.split(separator: "/", maxSplits: 1)
            let word = String(parts[0]).replacing("_", with: " ").trimmingBlanks
            guard !word.isEmpty else { continue }
            words.append(word)
            slugs.append(parts.count > 1 ? String(parts[1]).trimmingBlanks : Self.slug(word))
        }
        count = words.count
        (bytes, offsets) = Self.packed(words)
        (slugBytes, slugOffsets) = Self.packed(slugs)
    }

    private static func packed(_ texts: [String]) -> (UnsafePointer<UInt8>, UnsafePointer<Int32>) {
        let all = texts.flatMap { Array($0.utf8) }
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: all.count + 1)
        bytes.initialize(from: all, count: all.count)
        let offsets = UnsafeMutablePointer<Int32>.allocate(capacity: texts.count + 1)
        var sum = 0
        for (place, text) in texts.enumerated() {
            offsets[place] = Int32(sum)
            sum += text.utf8.count
        }
        offsets[texts.count] = Int32(sum)
        return (UnsafePointer(bytes), UnsafePointer(offsets))
    }

    /// Words and slugs contain no characters that COPY escapes.
    @inline(__always)
    func write(_ index: Int, _ out: inout CopyBuffer) { out.append(Self.text(bytes, offsets, index)) }

    @inline(__always)
    func writeSlug(_ index: Int, _ out: inout CopyBuffer) { out.append(Self.text(slugBytes, slugOffsets, index)) }

    func word(_ index: Int) -> String { String(decoding: Self.text(bytes, offsets, index), as: UTF8.self) }
    func slug(_ index: Int) -> String { String(decoding: Self.text(slugBytes, slugOffsets, index), as: UTF8.self) }

    @inline(__always)
    private static func text(
        _ bytes: UnsafePointer<UInt8>,
        _ offsets: UnsafePointer<Int32>,
        _ index: Int
    ) -> UnsafeBufferPointer<UInt8> {
        let start = Int(offsets[index])
        return UnsafeBufferPointer(start: bytes + start, count: Int(offsets[index + 1]) - start)
    }

    /// Lower case, ASCII, words joined by a dash.
    static func slug(_ text: String) -> String {
        var result = ""
        for scalar in text.lowercased().unicodeScalars {
            switch scalar {
            case "a"..."z", "0"..."9", ".": result.unicodeScalars.append(scalar)
            case "ä": result += "ae"
            case "ö": result += "oe"
            case "ü": result += "ue"
            case "ß": result += "ss"
            case "é", "è": result += "e"
            default: if !result.isEmpty, !result.hasSuffix("-") { result += "-" }
            }
        }
        while result.hasSuffix("-") { result.removeLast() }
        return result
    }
}

extension String {
    package var trimmingBlanks: String {
        var slice = self[...]
        while let last = slice.last, last == " " { slice.removeLast() }
        return String(slice.drop { $0 == " " })
    }
}
