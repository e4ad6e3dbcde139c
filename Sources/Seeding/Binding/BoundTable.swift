package import PostgresClient
package import Project

/// The row and column that a cell takes its value from.
package struct BoundReference: Sendable, Equatable {
    package enum Target: Sendable, Equatable {
        /// A row in the files, by its index among the rows of its table.
        case row(Int)
        /// A row in the database, whether or not seeding inserted it.
        case lookup([Reference.Condition])
    }

    package var parent: TableName
    /// The column of `parent` that the value comes from.
    package var column: String
    package var target: Target
    package var place: FilePlace
}

/// A value of the files, in the form for the server. The type is small, because there are as many as values.
package enum BoundCell: Sendable, Equatable {
    /// The text for the server; nil means NULL.
    case text(String?)
    /// An expression, evaluated when the row is inserted.
    case expression(String)
    indirect case reference(BoundReference)
}

package struct BoundRow: Sendable, Equatable {
    package var label: String?
    package var file: String
    package var line: Int
    package var layer: String
    /// The cells of the row, by the index of the column.
    package var cells: [Int: BoundCell]
    /// The lines of cells that are on another line than the row, by column.
    package var lines: [String: Int] = [:]

    package var place: FilePlace { FilePlace(file, line: line) }
}

/// The rows of a table in the form for the server.
package struct BoundTable: Sendable {
    package var table: SeedCatalog.Table
    package var files: [TableFile]
    package var key: KeyChoice
    package var onConflict: ConflictRule
    package var prunes: Bool
    package var rows = BoundRows()
    package var generate: (node: SeedNode, file: String)?

    package var name: TableName { table.name }
    /// The hash of the content of its files, as recorded.
    var digest: String { ContentHash.hex(files.map(\.digest)) }
    package var keyIndices: [Int] { key.columns.compactMap { table.index($0) } }
    /// The lowest number among its files.
    package var number: Int? { files.compactMap(\.file.number).min() }
}

extension BoundTable {
    /// Whether a row of the files has this text in a column, and the column is not one of secrets.
    func hasText(_ text: String, in column: String, ofRow row: Int) -> Bool {
        guard let index = table.index(column), !SecretColumn.isMeant(by: column) else { return false }
        return rows.cell(row, index) == .text(text)
    }
}
