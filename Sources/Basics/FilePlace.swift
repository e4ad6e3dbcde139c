/// A position in a file: its path, or the name of an archive's member, with line and column if they are known.
package struct FilePlace: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    /// From 1.
    package var line: Int?
    /// Of the line, in characters, from 1.
    package var column: Int?

    package init(_ file: String, line: Int? = nil, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file`, `file:line` or `file:line:column`, as compilers write places.
    package var description: String {
        guard let line else { return file }
        return column.map { "\(file):\(line):\($0)" } ?? "\(file):\(line)"
    }
}
