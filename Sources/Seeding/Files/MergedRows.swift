/// The rows of a table from all layers. A row that no other layer changes stays in its file.
package struct MergedRows: Sendable, RandomAccessCollection {
    private struct Place {
        var file: UInt32
        var row: UInt32
    }

    /// The rows of each file, in the order of the layers.
    let files: [SeedRows]
    private var places: [Place] = []
    /// Rows that several layers give, by their place.
    private var joined: [Int: SeedRow] = [:]

    init(_ files: [SeedRows]) {
        self.files = files
        places.reserveCapacity(files.reduce(0) { $0 + $1.count })
    }

    mutating func append(file: Int, row: Int) {
        places.append(Place(file: UInt32(truncatingIfNeeded: file), row: UInt32(truncatingIfNeeded: row)))
    }

    mutating func replace(_ place: Int, with row: SeedRow) { joined[place] = row }

    package let startIndex = 0
    package var endIndex: Int { places.count }

    package subscript(place: Int) -> SeedRow {
        joined[place] ?? files[Int(places[place].file)][Int(places[place].row)]
    }

    func label(_ place: Int) -> String? {
        let (file, row) = origin(place)
        return joined[place].map(\.label) ?? files[file].label(row)
    }

    /// Whether a row is one of CSV or TSV that no other layer changes. Its cells then are texts, not lists.
    func isText(_ place: Int) -> Bool { source(place).map { files[$0.file].text != nil } ?? false }

    /// Where a row is that no other layer changes: its file and its place there. nil for other rows.
    func source(_ place: Int) -> (file: Int, row: Int)? { joined[place] == nil ? origin(place) : nil }

    /// The file of a row and its place there. For a row of several layers, those of the first.
    private func origin(_ place: Int) -> (file: Int, row: Int) { (Int(places[place].file), Int(places[place].row)) }
}
