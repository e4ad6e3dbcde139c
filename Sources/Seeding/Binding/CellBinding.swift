internal import PostgresClient
internal import Project

extension BoundSeeds {
    /// Numbers the labelled rows. A list in a reference column makes several rows of one, so it is expanded first.
    mutating func bindLabels(_ rows: [MergedRows]) {
        for (index, rows) in rows.enumerated() {
            var found: [String: Int] = [:]
            if rows.files.contains(where: \.mayHaveLabels) {
                var place = 0
                for row in rows.indices {
                    if let label = rows.label(row) { found[label] = place }
                    place += rows.isText(row) ? 1 : expanded(rows[row], tables[index].table).count
                }
            }
            labels[tables[index].name] = found
        }
    }

    /// A list in a column that refers to other rows makes one row for each of its elements.
    private func expanded(_ row: SeedRow, _ table: SeedCatalog.Table) -> [SeedRow] {
        var rows = [row]
        for (place, cell) in row.cells.enumerated() {
            guard let elements = cell.value.elements, let name = columnName(cell.key, table),
                let column = table.column(name), column.kind == .plain, table.foreignKey(of: name) != nil
            else { continue }
            rows = rows.flatMap { row in
                elements.map { element in
                    var copy = row
                    copy.cells[place].value = element
                    return copy
                }
            }
        }
        return rows
    }

    /// The column that a key of a row means. `manager` means `manager_id` if that column has a foreign key.
    private func columnName(_ key: String, _ table: SeedCatalog.Table) -> String? {
        if table.index(key) != nil { return key }
        let longer = key + "_id"
        return table.index(longer) != nil && table.foreignKey(of: longer) != nil ? longer : nil
    }

    mutating func bind(_ rows: MergedRows, _ index: Int) {
        let table = tables[index].table
        let key = tables[index].key.columns
        let records = rows.files.map { rows in
            PlainRecords(rows, table, key: key, columnIndex: { columnName($0, table).flatMap { table.index($0) } })
        }
        var bound = BoundRows(records: records, count: rows.count)
        for place in rows.indices {
            if let (file, record) = rows.source(place), records[file]?.accepts(record) == true {
                bound.append(record: record, file: file)
                continue
            }
            for row in expanded(rows[place], table) { bound.append(bind(row, table, key: key)) }
        }
        tables[index].rows = bound
    }

    private mutating func bind(_ row: SeedRow, _ table: SeedCatalog.Table, key: [String]) -> BoundRow {
        var result = BoundRow(label: row.label, file: row.file, line: row.line, layer: row.layer, cells: [:])
        var filled: [(Int, BoundCell)] = []
        for cell in row.cells {
            guard let index = index(of: cell, row, table) else { continue }
            let column = table.columns[index]
            if cell.value.line != row.line { result.lines[column.name] = cell.value.line }
            guard isAllowed(cell, column, row, table, key: key) else { continue }
            do {
                for (place, bound) in try bind(cell, column, row, table) {
                    if place == index { result.cells[index] = bound } else { filled.append((place, bound)) }
                }
            } catch {
                let rule =
                    switch error.code {
                    case .schema: "wrong-type"
                    case .label: "unknown-label"
                    default: "reference"
                    }
                note(error, rule: rule, file: row.file)
            }
        }
        // A composite reference also fills the other columns of its foreign key, unless the row gives them itself.
        for (index, cell) in filled where result.cells[index] == nil { result.cells[index] = cell }
        requireColumns(result, table)
        requireKey(result, table, key)
        return result
    }

    private mutating func index(of cell: SeedNode.Member, _ row: SeedRow, _ table: SeedCatalog.Table) -> Int? {
        if let index = columnName(cell.key, table).flatMap({ table.index($0) }) { return index }
        note(
            "unknown-column",
            row.file,
            cell.line,
            "\(table.name) has no column \(cell.key)",
            hint: Self.suggestion(cell.key, table.columns.map(\.name))
                ?? "it has \(table.columns.map(\.name).joined(separator: ", "))"
        )
        return nil
    }

    /// Whether the column accepts the kind of value that a cell has. If not, notes a finding.
    private mutating func isAllowed(
        _ cell: SeedNode.Member,
        _ column: SeedCatalog.Column,
        _ row: SeedRow,
        _ table: SeedCatalog.Table,
        key: [String]
    ) -> Bool {
        let name = "\(table.name).\(column.name)"
        func refuse(_ rule: String, _ message: String, hint: String? = nil) -> Bool {
            note(rule, row.file, cell.line, message, hint: hint)
            return false
        }
        if column.isGenerated {
            return refuse("unknown-column", "\(name) is computed by the server and takes no value")
        }
        if cell.value.isNull, column.isNotNull {
            return refuse("missing-column", "\(name) is null, but the column is NOT NULL")
        }
        if cell.value.tag == "sql", key.contains(column.name) {
            return refuse("key", "\(name) is part of the key, which must be a value, not an expression")
        }
        if let tag = cell.value.tag, !["sql", "ref"].contains(tag) {
            return refuse("reference", "the tag !\(tag) is unknown", hint: "the tags are !ref and !sql")
        }
        return true
    }

    /// The columns that a cell fills, by index: its own column, and for a reference also the others of the foreign key.
    private func bind(
        _ cell: SeedNode.Member,
        _ column: SeedCatalog.Column,
        _ row: SeedRow,
        _ table: SeedCatalog.Table
    ) throws(SeedingError) -> [(Int, BoundCell)] {
        guard let index = table.index(column.name) else { return [] }
        if cell.value.tag == "sql" { return [(index, .expression(try cell.value.requireText("!sql", row.file)))] }
        let isReferenceColumn = table.foreignKey(of: column.name) != nil
        let place = FilePlace(row.file, line: cell.value.line)
        if let reference = try Reference.of(cell.value, inReferenceColumn: isReferenceColumn, file: row.file) {
            return try bind(reference, column.name, table, place)
        }
        let text = try ValueText.text(
            cell.value,
            for: column,
            composites: catalog.composites,
            isText: row.plainColumns.contains(cell.key),
            place: place
        )
        return [(index, .text(text))]
    }

    private mutating func requireColumns(_ row: BoundRow, _ table: SeedCatalog.Table) {
        for (index, column) in table.columns.enumerated() where !column.fillsItself && row.cells[index] == nil {
            note(
                "missing-column",
                row.file,
                row.line,
                "the row has no \(column.name), which \(table.name) requires",
                stopsRun: false
            )
        }
    }

    private mutating func requireKey(_ row: BoundRow, _ table: SeedCatalog.Table, _ key: [String]) {
        for name in key {
            guard let index = table.index(name) else { continue }
            switch row.cells[index] {
            case .some(.text(nil)) where !table.findsNulls(by: key):
                note("key", row.file, row.line, "\(table.name).\(name) is part of the key, but null")
            case .none where !findings.contains { $0.file == row.file && $0.line == row.line }:
                note("key", row.file, row.line, "the row has no \(name), which is part of the key of \(table.name)")
            default: break
            }
        }
    }

    private func bind(
        _ reference: Reference,
        _ column: String,
        _ table: SeedCatalog.Table,
        _ place: FilePlace
    ) throws(SeedingError) -> [(Int, BoundCell)] {
        let foreignKey = table.foreignKey(of: column)
        let parent = try parent(of: reference, foreignKey, place)
        let target = try target(reference, parent, place)
        func bound(_ column: String) -> BoundCell {
            .reference(BoundReference(parent: parent.name, column: column, target: target, place: place))
        }
        if let foreignKey, foreignKey.parent == parent.name {
            return zip(foreignKey.columns, foreignKey.parentColumns).compactMap { own, theirs in
                table.index(own).map { ($0, bound(theirs)) }
            }
        }
        guard let key = parent.primaryKey, key.columns.count == 1, let index = table.index(column) else {
            throw SeedingError(
                .file,
                at: place,
                "\(parent.name) has no primary key of one column that \(column) could refer to"
            )
        }
        return [(index, bound(key.columns[0]))]
    }

    /// The table that the reference names, or the table of the foreign key, or the only table with a row of this label.
    private func parent(
        of reference: Reference,
        _ foreignKey: SeedCatalog.ForeignKey?,
        _ place: FilePlace
    ) throws(SeedingError) -> SeedCatalog.Table {
        var parent: SeedCatalog.Table?
        if let name = reference.table {
            parent = catalog.table(schema: reference.schema, name: name, preferring: schemas)
            if parent == nil {
                throw SeedingError(.file, at: place, "the reference names the table \(name), which does not exist")
            }
        } else if let foreignKey {
            parent = catalog[foreignKey.parent]
        } else if case .label(let label) = reference.target {
            let holders = labels.filter { $0.value[label] != nil }.keys
            guard holders.count < 2 else {
                throw SeedingError(
                    .label,
                    at: place,
                    "rows of several tables are labelled \(label)",
                    hint: "write !ref table.\(label)"
                )
            }
            parent = holders.first.flatMap { catalog[$0] }
        }
        guard let parent else {
            throw SeedingError(
                .label,
                at: place,
                "no row has this label",
                hint: "labels are the keys under rows:, or _label"
            )
        }
        return parent
    }

    private func target(
        _ reference: Reference,
        _ parent: SeedCatalog.Table,
        _ place: FilePlace
    ) throws(SeedingError) -> BoundReference.Target {
        switch reference.target {
        case .columns(let conditions):
            if let stranger = conditions.first(where: { parent.index($0.column) == nil }) {
                throw SeedingError(.file, at: place, "\(parent.name) has no column \(stranger.column)")
            }
            return .lookup(conditions)
        case .label(let label):
            guard let row = labels[parent.name]?[label] else {
                throw SeedingError(
                    .label,
                    at: place,
                    "no row of \(parent.name) is labelled \(label)",
                    hint: Self.suggestion(label, labels[parent.name].map { Array($0.keys) } ?? [])
                        ?? "labels are the keys under rows:, or _label"
                )
            }
            return .row(row)
        }
    }
}
