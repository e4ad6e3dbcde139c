internal import Storage

/// A JSON document that knows the position of each value, so that errors can name lines and edits leave everything else
/// unchanged.
///
/// The grammar is that of RFC 8259. A repeated key is an error, because one of the two values would be lost.
package struct JSONText: Sendable {
    package let path: String
    package let bytes: [UInt8]
    package let root: JSONNode

    /// Repeated keys, at their second occurrence; empty unless `passesRepeatedKeys` is true.
    package private(set) var repeatedKeys: [JSONMember] = []

    /// - Parameters:
    ///   - path: The path to show in messages.
    ///   - passesRepeatedKeys: Do not fail on a repeated key, and use its first value, for callers that list all
    ///     errors.
    /// - Throws: `EnvironmentsError` with `.file`, naming line and column.
    package init(_ bytes: [UInt8], path: String, passesRepeatedKeys: Bool = false) throws(EnvironmentsError) {
        self.bytes = bytes
        self.path = path
        var parser = JSONParser(bytes: bytes, path: path)
        parser.passesRepeatedKeys = passesRepeatedKeys
        root = try parser.document()
        repeatedKeys = parser.repeatedKeys
    }

    /// The document in a file; nil if there is no file.
    ///
    /// - Throws: `EnvironmentsError` with `.file`. A file that cannot be read must not count as one that allows
    ///   everything.
    package static func read(_ path: String) throws(EnvironmentsError) -> JSONText? {
        guard Files.exists(path) else { return nil }
        return try JSONText(DeclaredBytes.read(path), path: path)
    }
}
