/// A JSON file that remembers where everything stands, so that a mistake is told by its line and a value can be
/// replaced without touching the rest of the file.
///
///     let text = try JSONText(path: "migrations/environments.json")
///     let name = try text.root.object()["current_environment"]?.string()
///
/// Format: RFC 8259. A key that stands twice in an object is refused, because readers differ in which one they believe;
/// so is a NUL character, which PostgreSQL cannot hold.
package struct JSONText: Sendable {
    /// The file as it was named, for messages.
    package let path: String
    package let bytes: [UInt8]
    package let root: JSONValue

    /// Objects and arrays may stand in each other this deep.
    package static let depthLimit = 64

    /// - Throws: `EnvironmentsError.invalidFile` with `path:line:column`.
    package init(_ bytes: [UInt8], path: String) throws {
        self.path = path
        self.bytes = bytes
        try UTF8Check.requireText(bytes, path: path)
        var parser = JSONParser(bytes, path: path)
        root = try parser.document()
    }

    /// Reads a file.
    ///
    /// - Throws: `EnvironmentsError.invalidFile`.
    package init(path: String) throws {
        try self.init(FileText.bytes(of: path), path: path)
    }

    /// The text of a value as it stands in the file.
    package func source(of value: JSONValue) -> String { String(decoding: bytes[value.range], as: UTF8.self) }
}
