/// The rows of a table in the form for the server. Records of CSV and TSV stay in their file.
package struct BoundRows: Sendable, RandomAccessCollection {
    private struct Place {
        /// The file of a record; -1 for a row of `own`.
        var file: Int32
        var row: UInt32
    }

    /// The records of each file, where they need no change.
    let records: [PlainRecords?]
    private var places: [Place] = []
    /// Rows that are not records. Only these can contain references and expressions.
    private(set) var own: [BoundRow] = []

    init(records: [PlainRecords?] = [], count: Int = 0) {
        self.records = records
        places.reserveCapacity(count)
    }

    mutating func append(_ row: BoundRow) {
        places.append(Place(file: -1, row: UInt32(truncatingIfNeeded: own.count)))
        own.append(row)
    }

    mutating func append(record: Int, file: Int) {
        places.append(Place(file: Int32(truncatingIfNeeded: file), row: UInt32(truncatingIfNeeded: record)))
    }

    package let startIndex = 0
    package var endIndex: Int { places.count }

    package subscript(place: Int) -> BoundRow {
        if let (file, record) = record(place) { return file.row(record) }
        return own[Int(places[place].row)]
    }

    func cell(_ place: Int, _ column: Int) -> BoundCell? {
        if let (file, record) = record(place) { return file.cell(record, column) }
        return own[Int(places[place].row)].cells[column]
    }

    mutating func setCell(_ place: Int, _ column: Int, _ cell: BoundCell) {
        if record(place) != nil {
            let row = self[place]
            places[place] = Place(file: -1, row: UInt32(truncatingIfNeeded: own.count))
            own.append(row)
        }
        own[Int(places[place].row)].cells[column] = cell
    }

    /// The file of a row that is a record, as its place in `records`, and the record.
    func source(_ place: Int) -> (file: Int, record: Int)? {
        let place = places[place]
        return place.file < 0 ? nil : (Int(place.file), Int(place.row))
    }

    /// The file and the record of a row; nil if it is not a record.
    func record(_ place: Int) -> (file: PlainRecords, record: Int)? {
        guard let (file, record) = source(place), let records = records[file] else { return nil }
        return (records, record)
    }

    /// The files that have records among the rows.
    var usedRecords: [PlainRecords] {
        Set(places.lazy.map(\.file)).sorted().filter { $0 >= 0 }.compactMap { records[Int($0)] }
    }

    /// The columns that rows give: each set of columns that occurs.
    var shapes: Set<Set<Int>> {
        Set(own.map { Set($0.cells.keys) }).union(usedRecords.map { Set($0.columns) })
    }

    /// All references in cells.
    var references: some Sequence<BoundReference> {
        own.lazy.flatMap { row in
            row.cells.values.lazy.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
        }
    }

    var haveExpressions: Bool {
        own.contains { row in row.cells.values.contains { if case .expression = $0 { true } else { false } } }
    }

    /// Whether a row gives one of these columns a value other than NULL.
    func giveValues(of columns: [Int]) -> Bool {
        places.indices.contains { place in
            columns.contains { column in
                let cell = cell(place, column)
                return cell != nil && cell != .text(nil)
            }
        }
    }
}
