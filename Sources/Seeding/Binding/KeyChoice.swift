internal import Project

/// The columns that identify rows of a table in later runs.
package enum KeyChoice: Sendable, Equatable {
    case columns([String])
    /// The table has no unique columns, so it is seeded only while it is empty.
    case whileEmpty

    package var columns: [String] {
        if case .columns(let columns) = self { return columns }
        return []
    }

    /// The declared key; else the primary key if all rows give its columns; else the only unique constraint or index for
    /// which all rows give all columns.
    ///
    /// - Throws: `SeedingError` with `.schema` if several qualify or none does, listing them.
    package static func choose(
        _ seeds: SeedSet.Table,
        _ table: SeedCatalog.Table
    ) throws(SeedingError) -> KeyChoice {
        if let key = seeds.key {
            for column in key.columns where table.index(column) == nil {
                throw SeedingError(
                    .schema,
                    "\(key.file): key names \(column), which \(table.name) does not have"
                )
            }
            return .columns(key.columns)
        }
        let keys = table.uniques.filter { $0.isKey && !$0.columns.isEmpty }
        if keys.isEmpty { return .whileEmpty }
        let decisive = decisiveRows(seeds)
        guard let first = decisive.first else {
            return keys.first { $0.isPrimary }.map { .columns($0.columns) } ?? .columns(keys[0].columns)
        }
        let given = keys.filter { key in
            key.columns.allSatisfy { column in
                decisive.allSatisfy { row in row.cells.contains { $0.key == column || $0.key + "_id" == column } }
            }
        }
        var distinct: [SeedCatalog.Unique] = []
        for key in given where !distinct.contains(where: { Set($0.columns) == Set(key.columns) }) {
            distinct.append(key)
        }
        // The primary key goes first, so that seeds keep working when the table gets another unique index.
        if distinct.count == 1 || distinct.first?.isPrimary == true { return .columns(distinct[0].columns) }
        let list = { (keys: [SeedCatalog.Unique]) in
            keys.map { "\($0.name) (\($0.columns.joined(separator: ", ")))" }.joined(separator: ", ")
        }
        if distinct.isEmpty {
            // Often the column of the key is misspelled.
            let stranger = first.cells.map(\.key).first { table.index($0) == nil && table.index($0 + "_id") == nil }
            throw SeedingError(
                .schema,
                at: first.place,
                "the rows of \(table.name) cannot be identified: no key has values in all rows",
                hint: (stranger.map { "it has no column \($0); " } ?? "")
                    + "its keys are \(list(keys)); give their columns, or declare key: […]"
            )
        }
        throw SeedingError(
            .schema,
            at: first.place,
            "the rows of \(table.name) have values for several keys: \(list(distinct))",
            hint: "declare the one that identifies rows, such as key: [\(distinct[0].columns.joined(separator: ", "))]"
        )
    }
    /// The rows that decide which keys are possible: those that must give the columns of the key. Of the rows of CSV and
    /// TSV, which all give the same columns, only the first.
    private static func decisiveRows(_ seeds: SeedSet.Table) -> [SeedRow] {
        var labels: Set<String> = []
        var decisive: [SeedRow] = []
        for rows in seeds.files.map(\.rows) {
            let needed = rows.text == nil ? rows.count : 1
            var found = 0
            for place in rows.indices where found < needed || rows.mayHaveLabels {
                // A row that changes a labelled row of an earlier layer need not repeat the key.
                if let label = rows.label(place), !labels.insert(label).inserted { continue }
                if found < needed { decisive.append(rows[place]) }
                found += 1
            }
        }
        return decisive
    }
}
