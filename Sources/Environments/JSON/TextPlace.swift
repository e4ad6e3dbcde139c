/// A place in a text file, for people to find: `migrations/environments.json:12:7`.
package struct TextPlace: Sendable, Hashable, CustomStringConvertible {
    /// The file as it was named, relative or not.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters as editors count them (Unicode scalars), not in bytes.
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }
}
