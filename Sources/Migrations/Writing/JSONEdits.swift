internal import FoundationEssentials
internal import Project

/// Edits a JSON text, and leaves all other bytes unchanged.
struct JSONEdits {
    private let text: JSONText
    private var edits: [(range: Range<Int>, bytes: [UInt8])] = []

    init(_ text: JSONText) { self.text = text }

    var isEmpty: Bool { edits.isEmpty }

    /// The text after all edits.
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

    /// Replaces a value by an object.
    mutating func replace(_ node: JSONNode, withObject json: String) {
        replace(node, with: lines(json, indent(at: node.range.lowerBound)))
    }

    mutating func rename(_ member: JSONMember, to key: String) {
        var end = member.keyStart + 1
        while end < text.bytes.count, text.bytes[end] != UInt8(ascii: "\"") {
            end += text.bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        edits.append((member.keyStart..<end + 1, Array(Self.quoted(key).utf8)))
    }

    /// Appends a member, in the format of the last one.
    ///
    /// - Parameters:
    ///   - json: The value, indented by two spaces per level.
    ///   - object: An object of this text.
    mutating func append(_ key: String, _ json: String, to object: JSONNode) {
        let members = (try? object.members()) ?? []
        let form = self
        append(members.last.map { ($0.keyStart, $0.value.range.upperBound) }, in: object) { indent in
            "\(Self.quoted(key)): \(indent.map { form.lines(json, $0) } ?? Self.oneLine(json))"
        }
    }

    /// Indents lines with the indentation step of the file.
    private func lines(_ json: String, _ indent: String) -> String {
        let lines = json.split(separator: "\n", omittingEmptySubsequences: false)
        let rest = lines.dropFirst().map { line in
            let body = line.drop { $0 == " " }
            return indent + String(repeating: step, count: (line.count - body.count) / 2) + body
        }
        return ([String(lines[0])] + rest).joined(separator: newline)
    }

    private static func oneLine(_ json: String) -> String {
        json.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
    }

    /// Appends an element.
    mutating func append(_ json: String, toList list: JSONNode) {
        let elements = (try? list.elements()) ?? []
        append(elements.last.map { ($0.range.lowerBound, $0.range.upperBound) }, in: list) { _ in json }
    }

    /// - Parameter json: Makes the text for a line with this indentation; the argument is nil if everything is on one
    ///   line.
    private mutating func append(_ last: (start: Int, end: Int)?, in parent: JSONNode, _ json: (String?) -> String) {
        guard let last else {
            // In an empty parent, text of several lines is indented one step deeper than the line with the opening
            // bracket.
            let outer = indent(at: parent.range.lowerBound)
            let json = json(outer + step)
            let body = json.utf8.contains(0x0A) ? "\(newline)\(outer + step)\(json)\(newline)\(outer)" : json
            edits.append((parent.range.lowerBound + 1..<parent.range.upperBound - 1, Array(body.utf8)))
            return
        }
        var start = last.start
        while start > 0, text.bytes[start - 1].isBlank { start -= 1 }
        let blanks = text.bytes[start..<last.start]
        let own = blanks.lastIndex(of: 0x0A).map { String(decoding: blanks[($0 + 1)...], as: UTF8.self) }
        let before = blanks.isEmpty ? " " : String(decoding: blanks, as: UTF8.self)
        edits.append((last.end..<last.end, Array(",\(before)\(json(own))".utf8)))
    }

    private var newline: String {
        guard let end = text.bytes.firstIndex(of: 0x0A), end > 0, text.bytes[end - 1] == 0x0D else { return "\n" }
        return "\r\n"
    }

    /// The indentation of the line at a position.
    private func indent(at place: Int) -> String {
        var start = place
        while start > 0, text.bytes[start - 1] != 0x0A { start -= 1 }
        return String(decoding: text.bytes[start...].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
    }

    /// The file's indentation: that of the first member of its outermost object.
    private var step: String {
        guard let first = try? text.root.members().first else { return "  " }
        let indent = indent(at: first.keyStart)
        return indent.isEmpty ? "  " : indent
    }

    /// A JSON string literal.
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
