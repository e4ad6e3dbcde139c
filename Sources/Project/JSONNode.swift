/// A value and its position in the text.
package struct JSONNode: Sendable {
    package enum Value: Sendable {
        case null
        case bool(Bool)
        /// As written.
        case number(String)
        case string(String)
        case array([JSONNode])
        case object([JSONMember])
    }

    package var value: Value
    /// Bytes of the text.
    package var range: Range<Int>
    /// From 1.
    package var line: Int
    /// The keys and indices that lead to the value, for messages: `migrations.000001.depends_on`.
    package var trail: String { way.text }
    package let way: JSONTrail
    package var path: String

    package var kind: String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// `migrations/environments.json:12`
    package var place: FilePlace { FilePlace(path, line: line) }
}

/// The keys and indices that lead to a value, one step each. Values share the steps above them; spelled out for every
/// value they would be many times longer than the file.
package final class JSONTrail: Sendable {
    package enum Step: Sendable {
        case key(String)
        case index(Int)
    }

    package let before: JSONTrail?
    private let step: Step?

    static let root = JSONTrail()
    private static let keyMax = 80

    private init() { (before, step) = (nil, nil) }

    init(_ before: JSONTrail, _ step: Step) { (self.before, self.step) = (before, step) }

    /// `migrations.000001.depends_on[2]`; a long key is shortened.
    package var text: String {
        var steps: [Step] = []
        var trail: JSONTrail? = self
        while let here = trail {
            if let step = here.step { steps.append(step) }
            trail = here.before
        }
        return steps.reversed().reduce(into: "") { text, step in
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key):
                let isLong = key.utf8.count > Self.keyMax
                text += (text.isEmpty ? "" : ".") + (isLong ? "\(key.prefix(Self.keyMax))…" : key)
            }
        }
    }
}

package struct JSONMember: Sendable {
    package var key: String
    /// The beginning of the key.
    package var keyStart: Int
    package var line: Int
    package var value: JSONNode
}

// Expected types.
extension JSONNode {
    package func mismatch(_ expected: String) -> EnvironmentsError { mismatch(kind, expected) }

    /// The error for a text that is not one of a few allowed words.
    package func mismatch(among words: [String]) -> EnvironmentsError {
        let expected = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        if case .string(let text) = value, text.count <= 40 { return mismatch("\"\(text)\"", expected) }
        return mismatch(kind, expected)
    }

    private func mismatch(_ found: String, _ expected: String) -> EnvironmentsError {
        EnvironmentsError(
            .file,
            at: place,
            "\(trail.isEmpty ? "the document" : trail) is \(found) and not \(expected)",
            hint: path.hasSuffix("dependencies.json")
                ? "docs/migrations.md explains the fields" : "docs/environments.md shows the form of the file"
        )
    }

    package func members() throws(EnvironmentsError) -> [JSONMember] {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return members
    }

    package func elements() throws(EnvironmentsError) -> [JSONNode] {
        guard case .array(let elements) = value else { throw mismatch("a list") }
        return elements
    }

    package func text() throws(EnvironmentsError) -> String {
        guard case .string(let text) = value else { throw mismatch("text") }
        return text
    }

    package func bool() throws(EnvironmentsError) -> Bool {
        guard case .bool(let bool) = value else { throw mismatch("true or false") }
        return bool
    }

    /// A whole number that is not negative.
    package func count() throws(EnvironmentsError) -> Int {
        guard case .number(let digits) = value, let count = Int(digits), count >= 0 else {
            throw mismatch("a whole number from 0 on")
        }
        return count
    }

    package func texts() throws(EnvironmentsError) -> [String] {
        var texts: [String] = []
        for element in try elements() { texts.append(try element.text()) }
        return texts
    }

    /// The member with this name; nil if it is absent or null.
    package subscript(key: String) -> JSONNode? {
        guard case .object(let members) = value, let member = members.first(where: { $0.key == key }) else {
            return nil
        }
        if case .null = member.value.value { return nil }
        return member.value
    }
}
