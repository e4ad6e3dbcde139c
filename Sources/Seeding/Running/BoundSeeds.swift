package import Environments
package import PostgresClient

/// Where a cell's value comes from, when it is not in the file.
package struct BoundReference: Sendable, Equatable {
    package enum Target: Sendable, Equatable {
        /// A row of the files, by its place among those of its table.
        case row(Int)
        /// A row of the table, whoever made it.
        case lookup([Reference.Condition])
    }

    package var parent: TableName
    /// The column of the parent whose value is meant.
    package var column: String
    package var target: Target
    package var place: FilePlace
}

package enum BoundCell: Sendable, Equatable {
    /// As the server shall read it; nil is NULL.
    case text(String?)
    /// An expression, evaluated when the row is inserted.
    case expression(String)
    case reference(BoundReference)
}

package struct BoundRow: Sendable, Equatable {
    package var label: String?
    package var file: String
    package var line: Int
    package var layer: String
    /// By the index of the column in the table.
    package var cells: [Int: BoundCell]
    /// The lines of cells that stand on others than the row, by column.
    package var lines: [String: Int] = [:]

    package var place: FilePlace { FilePlace(file, line: line) }
}

/// The rows of a table as they go to the server.
package struct BoundTable: Sendable {
    package var table: SeedCatalog.Table
    package var files: [TableFile]
    package var key: KeyChoice
    package var onConflict: ConflictRule
    package var prunes: Bool
    package var rows: [BoundRow] = []
    package var generate: (node: SeedNode, file: String)?

    package var name: TableName { table.name }
    package var keyIndices: [Int] { key.columns.compactMap { table.index($0) } }
    /// The smallest number of its files.
    package var number: Int? { files.compactMap(\.file.number).min() }
}

/// All tables of a set of seeds, held against the catalog.
package struct BoundSeeds: Sendable {
    package private(set) var tables: [BoundTable] = []
    package private(set) var findings: [Finding] = []
    private let catalog: SeedCatalog
    private let schemas: [String]
    private var labels: [TableName: [String: Int]] = [:]

    /// - Parameter schemas: Where tables without a schema are looked for.
    package init(
        _ set: SeedSet,
        _ catalog: SeedCatalog,
        schemas: [String]
    ) {
        self.catalog = catalog
        self.schemas = [set.schema] + schemas.filter { $0 != set.schema }
        var rows: [[SeedRow]] = []
        for seeds in set.tables {
            guard let table = catalog[seeds.name] else {
                let file = seeds.files[0].file.path
                note(
                    "unknown-table",
                    file,
                    1,
                    "there is no table \(seeds.name)",
                    hint: Self.suggestion(seeds.name.name, catalog.tables.keys.map(\.name))
                        ?? "the file's name is the table's; apply the migrations first"
                )
                continue
            }
            do {
                let key = try KeyChoice.choose(seeds, table)
                rows.append(try LayerMerge.merge(seeds.files, key: key.columns))
                tables.append(
                    BoundTable(
                        table: table,
                        files: seeds.files,
                        key: key,
                        onConflict: seeds.onConflict,
                        prunes: seeds.prunes,
                        generate: seeds.generate
                    )
                )
            } catch {
                note(error, rule: "key", file: seeds.files[0].file.path)
            }
        }
        bindLabels(rows)
        for index in tables.indices { bind(rows[index], index) }
    }

    /// The first finding that stops a run.
    package func requireFit(files: Set<String>? = nil) throws(SeedingError) {
        let stopping = findings.filter { $0.severity == .error && files?.contains($0.file) ?? true }
        guard let first = stopping.first else { return }
        let more = stopping.count > 1 ? " (and \(stopping.count - 1) more)" : ""
        throw SeedingError(
            .schema,
            at: FilePlace(first.file, line: first.line),
            "\(first.message)\(more)",
            hint: first.hint
        )
    }

    /// - Parameters:
    ///   - rule: `unknown-table`, `unknown-column`, `missing-column`, `wrong-type`, `unknown-label`, `key`, `reference`, `policy`.
    ///   - stopsRun: A run cannot go on with it; of the others the server has the last word.
    private mutating func note(
        _ rule: String,
        _ file: String,
        _ line: Int,
        _ message: String,
        hint: String? = nil,
        stopsRun: Bool = true
    ) {
        findings.append(
            Finding(
                rule: "seed-\(rule)",
                severity: stopsRun ? .error : .warning,
                file: file,
                line: line,
                message: message,
                hint: hint
            )
        )
    }

    private mutating func note(_ error: SeedingError, rule: String, file: String) {
        note(rule, error.place?.file ?? file, error.place?.line ?? 1, error.message, hint: error.hint)
    }

    /// The name that was probably meant.
    private static func suggestion(_ name: String, _ known: some Collection<String>) -> String? {
        Spelling.nearest(to: name, among: known).map { "is \($0) meant?" }
    }
}

// Cells.
extension BoundSeeds {
    /// Labels name rows after lists have become several rows.
    private mutating func bindLabels(_ rows: [[SeedRow]]) {
        for (index, rows) in rows.enumerated() {
            var place = 0
            var found: [String: Int] = [:]
            for row in rows {
                if let label = row.label { found[label] = place }
                place += expanded(row, tables[index].table).count
            }
            labels[tables[index].name] = found
        }
    }

    /// A list in a column that refers to others stands for a row each.
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

    /// The column that a key of a row names: `manager` stands for `manager_id` where that refers to another row.
    private func columnName(_ key: String, _ table: SeedCatalog.Table) -> String? {
        if table.index(key) != nil { return key }
        let longer = key + "_id"
        return table.index(longer) != nil && table.foreignKey(of: longer) != nil ? longer : nil
    }

    private mutating func bind(_ rows: [SeedRow], _ index: Int) {
        let table = tables[index].table
        var bound: [BoundRow] = []
        bound.reserveCapacity(rows.count)
        for row in rows {
            for row in expanded(row, table) {
                bound.append(bind(row, table, key: tables[index].key.columns))
            }
        }
        tables[index].rows = bound
    }

    private mutating func bind(_ row: SeedRow, _ table: SeedCatalog.Table, key: [String]) -> BoundRow {
        var result = BoundRow(label: row.label, file: row.file, line: row.line, layer: row.layer, cells: [:])
        var filled: [(Int, BoundCell)] = []
        for cell in row.cells {
            let place = FilePlace(row.file, line: cell.value.line)
            guard let name = columnName(cell.key, table), let index = table.index(name) else {
                note(
                    "unknown-column",
                    row.file,
                    cell.line,
                    "\(table.name) has no column \(cell.key)",
                    hint: Self.suggestion(cell.key, table.columns.map(\.name))
                        ?? "it has \(table.columns.map(\.name).joined(separator: ", "))"
                )
                continue
            }
            if cell.value.line != row.line { result.lines[name] = cell.value.line }
            let column = table.columns[index]
            if column.isGenerated {
                note(
                    "unknown-column",
                    row.file,
                    cell.line,
                    "\(table.name).\(name) is computed by the server and takes no value"
                )
                continue
            }
            do {
                if cell.value.isNull, column.isNotNull {
                    note("missing-column", row.file, cell.line, "\(table.name).\(name) is null, and must not be")
                    continue
                }
                if cell.value.tag == "sql" {
                    guard !key.contains(name) else {
                        note(
                            "key",
                            row.file,
                            cell.line,
                            "\(table.name).\(name) is of the key, which must be written out and not an expression"
                        )
                        continue
                    }
                    result.cells[index] = .expression(try cell.value.requireText("!sql", row.file))
                } else if let reference = try Reference.of(
                    cell.value,
                    inReferenceColumn: table.foreignKey(of: name) != nil,
                    file: row.file
                ) {
                    for (column, bound) in try bind(reference, name, table, row, place) {
                        if column == index { result.cells[index] = bound } else { filled.append((column, bound)) }
                    }
                } else if let tag = cell.value.tag {
                    note(
                        "reference",
                        row.file,
                        cell.line,
                        "nothing is known of the tag !\(tag)",
                        hint: "there are !ref and !sql"
                    )
                } else {
                    let text = try ValueText.text(
                        cell.value,
                        for: column,
                        composites: catalog.composites,
                        isText: row.isText,
                        place: place
                    )
                    result.cells[index] = .text(text)
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
        // The other columns of a composite reference, where the row does not give them itself.
        for (index, cell) in filled where result.cells[index] == nil { result.cells[index] = cell }
        for (index, column) in table.columns.enumerated() where !column.fillsItself && result.cells[index] == nil {
            note(
                "missing-column",
                row.file,
                row.line,
                "the row gives no \(column.name), which \(table.name) requires",
                stopsRun: false
            )
        }
        for name in key {
            guard let index = table.index(name) else { continue }
            switch result.cells[index] {
            case .some(.text(nil)):
                note("key", row.file, row.line, "\(table.name).\(name) is of the key, and null")
            case .none where !findings.contains { $0.file == row.file && $0.line == row.line }:
                note("key", row.file, row.line, "the row gives no \(name), which is of the key of \(table.name)")
            default: break
            }
        }
        return result
    }

    /// The cells that a reference in a column fills: that column's, and the others of its foreign key.
    private func bind(
        _ reference: Reference,
        _ column: String,
        _ table: SeedCatalog.Table,
        _ row: SeedRow,
        _ place: FilePlace
    ) throws(SeedingError) -> [(Int, BoundCell)] {
        let foreignKey = table.foreignKey(of: column)
        var parent: SeedCatalog.Table?
        if let name = reference.table {
            parent = catalog.table(schema: reference.schema, name: name, preferring: schemas)
            if parent == nil {
                throw SeedingError(.file, at: place, "there is no table \(name) to refer to")
            }
        } else if let foreignKey {
            parent = catalog[foreignKey.parent]
        } else if case .label(let label) = reference.target {
            let holders = labels.filter { $0.value[label] != nil }.keys
            if holders.count > 1 {
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
        let target = try target(reference, parent, place)
        if let foreignKey, foreignKey.parent == parent.name {
            return zip(foreignKey.columns, foreignKey.parentColumns).compactMap { own, theirs in
                table.index(own).map {
                    ($0, .reference(BoundReference(parent: parent.name, column: theirs, target: target, place: place)))
                }
            }
        }
        guard let key = parent.primaryKey, key.columns.count == 1, let index = table.index(column) else {
            throw SeedingError(
                .file,
                at: place,
                "\(parent.name) has no primary key of one column to put into \(column)"
            )
        }
        return [
            (
                index,
                .reference(BoundReference(parent: parent.name, column: key.columns[0], target: target, place: place))
            )
        ]
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
