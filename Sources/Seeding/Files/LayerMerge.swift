internal import PostgresClient
internal import Project

/// Merges the rows of a table from all layers.
///
/// Two rows are the same if their keys are equal. If one of them gives no key, their labels are compared instead. The
/// later layer wins, column by column.
package struct LayerMerge {
    /// - Parameter key: The key's columns.
    /// - Throws: `SeedingError` with `.file` if a file has a key twice.
    package static func merge(_ files: [TableFile], key: [String]) throws(SeedingError) -> MergedRows {
        var merge = LayerMerge(files, key)
        for number in files.indices { try merge.add(number) }
        return merge.rows
    }

    /// The row with a key, and where the key was read last.
    private struct Known {
        var row: UInt32
        var file: UInt32
        var line: UInt32
    }

    private let key: [String]
    private var rows: MergedRows
    private var byKey: [KeyIdentity: Known] = [:]
    private var byLabel: [String: Int] = [:]

    private init(_ files: [TableFile], _ key: [String]) {
        self.key = key
        rows = MergedRows(files.map(\.rows))
        if !key.isEmpty { byKey.reserveCapacity(files.reduce(0) { $0 + $1.rows.count }) }
    }

    private mutating func add(_ number: Int) throws(SeedingError) {
        let file = rows.files[number]
        let keyFields = file.text.flatMap { text in Self.fields(key, text) }
        for place in file.indices {
            let identity: KeyIdentity? =
                if let text = file.text {
                    keyFields.flatMap { KeyIdentity(text, place, $0) }
                } else {
                    KeyIdentity(file[place], key)
                }
            let known = identity.flatMap { byKey[$0] }
            if let known { try requireOtherFile(known, than: number, place) }
            let label = file.mayHaveLabels ? file.label(place) : nil
            // Without a key, a row has that of the earlier row with its label.
            var given = identity
            let target: Int
            if let earlier = known.map({ Int($0.row) }) ?? label.flatMap({ labelled($0, file, place) }) {
                target = earlier
                let joined = Self.joined(rows[earlier], file[place])
                if identity == nil {
                    given = KeyIdentity(joined, key)
                    if let known = given.flatMap({ byKey[$0] }) { try requireOtherFile(known, than: number, place) }
                }
                rows.replace(earlier, with: joined)
            } else {
                target = rows.count
                rows.append(file: number, row: place)
            }
            if let given {
                byKey[given] = Known(
                    row: UInt32(truncatingIfNeeded: target),
                    file: UInt32(truncatingIfNeeded: number),
                    line: UInt32(truncatingIfNeeded: file.line(place))
                )
            }
            if let label { byLabel[label] = target }
        }
    }

    /// Checks that the key of a row was not read in the same file before.
    private func requireOtherFile(_ known: Known, than number: Int, _ place: Int) throws(SeedingError) {
        guard known.file == number else { return }
        let file = rows.files[number]
        throw SeedingError(
            .file,
            at: FilePlace(file.file.path, line: file.line(place)),
            "the key (\(key.joined(separator: ", "))) is also in line \(known.line)",
            hint: "merge the two rows, because one of them would be lost"
        )
    }

    /// The row with the same label, unless the keys differ.
    private func labelled(_ label: String, _ file: SeedRows, _ place: Int) -> Int? {
        guard let index = byLabel[label] else { return nil }
        let (row, other) = (file[place], rows[index])
        let isSame = key.allSatisfy { column in
            guard let one = row[column], let two = other[column] else { return true }
            return one.says(two)
        }
        return isSame ? index : nil
    }

    /// The fields of the key's columns in the records of a file; nil if the file lacks one, so that no row has a key.
    private static func fields(_ key: [String], _ text: DelimitedText) -> [Int]? {
        let fields = key.compactMap { column in
            text.header.firstIndex { $0 != "_label" && $0.utf8.elementsEqual(column.utf8) }
        }
        return fields.count == key.count ? fields : nil
    }

    private static func joined(_ earlier: SeedRow, _ later: SeedRow) -> SeedRow {
        var row = later
        row.label = later.label ?? earlier.label
        let columns = Set(exactly: later.cells.map(\.key))
        row.cells = earlier.cells.filter { !columns.contains($0.key) } + later.cells
        row.plainColumns.formUnion(earlier.plainColumns.subtracting(columns))
        return row
    }
}

/// The values of a key as 128 bits. The values themselves, for all rows at once, would take much more memory than their
/// files.
private struct KeyIdentity: Hashable {
    private let high: Int
    private let low: Int

    /// - Returns: nil if there is no key, or the row does not give all of its columns.
    init?(_ row: SeedRow, _ key: [String]) {
        guard !key.isEmpty else { return nil }
        var hashers = Self.hashers
        for column in key {
            // A list stands for several rows, which are not merged with other rows.
            guard let node = row[column], var text = node.text else { return nil }
            var tag = node.tag ?? ""
            tag.withUTF8 { Self.add($0, to: &hashers) }
            text.withUTF8 { Self.add($0, to: &hashers) }
        }
        self.init(hashers)
    }

    /// The same for a record of CSV or TSV.
    init?(_ text: DelimitedText, _ record: Int, _ fields: [Int]) {
        guard !fields.isEmpty else { return nil }
        var hashers = Self.hashers
        for field in fields {
            let isGiven = text.withText(record, field) { text in
                Self.add(Self.noTag, to: &hashers)
                Self.add(text, to: &hashers)
                return true
            }
            guard isGiven != nil else { return nil }
        }
        self.init(hashers)
    }

    private typealias Hashers = (Hasher, Hasher)

    /// Two hashers that give different results for the same values.
    private static var hashers: Hashers {
        var hashers = (Hasher(), Hasher())
        hashers.1.combine(true)
        return hashers
    }

    private static var noTag: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: nil, count: 0) }

    /// Adds the bytes of a text, and a byte that no UTF-8 contains.
    private static func add(_ text: UnsafeBufferPointer<UInt8>, to hashers: inout Hashers) {
        hashers.0.combine(bytes: UnsafeRawBufferPointer(text))
        hashers.0.combine(UInt8.max)
        hashers.1.combine(bytes: UnsafeRawBufferPointer(text))
        hashers.1.combine(UInt8.max)
    }

    private init(_ hashers: Hashers) {
        high = hashers.0.finalize()
        low = hashers.1.finalize()
    }
}
