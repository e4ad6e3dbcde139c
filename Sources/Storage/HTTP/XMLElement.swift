/// An element of a small XML document: the answer of an object store.
///
/// Reads what such answers contain: elements, text, the five named entities and numbers. Attributes, comments, and the
/// first line are skipped. A document type, which can define entities, is refused, and so are documents that are larger than
/// any answer.
package struct XMLElement: Sendable, Equatable {
    /// Without its namespace.
    package var name: String
    /// The text directly inside it.
    package var text = ""
    package var children: [XMLElement] = []

    /// - Returns: nil unless `bytes` are a whole document.
    package init?(_ bytes: [UInt8]) {
        var reader = XMLReader(bytes)
        guard let element = reader.document() else { return nil }
        self = element
    }

    init(name: String) { self.name = name }

    /// The first child of that name.
    package subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

private struct XMLReader {
    private let bytes: [UInt8]
    private var position = 0
    private static let depthMax = 32
    /// A list has a thousand entries with keys of a thousand characters, each written with up to nine.
    private static let bytesMax = 16 << 20
    private static let elementsMax = 100_000
    private var elements = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() -> XMLElement? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        guard bytes.count <= Self.bytesMax, skipMisc(), take("<"), let root = element(depth: 1), skipMisc(),
            position == bytes.count
        else {
            return nil
        }
        return root
    }

    /// Skips white space, comments and processing instructions between elements. False for an unfinished one.
    private mutating func skipMisc() -> Bool {
        while true {
            while position < bytes.count, isSpace(bytes[position]) { position += 1 }
            if looks(at: "<?") {
                guard skip(past: "?>") else { return false }
            } else if looks(at: "<!--") {
                guard skip(past: "-->") else { return false }
            } else {
                return true
            }
        }
    }

    /// After its `<`.
    private mutating func element(depth: Int) -> XMLElement? {
        elements += 1
        guard depth <= Self.depthMax, elements <= Self.elementsMax, let name = name(), let isEmpty = endOfTag() else {
            return nil
        }
        var element = XMLElement(name: name)
        if isEmpty { return element }
        var text: [UInt8] = []
        while position < bytes.count {
            if looks(at: "</") {
                position += 2
                guard self.name() == name else { return nil }
                while position < bytes.count, isSpace(bytes[position]) { position += 1 }
                guard take(">"), let whole = String(validating: text, as: UTF8.self) else { return nil }
                element.text = whole
                return element
            } else if looks(at: "<!--") {
                guard skip(past: "-->") else { return nil }
            } else if looks(at: "<![CDATA[") {
                position += 9
                let start = position
                guard skip(past: "]]>") else { return nil }
                text += bytes[start..<position - 3]
            } else if looks(at: "<?") {
                guard skip(past: "?>") else { return nil }
            } else if take("<") {
                guard let child = self.element(depth: depth + 1) else { return nil }
                element.children.append(child)
            } else if take("&") {
                guard let character = entity() else { return nil }
                text += Array(String(character).utf8)
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return nil
    }

    /// A name without the prefix of its namespace.
    private mutating func name() -> String? {
        let start = position
        while position < bytes.count, isName(bytes[position]) { position += 1 }
        let name = bytes[start..<position]
        guard let first = name.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else { return nil }
        let own = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        return own.isEmpty ? nil : String(validating: own, as: UTF8.self)
    }

    /// Skips attributes up to the end of a tag. Returns whether the element is empty; nil if the tag does not end.
    private mutating func endOfTag() -> Bool? {
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return bytes[position - 2] == UInt8(ascii: "/")
            } else if byte == UInt8(ascii: "<") {
                return nil
            }
        }
        return nil
    }

    /// After its `&`.
    private mutating func entity() -> Unicode.Scalar? {
        let start = position
        guard let end = bytes[start...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { return nil }
        position = end + 1
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHex = name.hasPrefix("#x")
            guard name.hasPrefix("#"), let value = UInt32(name.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10) else {
                return nil
            }
            return Unicode.Scalar(value)
        }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        guard looks(at: text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    private func looks(at text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private mutating func skip(past text: StaticString) -> Bool {
        while position < bytes.count {
            if take(text) { return true }
            position += 1
        }
        return false
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }
}
