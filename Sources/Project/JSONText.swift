internal import Storage

/// A JSON document that knows where each of its values stands, so that errors name lines and edits leave the rest alone.
///
/// The grammar is that of RFC 8259; a key that is there twice is an error, because one of the two would be lost.
package struct JSONText: Sendable {
    package let path: String
    package let bytes: [UInt8]
    package let root: JSONNode

    /// Keys that are there twice, the second time; empty unless they were to be passed over.
    package private(set) var repeatedKeys: [JSONMember] = []

    /// - Parameters:
    ///   - path: As messages shall name it.
    ///   - passesRepeatedKeys: Only the first member of a name counts, for who looks for all that is wrong.
    /// - Throws: `EnvironmentsError` with `.file`, naming line and column.
    package init(_ bytes: [UInt8], path: String, passesRepeatedKeys: Bool = false) throws(EnvironmentsError) {
        self.bytes = bytes
        self.path = path
        var parser = JSONParser(bytes: bytes, path: path)
        parser.passesRepeatedKeys = passesRepeatedKeys
        root = try parser.document()
        repeatedKeys = parser.repeatedKeys
    }

    /// The document of a file; nil where there is none.
    ///
    /// - Throws: `EnvironmentsError` with `.file`. A file that cannot be read is not one that allows everything.
    package static func read(_ path: String) throws(EnvironmentsError) -> JSONText? {
        guard Files.exists(path) else { return nil }
        return try JSONText(DeclaredBytes.read(path), path: path)
    }
}

/// The bytes of a file that people write.
package enum DeclaredBytes {
    /// - Throws: `EnvironmentsError` with `.file`.
    package static func read(_ path: String) throws(EnvironmentsError) -> [UInt8] {
        do {
            return try Files.bytes(of: path)
        } catch {
            throw EnvironmentsError(
                .file,
                "\(path) cannot be read",
                hint: "look at its rights, and whether it is a file"
            )
        }
    }
}

/// A value and its place in the text.
package struct JSONNode: Sendable {
    package enum Value: Sendable {
        case null
        case bool(Bool)
        /// As it is written.
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
    /// Keys and indices that lead here, for messages: `migrations.000001.depends_on`.
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

/// The keys and indices that lead to a value: a step each, those before it shared by all that is below. Written out for
/// every value they would be longer than the file, many times over.
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

    /// `migrations.000001.depends_on[2]`; a long key is cut.
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
    /// Where the key begins.
    package var keyStart: Int
    package var line: Int
    package var value: JSONNode
}

// What is expected.
extension JSONNode {
    package func mismatch(_ expected: String) -> EnvironmentsError { mismatch(kind, expected) }

    /// One of few words was expected, and it is another one.
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
                ? "docs/migrations.md says what each field is" : "docs/environments.md shows the form of the file"
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

    /// The member of this name; nil where it is not there, or null.
    package subscript(key: String) -> JSONNode? {
        guard case .object(let members) = value, let member = members.first(where: { $0.key == key }) else {
            return nil
        }
        if case .null = member.value.value { return nil }
        return member.value
    }
}
