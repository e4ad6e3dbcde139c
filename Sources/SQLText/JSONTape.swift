import Glibc

/// A parse tree as libpg_query writes it, in JSON, read into one flat array.
///
/// A tape instead of a tree of boxes: reading it allocates twice however deep the text is nested, passing over a
/// subtree is one addition, and looking for all nodes of a kind is a loop without recursion.
final class JSONTape: Sendable {
    enum Kind: UInt8 {
        case object
        case array
        case key
        case string
        case number
        case `true`
        case `false`
    }

    struct Entry: BitwiseCopyable {
        var kind: Kind
        /// A string or key that holds a backslash.
        var isEscaped: Bool
        /// An object whose first key begins with a capital letter: it says of what kind the node in it is.
        var isWrapping = false
        /// In the bytes, without the quotes.
        var start: UInt32
        var end: UInt32
        /// The entry behind this one and all that is in it.
        var next: UInt32
    }

    // Bare memory, which nobody writes to: rules ask for fields millions of times, and an array would be retained for
    // each of them.
    nonisolated(unsafe) let bytes: UnsafeBufferPointer<UInt8>
    nonisolated(unsafe) let entries: UnsafeBufferPointer<Entry>
    /// What to add to a location in the tree to have an offset in the script.
    let base: Int

    /// - Returns: nil for what is not JSON, which the library never writes.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, base: Int) {
        guard bytes.count < Int(UInt32.max), let entries = Self.read(bytes) else { return nil }
        self.bytes = Self.kept(bytes)
        self.entries = Self.kept(entries)
        self.base = base
    }

    deinit {
        bytes.deallocate()
        entries.deallocate()
    }

    private static func kept<T: BitwiseCopyable>(_ elements: some Collection<T>) -> UnsafeBufferPointer<T> {
        let memory = UnsafeMutableBufferPointer<T>.allocate(capacity: elements.count)
        _ = memory.initialize(from: elements)
        return UnsafeBufferPointer(memory)
    }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> [Entry]? {
        var entries: [Entry] = []
        entries.reserveCapacity(bytes.count / 12 + 4)
        var open: [Int] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open.append(entries.count)
                let kind: Kind = byte == UInt8(ascii: "{") ? .object : .array
                entries.append(entry(kind, position, position + 1, entries.count))
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard let last = open.popLast() else { return nil }
                entries[last].next = UInt32(entries.count)
                position += 1
            case UInt8(ascii: "\""):
                guard let string = string(bytes, position, entries.count) else { return nil }
                entries.append(string)
                position = Int(string.end) + 1
            case UInt8(ascii: ":"):
                guard let last = entries.indices.last, entries[last].kind == .string else { return nil }
                entries[last].kind = .key
                let first = bytes[Int(entries[last].start)]
                if open.last == last - 1, first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z") {
                    entries[last - 1].isWrapping = true
                }
                position += 1
            case UInt8(ascii: ","), 0x20, 0x0A, 0x0D, 0x09: position += 1
            default:
                let start = position
                while position < bytes.count, bytes[position].isOfScalar { position += 1 }
                guard position > start else { return nil }
                let kind: Kind =
                    byte == UInt8(ascii: "t") ? .true : byte == UInt8(ascii: "f") ? .false : .number
                entries.append(entry(kind, start, position, entries.count))
            }
        }
        return open.isEmpty && !entries.isEmpty ? entries : nil
    }

    private static func entry(_ kind: Kind, _ start: Int, _ end: Int, _ index: Int) -> Entry {
        Entry(kind: kind, isEscaped: false, start: UInt32(start), end: UInt32(end), next: UInt32(index + 1))
    }

    /// A string, at its opening quote.
    private static func string(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int, _ index: Int) -> Entry? {
        var end = position + 1
        var isEscaped = false
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            if bytes[end] == UInt8(ascii: "\\") {
                isEscaped = true
                end += 1
            }
            end += 1
        }
        guard end < bytes.count else { return nil }
        var string = entry(.string, position + 1, end, index)
        string.isEscaped = isEscaped
        return string
    }

    /// Whether the key at `index` is this one.
    func isKey(_ index: Int, _ key: StaticString) -> Bool {
        let entry = entries[index]
        let count = Int(entry.end - entry.start)
        guard count == key.utf8CodeUnitCount else { return false }
        return memcmp(bytes.baseAddress! + Int(entry.start), key.utf8Start, count) == 0
    }

    /// The text of a string, key or number.
    func text(_ index: Int) -> String {
        let entry = entries[index]
        let slice = UnsafeBufferPointer(rebasing: bytes[Int(entry.start)..<Int(entry.end)])
        guard entry.isEscaped else { return String(decoding: slice, as: UTF8.self) }
        return String(decoding: Self.unescaped(Array(slice)[...]), as: UTF8.self)
    }

    private static func unescaped(_ slice: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = slice
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                result.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "u"):
                // The library escapes only ASCII so; everything else stands as it is.
                let digits = String(decoding: rest.prefix(4), as: UTF8.self)
                rest = rest.dropFirst(4)
                if let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) {
                    result += Array(String(Character(scalar)).utf8)
                }
            default: result.append(escape)
            }
        }
        return result
    }
}

extension UInt8 {
    fileprivate var isOfScalar: Bool {
        (self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9"))
            || (self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z"))
            || self == UInt8(ascii: "-") || self == UInt8(ascii: "+") || self == UInt8(ascii: ".")
            || self == UInt8(ascii: "E")
    }
}
