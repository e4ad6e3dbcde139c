/// The rows of a query, copied from libpq. For catalogs and counts, not for bulk data.
package struct Rows: Sendable, RandomAccessCollection {
    private let columns: [String: Int]
    private let width: Int
    private let cells: [String?]

    /// - Parameter count: The number of rows, needed for a query without columns.
    init(columns names: [String], cells: [String?], count: Int) {
        columns = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
        width = names.count
        self.cells = cells
        endIndex = count
    }

    package let startIndex = 0
    package let endIndex: Int

    package subscript(position: Int) -> Row { Row(rows: self, start: position * width) }

    /// One row. Asking for a column that the query does not have is a programming error.
    package struct Row: Sendable {
        fileprivate let rows: Rows
        fileprivate let start: Int

        package subscript(column: String) -> String? {
            guard let index = rows.columns[column] else { preconditionFailure("the query has no column \(column)") }
            return rows.cells[start + index]
        }

        /// The text; empty for NULL.
        package func text(_ column: String) -> String { self[column] ?? "" }
        /// The integer; 0 for NULL and for anything else.
        package func int(_ column: String) -> Int { self[column].flatMap { Int($0) } ?? 0 }
        package func oid(_ column: String) -> UInt32 { self[column].flatMap { UInt32($0) } ?? 0 }
        package func bool(_ column: String) -> Bool { self[column] == "t" }
        /// A one-dimensional array of text; empty for NULL.
        package func texts(_ column: String) -> [String] { self[column].map(Rows.elements) ?? [] }
    }

    /// The elements of an array in text form, `{a,"b c",NULL}`, without NULLs.
    static func elements(_ text: String) -> [String] {
        var elements: [String] = []
        var current: [Unicode.Scalar] = []
        var isQuoted = false
        var wasQuoted = false
        var isEscaped = false
        func close() {
            let element = String(String.UnicodeScalarView(current))
            if wasQuoted || !(element.isEmpty || element == "NULL") { elements.append(element) }
            current = []
            wasQuoted = false
        }
        for scalar in text.unicodeScalars.dropFirst().dropLast() {
            switch scalar {
            case _ where isEscaped:
                current.append(scalar)
                isEscaped = false
            case "\\": isEscaped = true
            case "\"":
                isQuoted.toggle()
                wasQuoted = true
            case "," where !isQuoted: close()
            default: current.append(scalar)
            }
        }
        close()
        return elements
    }
}
