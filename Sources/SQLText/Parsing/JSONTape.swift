import Glibc

/// A parse tree as libpg_query writes it, in JSON, read into one flat array.
///
/// A tape instead of a tree of objects: reading it allocates little at any depth, skipping a subtree is one addition,
/// and finding all nodes of a kind is a loop without recursion.
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
        /// An object whose first key begins with a capital letter, which is the kind of the node in it.
        var isWrapping = false
        /// Its offset in the bytes, without the quotes.
        var start: UInt32
        var end: UInt32
        /// The index of the entry after this one and its whole content.
        var next: UInt32
    }

    // Raw memory that never changes after reading. Rules read fields millions of times, and each access to an array
    // would retain it.
    nonisolated(unsafe) let bytes: UnsafeBufferPointer<UInt8>
    nonisolated(unsafe) let entries: UnsafeBufferPointer<Entry>
    /// What to add to a location in the tree to get an offset in the script.
    let base: Int

    /// - Parameter text: JSON with a zero at its end, allocated by `malloc`. The tape frees it, unless it is nil.
    /// - Returns: nil for text that is not JSON, which the library never writes.
    init?(adopting text: UnsafeMutablePointer<CChar>, base: Int) {
        let raw = UnsafeRawBufferPointer(start: text, count: strlen(text))
        let bytes = raw.bindMemory(to: UInt8.self)
        guard bytes.count < Int(UInt32.max) else { return nil }
        var reader = Reader(bytes)
        guard reader.read() else {
            reader.entries.deallocate()
            return nil
        }
        self.bytes = bytes
        entries = UnsafeBufferPointer(rebasing: reader.entries[..<reader.count])
        self.base = base
    }

    deinit {
        free(UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        entries.deallocate()
    }

    /// Reads the bytes once. It only checks the structure that it needs, because the library has written the text.
    private struct Reader {
        private let bytes: UnsafeBufferPointer<UInt8>
        private(set) var entries: UnsafeMutableBufferPointer<Entry>
        private(set) var count = 0
        /// Objects and lists that have not ended.
        private var open: [Int] = []

        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
            entries = .allocate(capacity: bytes.count / 8 + 16)
            open.reserveCapacity(32)
        }

        /// False if the text is not JSON.
        mutating func read() -> Bool {
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    open.append(count)
                    append(byte == UInt8(ascii: "{") ? .object : .array, position, position + 1)
                    position += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    guard let last = open.popLast() else { return false }
                    entries[last].next = UInt32(count)
                    position += 1
                case UInt8(ascii: "\""):
                    guard let end = string(position) else { return false }
                    position = end + 1
                case UInt8(ascii: ":"):
                    guard count > 0, entries[count - 1].kind == .string else { return false }
                    key()
                    position += 1
                case UInt8(ascii: ","), 0x20, 0x0A, 0x0D, 0x09: position += 1
                default:
                    let start = position
                    while position < bytes.count, bytes[position].isOfScalar { position += 1 }
                    guard position > start else { return false }
                    append(
                        byte == UInt8(ascii: "t") ? .true : byte == UInt8(ascii: "f") ? .false : .number,
                        start,
                        position
                    )
                }
            }
            return open.isEmpty && count > 0
        }

        private mutating func append(_ kind: Kind, _ start: Int, _ end: Int, isEscaped: Bool = false) {
            if count == entries.count { grow() }
            entries.initializeElement(
                at: count,
                to: Entry(
                    kind: kind,
                    isEscaped: isEscaped,
                    start: UInt32(truncatingIfNeeded: start),
                    end: UInt32(truncatingIfNeeded: end),
                    next: UInt32(truncatingIfNeeded: count + 1)
                )
            )
            count += 1
        }

        private mutating func grow() {
            let larger = UnsafeMutableBufferPointer<Entry>.allocate(capacity: entries.count * 2)
            _ = larger.moveInitialize(fromContentsOf: entries)
            entries.deallocate()
            entries = larger
        }

        /// The string before a colon.
        private mutating func key() {
            let last = count - 1
            entries[last].kind = .key
            let first = bytes[Int(entries[last].start)]
            if open.last == last - 1, first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z") {
                entries[last - 1].isWrapping = true
            }
        }

        /// A string, at its opening quote. Returns the place of the closing one.
        private mutating func string(_ position: Int) -> Int? {
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
            append(.string, position + 1, end, isEscaped: isEscaped)
            return end
        }
    }

    /// How many elements the array at `index` has.
    func count(_ index: Int) -> Int {
        var count = 0
        forEachElement(index) { _ in count += 1 }
        return count
    }

    /// Calls `body` with the index of each element of the array at `index`.
    @inline(__always) func forEachElement(_ index: Int, _ body: (Int) -> Void) {
        let end = Int(entries[index].next)
        var element = index + 1
        while element < end {
            body(element)
            element = Int(entries[element].next)
        }
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

    /// A whole number; nil if it is not a number or too large.
    func number(_ index: Int) -> Int? {
        let digits = bytes[Int(entries[index].start)..<Int(entries[index].end)]
        guard digits.count < 19, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return Int(text(index)) }
        return digits.reduce(0) { $0 * 10 + Int($1 & 15) }
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
                // The library writes only ASCII characters as escapes.
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
