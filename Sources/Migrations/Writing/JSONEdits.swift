internal import Environments
internal import FoundationEssentials

/// Changes to a JSON text that leave every byte alone which they are not about.
struct JSONEdits {
    private let text: JSONText
    private var edits: [(range: Range<Int>, bytes: [UInt8])] = []

    init(_ text: JSONText) { self.text = text }

    var isEmpty: Bool { edits.isEmpty }

    /// The text with all of them made.
    var bytes: [UInt8] {
        var result: [UInt8] = []
        var position = 0
        for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            result += text.bytes[position..<edit.range.lowerBound]
            result += edit.bytes
            position = edit.range.upperBound
        }
        return result + text.bytes[position...]
    }

    mutating func replace(_ node: JSONNode, with json: String) {
        edits.append((node.range, Array(json.utf8)))
    }

    mutating func rename(_ member: JSONMember, to key: String) {
        var end = member.keyStart + 1
        while end < text.bytes.count, text.bytes[end] != UInt8(ascii: "\"") {
            end += text.bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        edits.append((member.keyStart..<end + 1, Array(Self.quoted(key).utf8)))
    }

    /// A member behind the last one, set off as that one is.
    ///
    /// - Parameters:
    ///   - object: Of this text.
    ///   - json: Its lines after the first are set in as far as the member itself.
    mutating func append(_ key: String, _ json: String, to object: JSONNode) {
        let members = (try? object.members()) ?? []
        append(members.last.map { ($0.keyStart, $0.value.range.upperBound) }, in: object) { indent in
            "\(Self.quoted(key)): \(json.replacing("\n", with: "\n\(indent)"))"
        }
    }

    /// An element behind the last one.
    mutating func append(_ json: String, toList list: JSONNode) {
        let elements = (try? list.elements()) ?? []
        append(elements.last.map { ($0.range.lowerBound, $0.range.upperBound) }, in: list) { _ in json }
    }

    private mutating func append(_ last: (start: Int, end: Int)?, in parent: JSONNode, _ json: (String) -> String) {
        guard let last else {
            // Empty: what is long goes one step deeper than the line that it is opened on.
            let outer = indent(at: parent.range.lowerBound)
            let inner = outer + step
            let json = json(inner)
            let body = json.contains("\n") ? "\n\(inner)\(json)\n\(outer)" : json
            edits.append((parent.range.lowerBound + 1..<parent.range.upperBound - 1, Array(body.utf8)))
            return
        }
        var start = last.start
        while start > 0, text.bytes[start - 1].isBlank { start -= 1 }
        let blanks = String(decoding: text.bytes[start..<last.start], as: UTF8.self)
        let isOnOwnLine = blanks.contains("\n")
        let own = isOnOwnLine ? String(blanks.split(separator: "\n", omittingEmptySubsequences: false).last!) : ""
        let body = isOnOwnLine ? json(own) : json("").replacing("\n", with: " ")
        edits.append((last.end..<last.end, Array(",\(blanks.isEmpty ? " " : blanks)\(body)".utf8)))
    }

    /// The blanks at the beginning of the line of a place.
    private func indent(at place: Int) -> String {
        var start = place
        while start > 0, text.bytes[start - 1] != 0x0A { start -= 1 }
        return String(decoding: text.bytes[start...].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
    }

    /// By how much the file sets in: as the first member of its outermost object.
    private var step: String {
        guard let first = try? text.root.members().first else { return "  " }
        let indent = indent(at: first.keyStart)
        return indent.isEmpty ? "  " : indent
    }

    /// A JSON string.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 32: break
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
