internal import Project

/// The rows of a file, in its order.
///
/// Rows of CSV and TSV stay bytes, because there may be millions of them. Each becomes a `SeedRow` when it is asked for.
package struct SeedRows: Sendable, RandomAccessCollection {
    package let file: SeedFile
    /// The records, if the file is CSV or TSV.
    let text: DelimitedText?
    private var listed: [SeedRow] = []
    /// The field of a record that holds its label.
    let labelField: Int?
    /// The names in the header of CSV or TSV.
    private let columns: Set<ExactText>

    init(of file: SeedFile, _ text: DelimitedText? = nil) {
        self.file = file
        self.text = text
        labelField = text?.header.firstIndex(of: "_label")
        columns = Set(exactly: text?.header ?? [])
    }

    mutating func append(_ row: SeedRow) { listed.append(row) }

    package let startIndex = 0
    package var endIndex: Int { text?.count ?? listed.count }

    package subscript(place: Int) -> SeedRow { text.map { row($0, place) } ?? listed[place] }

    /// Whether some rows may have labels.
    var mayHaveLabels: Bool { text == nil || labelField != nil }

    func label(_ place: Int) -> String? {
        guard let text else { return listed[place].label }
        guard let labelField, let label = text.text(place, labelField), !label.isEmpty else { return nil }
        return label
    }

    func line(_ place: Int) -> Int { text?.line(place) ?? listed[place].line }

    private func row(_ text: DelimitedText, _ record: Int) -> SeedRow {
        let line = text.line(record)
        var cells: [SeedNode.Member] = []
        cells.reserveCapacity(text.header.count)
        for (field, name) in text.header.enumerated() where field != labelField {
            let value = text.text(record, field).map { SeedNode.Value.scalar($0, isPlain: false) } ?? .null
            cells.append(SeedNode.Member(key: name, line: line, value: SeedNode(value, line: line)))
        }
        return SeedRow(
            label: label(record),
            cells: cells,
            file: file.path,
            line: line,
            layer: file.layer,
            plainColumns: columns
        )
    }
}
