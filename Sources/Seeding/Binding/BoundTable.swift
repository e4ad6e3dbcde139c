package import PostgresClient
package import Project

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
