/// The outcome of a command, described once for the keys of its JSON document and the columns of its list.
///
/// Sentences are written elsewhere.
package struct ResultDescription<Value>: Sendable {
    private let fields: [Field]
    private let columns: [Column]

    /// - Parameters:
    ///   - fields: In the order of the document.
    ///   - titles: The columns from left to right, if their order differs from the fields'.
    package init(_ fields: [Field], columns titles: [String]? = nil) {
        self.fields = fields
        let columns = fields.flatMap(\.columns)
        guard let titles else {
            self.columns = columns
            return
        }
        precondition(Set(titles) == Set(columns.map(\.layout.title)), "each column has its index")
        self.columns = titles.compactMap { title in columns.first { $0.layout.title == title } }
    }

    /// The JSON document.
    package func document(_ value: Value) -> JSONDocument { .object(fields.flatMap { $0.write(value) }) }

    /// Rows with headings.
    ///
    /// - Parameter width: The width of the terminal; nil for no limit.
    package func table(_ rows: [Value], width: Int?) -> [String] {
        var table = TableRenderer(columns.map(\.layout))
        for row in rows { table.add(columns.map { $0.text(row) }) }
        return table.lines(width: width)
    }

    /// The keys of the document, nested ones as `tables[].rows`.
    package var keys: [String] { fields.flatMap(\.keys) }
}

extension ResultDescription {
    /// A key of the document, a column of a list, or both.
    package struct Field: Sendable {
        fileprivate let keys: [String]
        fileprivate let columns: [Column]
        fileprivate let write: @Sendable (Value) -> [JSONDocument.Field]

        private init(
            _ keys: [String],
            _ columns: [Column] = [],
            _ write: @escaping @Sendable (Value) -> [JSONDocument.Field]
        ) {
            (self.keys, self.columns, self.write) = (keys, columns, write)
        }

        /// A key; null without a value.
        package init(
            _ key: String,
            _ value: @escaping @Sendable (Value) -> some JSONRepresentable,
            column: Column? = nil
        ) {
            self.init([key], column.map { [$0] } ?? []) { [JSONDocument.Field(key: key, value: value($0).json)] }
        }

        /// A list of results.
        package init<Row>(
            _ key: String,
            each row: ResultDescription<Row>,
            _ rows: @escaping @Sendable (Value) -> [Row]
        ) {
            self.init([key] + row.keys.map { "\(key)[].\($0)" }) {
                [JSONDocument.Field(key: key, value: .array(rows($0).map(row.document)))]
            }
        }

        /// A nested result; null if there is none.
        package init<Part>(
            _ key: String,
            _ part: ResultDescription<Part>,
            _ value: @escaping @Sendable (Value) -> Part?
        ) {
            self.init([key] + part.keys.map { "\(key).\($0)" }) {
                [JSONDocument.Field(key: key, value: value($0).map(part.document) ?? .null)]
            }
        }

        /// The keys and columns of a part; absent if there is no part.
        package static func part<Part>(
            _ part: ResultDescription<Part>,
            _ value: @escaping @Sendable (Value) -> Part?
        ) -> Field {
            let columns = part.columns.map { column in
                Column(column.layout) { value($0).map(column.text) ?? "" }
            }
            return Field(part.keys, columns) {
                value($0).map { found in part.fields.flatMap { $0.write(found) } } ?? []
            }
        }

        /// A column without a key.
        package static func column(_ column: Column) -> Field { Field([], [column]) { _ in [] } }
    }

    /// A column of a list: see `TableRenderer.Column`.
    package struct Column: Sendable {
        fileprivate let layout: TableRenderer.Column
        fileprivate let text: @Sendable (Value) -> String

        fileprivate init(_ layout: TableRenderer.Column, _ text: @escaping @Sendable (Value) -> String) {
            (self.layout, self.text) = (layout, text)
        }

        package init(
            _ title: String,
            isNumber: Bool = false,
            mayShrink: Bool = false,
            expendable: Int? = nil,
            _ text: @escaping @Sendable (Value) -> String
        ) {
            self.init(.init(title, isNumber: isNumber, mayShrink: mayShrink, expendable: expendable), text)
        }
    }
}

/// A type that a document can hold directly.
package protocol JSONRepresentable: SendableMetatype {
    var json: JSONDocument { get }
}

extension JSONDocument: JSONRepresentable { package var json: JSONDocument { self } }
extension String: JSONRepresentable { package var json: JSONDocument { .string(self) } }
extension Int: JSONRepresentable { package var json: JSONDocument { .integer(self) } }
extension Bool: JSONRepresentable { package var json: JSONDocument { .bool(self) } }
extension Double: JSONRepresentable { package var json: JSONDocument { .number(self) } }
extension Optional: JSONRepresentable where Wrapped: JSONRepresentable {
    package var json: JSONDocument { map(\.json) ?? .null }
}
extension Array: JSONRepresentable where Element: JSONRepresentable {
    package var json: JSONDocument { .array(map(\.json)) }
}
/// In alphabetical order.
extension Set<String>: JSONRepresentable { package var json: JSONDocument { sorted().json } }
/// Sorted by its keys.
extension [String: Int]: JSONRepresentable {
    package var json: JSONDocument {
        .object(sorted { $0.key < $1.key }.map { JSONDocument.Field(key: $0.key, value: .integer($0.value)) })
    }
}
