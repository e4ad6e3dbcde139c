/// A value of a `JSONText`, with its place.
///
/// The accessors throw an `EnvironmentsError.invalidFile` that names the place, the keys that lead there, and what was
/// expected.
package struct JSONValue: Sendable {
    package enum Content: Sendable {
        case object(JSONObject)
        case array([JSONValue])
        case string(String)
        /// As it is written: a number that no type of ours holds is still what the file says.
        case number(String)
        case bool(Bool)
        case null
    }

    package let content: Content
    /// Where it stands, from its first byte to behind its last one.
    package let range: Range<Int>
    package let place: TextPlace
    /// The keys that lead here, such as `environments.production.config`; empty for the root.
    package let keyPath: String

    package var isNull: Bool { if case .null = content { true } else { false } }

    package func object() throws -> JSONObject {
        guard case .object(let object) = content else { throw mismatch("an object, { … }") }
        return object
    }

    package func array() throws -> [JSONValue] {
        guard case .array(let elements) = content else { throw mismatch("an array, [ … ]") }
        return elements
    }

    package func string() throws -> String {
        guard case .string(let text) = content else { throw mismatch("a string in double quotes") }
        return text
    }

    package func strings() throws -> [String] { try array().map { try $0.string() } }

    package func bool() throws -> Bool {
        guard case .bool(let value) = content else { throw mismatch("true or false, without quotes") }
        return value
    }

    /// A whole number, written without a point and an exponent.
    package func int() throws -> Int {
        guard case .number(let text) = content, let value = Int(text) else { throw mismatch("a whole number") }
        return value
    }

    /// The error that says what should stand here.
    ///
    /// Of a wrong value only its kind is told: what stands in the file may be a secret in the wrong place.
    package func mismatch(_ expected: String, hint: String? = nil) -> EnvironmentsError {
        EnvironmentsError(
            .invalidFile,
            "\(place): \(title) must be \(expected), and it is \(kind)",
            hint: hint ?? "write \(expected)"
        )
    }

    /// An error about this value.
    package func error(_ sentence: String, hint: String?) -> EnvironmentsError {
        EnvironmentsError(.invalidFile, "\(place): \(title) \(sentence)", hint: hint)
    }

    private var title: String { keyPath.isEmpty ? "the file" : keyPath }

    private var kind: String {
        switch content {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number(let text):
            Int(text) == nil ? "a number with a fraction, an exponent or too many digits" : "a number"
        case .bool(let value): value ? "true" : "false"
        case .null: "null"
        }
    }
}

/// The members of an object, in the order of the file.
package struct JSONObject: Sendable {
    package struct Member: Sendable {
        package let key: String
        /// Where the key stands, quotes included.
        package let keyRange: Range<Int>
        package let keyPlace: TextPlace
        package let value: JSONValue
    }

    package let members: [Member]
    private let positions: [String: Int]

    init(_ members: [Member]) {
        self.members = members
        positions = Dictionary(members.indices.map { (members[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package var keys: [String] { members.map(\.key) }

    package func member(_ key: String) -> Member? { positions[key].map { members[$0] } }

    /// The value of a key; nil where it is missing or null, which JSON files use for the same thing.
    package subscript(key: String) -> JSONValue? { member(key).map(\.value).flatMap { $0.isNull ? nil : $0 } }
}
