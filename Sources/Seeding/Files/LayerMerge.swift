internal import PostgresClient
internal import Project

/// Merges the rows of a table from all layers.
///
/// Two rows are the same if their keys are equal. If one of them gives no key, their labels are compared instead. The
/// later layer wins, column by column.
package enum LayerMerge {
    /// - Parameter key: The key's columns.
    /// - Throws: `SeedingError` with `.file` if a file has a key twice.
    package static func merge(_ files: [TableFile], key: [String]) throws(SeedingError) -> [SeedRow] {
        var rows: [SeedRow] = []
        var byKey: [[ExactText]: Int] = [:]
        var byLabel: [String: Int] = [:]
        for file in files {
            var seen: [[ExactText]: Int] = [:]
            for row in file.rows {
                let identity = identity(of: row, key)
                if let identity, let line = seen[identity] {
                    throw SeedingError(
                        .file,
                        at: row.place,
                        "the key (\(key.joined(separator: ", "))) is also in line \(line)",
                        hint: "merge the two rows, because one of them would be lost"
                    )
                }
                if let identity { seen[identity] = row.line }
                let earlier = identity.flatMap { byKey[$0] } ?? labelled(row, rows, byLabel, key)
                guard let earlier else {
                    if let identity { byKey[identity] = rows.count }
                    if let label = row.label { byLabel[label] = rows.count }
                    rows.append(row)
                    continue
                }
                rows[earlier] = joined(rows[earlier], row)
                if let identity = self.identity(of: rows[earlier], key) { byKey[identity] = earlier }
                if let label = row.label { byLabel[label] = earlier }
            }
        }
        return rows
    }

    /// A row of an earlier layer with the same label, unless the keys differ.
    private static func labelled(
        _ row: SeedRow,
        _ rows: [SeedRow],
        _ byLabel: [String: Int],
        _ key: [String]
    ) -> Int? {
        guard let label = row.label, let index = byLabel[label], rows[index].file != row.file else { return nil }
        let isSame = key.allSatisfy { column in
            guard let one = row[column], let two = rows[index][column] else { return true }
            return one.says(two)
        }
        return isSame ? index : nil
    }

    private static func identity(of row: SeedRow, _ key: [String]) -> [ExactText]? {
        guard !key.isEmpty else { return nil }
        var texts: [ExactText] = []
        for column in key {
            // A list makes several rows, and these are not merged with rows of other layers.
            guard let node = row[column], let text = node.text else { return nil }
            texts.append(ExactText("\(node.tag ?? "")\u{1}\(text)"))
        }
        return texts
    }

    private static func joined(_ earlier: SeedRow, _ later: SeedRow) -> SeedRow {
        var row = later
        row.label = later.label ?? earlier.label
        let columns = Set(exactly: later.cells.map(\.key))
        row.cells = earlier.cells.filter { !columns.contains($0.key) } + later.cells
        return row
    }
}
