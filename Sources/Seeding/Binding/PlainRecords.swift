internal import PostgresClient
internal import SyntheticData

/// A file of CSV or TSV whose header fits its table. Its records go to the server as they are, except those with
/// references or with a wrong NULL.
struct PlainRecords: Sendable {
    let text: DelimitedText
    let file: SeedFile
    /// The table's columns that the file gives, by their index, in ascending order.
    let columns: [Int]
    /// The field of each column of the table; nil for columns that the file does not give.
    let fields: [Int?]
    private let labelField: Int?
    /// The fields that must not be NULL.
    private let required: [Int]
    /// The fields in which a text with @ in front is a reference.
    private let references: [Int]

    /// - Parameter columnIndex: The column of the table that a name in the header means.
    /// - Returns: nil if the file is not CSV or TSV, or if its rows must be looked at one by one, because a column is
    ///   unknown, named twice, computed by the server, or missing.
    init?(_ rows: SeedRows, _ table: SeedCatalog.Table, key: [String], columnIndex: (String) -> Int?) {
        guard let text = rows.text else { return nil }
        var fields = [Int?](repeating: nil, count: table.columns.count)
        for (field, name) in text.header.enumerated() where field != rows.labelField {
            guard let index = columnIndex(name), fields[index] == nil, !table.columns[index].isGenerated else {
                return nil
            }
            fields[index] = field
        }
        let isKeyRequired = !table.findsNulls(by: key)
        var required: [Int] = []
        var references: [Int] = []
        for (index, column) in table.columns.enumerated() {
            let isInKey = key.contains(column.name)
            guard let field = fields[index] else {
                guard column.fillsItself, !isInKey else { return nil }
                continue
            }
            if column.isNotNull || isInKey && isKeyRequired { required.append(field) }
            if table.foreignKey(of: column.name) != nil { references.append(field) }
        }
        self.text = text
        file = rows.file
        columns = fields.indices.filter { fields[$0] != nil }
        self.fields = fields
        labelField = rows.labelField
        self.required = required
        self.references = references
    }

    /// Whether a record needs no change for the server.
    func accepts(_ record: Int) -> Bool {
        required.allSatisfy { !text.isNull(record, $0) }
            && references.allSatisfy { !text.begins(record, $0, with: UInt8(ascii: "@")) }
    }

    /// The value of a column; nil if the file does not give it.
    func cell(_ record: Int, _ column: Int) -> BoundCell? { fields[column].map { .text(text.text(record, $0)) } }

    func row(_ record: Int) -> BoundRow {
        var cells: [Int: BoundCell] = [:]
        for column in columns { cells[column] = cell(record, column) }
        let label = labelField.flatMap { text.text(record, $0) }.flatMap { $0.isEmpty ? nil : $0 }
        return BoundRow(label: label, file: file.path, line: text.line(record), layer: file.layer, cells: cells)
    }

    /// Appends the values of columns to COPY text, with a tab in front of each. A column that the file does not give is
    /// NULL.
    func append(_ record: Int, columns: [Int], to buffer: inout CopyBuffer) {
        for column in columns {
            buffer.append(CopyBuffer.tab)
            if let field = fields[column] { text.append(record, field, to: &buffer) } else { buffer.appendNull() }
        }
    }
}
